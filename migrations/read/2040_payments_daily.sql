-- One row per day (UTC) on which money came in or went back, and currency. Amounts are whole numbers; they
-- are numeric because the sum of many payments may exceed a bigint.
CREATE TABLE read.payments_daily (
    -- What was taken, and how often.
    captures        bigint      NOT NULL,
    captured_amount numeric     NOT NULL,
    -- What was given back.
    refunds         bigint      NOT NULL,
    refunded_amount numeric     NOT NULL,
    -- What was taken back, as cardholders had disputed it.
    lost_disputes   bigint      NOT NULL,
    lost_amount     numeric     NOT NULL,
    position        bigint      NOT NULL,
    updated_at      timestamptz NOT NULL,
    day             date        NOT NULL,
    tenant          text        NOT NULL COLLATE "C",
    currency        text        NOT NULL COLLATE "C",
    CONSTRAINT payments_daily_pkey PRIMARY KEY (tenant, day, currency)
) WITH (fillfactor = 50);
