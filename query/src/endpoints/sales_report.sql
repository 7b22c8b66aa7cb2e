SELECT
    day,
    currency,
    lines::text,
    units::text,
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
    completed_amount::text
FROM read.sales_daily
