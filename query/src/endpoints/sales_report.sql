SELECT
    day,
    currency,
    lines,
    units,
    orders,
    amount,
    confirmed_orders,
    confirmed_amount,
    cancelled_orders,
    cancelled_amount,
    rejected_orders,
    rejected_amount,
    expired_orders,
    expired_amount
FROM read.sales_daily
