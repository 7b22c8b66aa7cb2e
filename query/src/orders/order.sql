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
    shipping_address::text AS shipping_address,
    holds::text AS holds,
    lines::text AS lines
FROM read.order_summary
WHERE tenant = $1
  AND order_id = $2
