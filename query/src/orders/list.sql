SELECT
    order_id,
    placed_at,
    total,
    version,
    updated_at,
    unit_count,
    line_count,
    hold_count,
    status,
    payment_status,
    fulfilment_status,
    customer_id,
    currency,
    reference,
    return_status
FROM read.order_summary
