SELECT
    version,
    position,
    placed_at,
    updated_at,
    total,
    unit_count,
    line_count,
    status,
    payment_status,
    fulfilment_status,
    customer_id,
    currency,
    reference,
    rejection_reason,
    rejection_detail,
    cancellation_reason,
    COALESCE(moved_to, shipping_address) AS shipping_address,
    holds::text AS holds,
    lines::text AS lines,
    settlement::text AS settlement,
    fulfilment::text AS fulfilment,
    -- As many as may leave for an order.
    (
        SELECT
            json_agg(json_build_object(
                'shipment_id', shipment.shipment_id,
                'status', shipment.status,
                'location', shipment.location,
                'parcels', shipment.parcels
            ))
        FROM (
            SELECT
                shipment_id,
                status,
                location,
                parcels
            FROM read.shipment_summary
            WHERE tenant = $1
              AND order_id = $2
            ORDER BY created_at, shipment_id
            LIMIT 1000
        ) AS shipment
    )::text AS shipments,
    return_status,
    tax_included,
    tags::text AS tags,
    amendment::text AS amendment,
    amended::text AS amended,
    open_returns::text AS open_returns
FROM read.order_summary
WHERE tenant = $1
  AND order_id = $2
