SELECT
    currency,
    orders,
    amount::text,
    confirmed_orders,
    confirmed_amount::text,
    cancelled_orders,
    cancelled_amount::text,
    rejected_orders,
    rejected_amount::text,
    expired_orders,
    expired_amount::text,
    completed_orders,
    completed_amount::text,
    first_order_at,
    last_order_at
FROM read.customer_summary
WHERE tenant = $1
  AND customer_id = $2
ORDER BY currency
