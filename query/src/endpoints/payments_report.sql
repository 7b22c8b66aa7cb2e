SELECT
    day,
    currency,
    captures,
    captured_amount::text,
    refunds,
    refunded_amount::text,
    lost_disputes,
    lost_amount::text
FROM read.payments_daily
