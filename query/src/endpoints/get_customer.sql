SELECT
    currency,
    orders,
    amount,
    confirmed_orders,
    confirmed_amount,
    cancelled_orders,
    cancelled_amount,
    rejected_orders,
    rejected_amount,
    expired_orders,
    expired_amount,
    first_order_at,
    last_order_at
FROM read.customer_summary
WHERE tenant = $1
  AND customer_id = $2
ORDER BY currency
