-- What is read: folds of the events, made by the projector and by nobody else. All of it can be made
-- again from the event store.
--
-- Texts are compared byte by byte (COLLATE "C"): cheaper, the same on every machine, and it lets an
-- ordinary index find what begins with a text. Indexes are few, since every change of a row that
-- touches an indexed column is written to all of them.
CREATE SCHEMA IF NOT EXISTS read;

-- How far each projection has folded, by which fold, and under which leader. Always written together
-- with the rows. While a projection is built anew, `{name}__new` says how far that is.
CREATE TABLE read.checkpoint (
    name         text        NOT NULL PRIMARY KEY COLLATE "C",
    -- The version of the fold that made the rows.
    version      integer     NOT NULL,
    position     bigint      NOT NULL DEFAULT 0,
    -- Which life of the event store the position is of; none before the first event.
    store_epoch  uuid,
    -- The fencing token: a leader of a lower epoch writes nothing.
    leader_epoch bigint      NOT NULL DEFAULT 0,
    updated_at   timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- One row per order.
CREATE TABLE read.order_summary (
    order_id            uuid        NOT NULL,
    total               bigint      NOT NULL,
    unit_count          bigint      NOT NULL,
    -- The version of the order's stream.
    version             bigint      NOT NULL,
    -- Of the last event that changed the row: the order's, or its payment's.
    position            bigint      NOT NULL,
    placed_at           timestamptz NOT NULL,
    -- When that event was recorded.
    updated_at          timestamptz NOT NULL,
    line_count          integer     NOT NULL,
    hold_count          integer     NOT NULL,
    -- Whether prices include tax; else it was added.
    tax_included        boolean     NOT NULL DEFAULT false,
    tenant              text        NOT NULL COLLATE "C",
    customer_id         text        NOT NULL COLLATE "C",
    currency            text        NOT NULL COLLATE "C",
    -- placed, confirmed, rejected, expired, cancelling, cancelled or completed.
    status              text        NOT NULL COLLATE "C",
    -- pending, authorizing, action_required, authorized, declined, outcome_unknown, voiding, voided, capturing,
    -- partially_captured, captured, refunding, partially_refunded, refunded or authorization_expired.
    payment_status      text        NOT NULL COLLATE "C",
    -- unfulfilled, partially_shipped, shipped, partially_delivered, delivered or lost.
    fulfilment_status   text        NOT NULL COLLATE "C",
    -- none, open, partially_returned or returned.
    return_status       text        NOT NULL DEFAULT 'none' COLLATE "C",
    -- The shop's own order number.
    reference           text        COLLATE "C",
    -- out_of_stock, payment_declined or payment_integrity.
    rejection_reason    text        COLLATE "C",
    rejection_detail    text,
    -- As the request for it said; gone when the request was refused.
    cancellation_reason text,
    -- As the event has it: sealed with the customer's key. Nothing here is personal in plain text.
    shipping_address    text        COLLATE "C",
    -- [{"hold", "reason"}]: those that are on it now.
    holds               json        NOT NULL,
    -- {"captured", "refunded"} in minor units, and how many of each are done and under way; nothing
    -- before something is to be taken.
    settlement          json,
    -- {line: [shipped, delivered, lost, returned, cancelled]} of lines of which something has left, or is
    -- cancelled; nothing before that, so that the many changes of an order before its shipment do not carry it.
    fulfilment          json,
    -- What it is tagged with; nothing without a tag.
    tags                json,
    -- Where it goes since that was changed, sealed as shipping_address is; nothing before.
    moved_to            text        COLLATE "C",
    -- {"amendment_id", "lines", "stock", "total_before", "total", "authorized", "reason", "expires_at"} of the
    -- amendment that is open.
    amendment           json,
    -- {line: {as in lines}} of the lines that are not as they were placed; nothing where all are.
    amended             json,
    -- {"opened", "open": {return: [[line, quantity]]}}: how many returns were asked for, and what is to come back
    -- by those that have not ended; nothing before one was.
    open_returns         json,
    -- [{"line", "sku", "quantity", "unit_price", "discount", "order_discount", "tax_rate", "tax",
    -- "total"}]: discounts and tax only where there are some.
    lines               json        NOT NULL,
    CONSTRAINT order_summary_pkey PRIMARY KEY (tenant, order_id)
) WITH (fillfactor = 80);

-- Pages by key, in both directions, with and without the filters that select best. What begins with a
-- text is found by the primary key (as a range of ids), by the customer and by the reference.
CREATE INDEX order_summary_placed_at ON read.order_summary (tenant, placed_at, order_id);
CREATE INDEX order_summary_status ON read.order_summary (tenant, status, placed_at, order_id);
CREATE INDEX order_summary_payment_status
    ON read.order_summary (tenant, payment_status, placed_at, order_id);
CREATE INDEX order_summary_customer
    ON read.order_summary (tenant, customer_id, placed_at, order_id);
-- Nearly all orders that are placed begin unfulfilled, and their placement is not to pay for this one.
CREATE INDEX order_summary_fulfilment_status
    ON read.order_summary (tenant, fulfilment_status, placed_at, order_id)
    WHERE fulfilment_status <> 'unfulfilled';
CREATE INDEX order_summary_return_status
    ON read.order_summary (tenant, return_status, placed_at, order_id)
    WHERE return_status <> 'none';
CREATE INDEX order_summary_total ON read.order_summary (tenant, total, order_id);
CREATE INDEX order_summary_reference
    ON read.order_summary (tenant, reference)
    WHERE reference IS NOT NULL;

-- Few orders have tags, and what has none is not in it.
CREATE INDEX order_summary_tags
    ON read.order_summary
    USING gin ((tags::jsonb))
    WHERE tags IS NOT NULL;

-- One row per event of an order, of its payment, of its shipments and returns, and of the stock for it:
-- who, when, why. Rows are only ever added.
CREATE TABLE read.order_timeline (
    order_id       uuid        NOT NULL,
    position       bigint      NOT NULL,
    -- In the stream that the event is in.
    version        bigint      NOT NULL,
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    event_id       uuid        NOT NULL,
    command_id     uuid        NOT NULL,
    correlation_id uuid        NOT NULL,
    -- The event that the command follows from, if a policy sent it.
    causation_id   uuid,
    tenant         text        NOT NULL COLLATE "C",
    stream         text        NOT NULL COLLATE "C",
    type           text        NOT NULL COLLATE "C",
    actor          text        NOT NULL,
    -- What happened, as the event says it.
    data           json        NOT NULL,
    CONSTRAINT order_timeline_pkey PRIMARY KEY (tenant, order_id, position)
);

-- One row per order: where it is on its way, and what is expected next.
CREATE TABLE read.order_process (
    order_id   uuid        NOT NULL,
    -- Of the last event that moved it.
    position   bigint      NOT NULL,
    started_at timestamptz NOT NULL,
    -- When the first of what is expected should have happened.
    due_at     timestamptz,
    updated_at timestamptz NOT NULL,
    tenant     text        NOT NULL COLLATE "C",
    -- reserving, paying, deciding, allocating, packing, charging, dispatching, delivering, completing,
    -- cancelling, settling or ended.
    stage      text        NOT NULL COLLATE "C",
    -- Why an operator must look.
    parked     text,
    -- {"order_id", "status", "started_at", "expected", "parked", "reserved"}, with what is expected as
    -- [{"what", "of", "who", "since", "until"}], and what waits for an operator as
    -- [{"task_id", "what", "of", "problem"}].
    process    json        NOT NULL,
    CONSTRAINT order_process_pkey PRIMARY KEY (tenant, order_id)
) WITH (fillfactor = 80);

-- The lists of what hangs are short, and what has ended is in none of them.
CREATE INDEX order_process_open
    ON read.order_process (tenant, started_at, order_id)
    WHERE stage <> 'ended';
CREATE INDEX order_process_due
    ON read.order_process (tenant, due_at, order_id)
    WHERE due_at IS NOT NULL;
CREATE INDEX order_process_parked
    ON read.order_process (tenant, started_at, order_id)
    WHERE parked IS NOT NULL;

-- One row per shipment that was created.
CREATE TABLE read.shipment_summary (
    shipment_id     uuid        NOT NULL,
    order_id        uuid        NOT NULL,
    -- What the customer pays for it, in minor units.
    amount          bigint      NOT NULL,
    -- The version of the shipment's stream.
    version         bigint      NOT NULL,
    position        bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    packed_at       timestamptz,
    -- When the carrier took it.
    dispatched_at   timestamptz,
    -- When it arrived, as the carrier says.
    delivered_at    timestamptz,
    updated_at      timestamptz NOT NULL,
    -- How often the carrier was asked to take it, and how often where it is.
    attempts        integer     NOT NULL,
    inquiries       integer     NOT NULL,
    -- In how many parcels its order leaves, this one included.
    parcels         integer     NOT NULL,
    tenant          text        NOT NULL COLLATE "C",
    location        text        NOT NULL COLLATE "C",
    -- pending, packed, ready, dispatching, dispatched, delivered, cancelled, refused, failed, lost,
    -- returned_to_sender or booked_in.
    status          text        NOT NULL COLLATE "C",
    currency        text        NOT NULL COLLATE "C",
    carrier         text,
    tracking_number text,
    -- What went wrong last, or why it is kept.
    problem         text,
    -- [{"line", "sku", "quantity"}]: what is in it.
    lines           json        NOT NULL,
    CONSTRAINT shipment_summary_pkey PRIMARY KEY (tenant, shipment_id)
) WITH (fillfactor = 80);

CREATE INDEX shipment_summary_order ON read.shipment_summary (tenant, order_id, shipment_id);
CREATE INDEX shipment_summary_status
    ON read.shipment_summary (tenant, status, created_at, shipment_id);
CREATE INDEX shipment_summary_created_at
    ON read.shipment_summary (tenant, created_at, shipment_id);

-- One row per return that was asked for.
CREATE TABLE read.return_summary (
    return_id       uuid        NOT NULL,
    order_id        uuid        NOT NULL,
    -- What all of it is worth, in minor units.
    amount          bigint      NOT NULL,
    -- What is to be given back for it, once it was looked at.
    refund          bigint,
    -- The version of the return's stream.
    version         bigint      NOT NULL,
    position        bigint      NOT NULL,
    requested_at    timestamptz NOT NULL,
    -- When the last of it came.
    received_at     timestamptz,
    -- When it was looked at.
    inspected_at    timestamptz,
    -- When what was accepted was given back for.
    refunded_at     timestamptz,
    -- When nothing of it was to come any more.
    ended_at        timestamptz,
    updated_at      timestamptz NOT NULL,
    tenant          text        NOT NULL COLLATE "C",
    -- Where to; none before it may be sent.
    location        text        COLLATE "C",
    -- requested, approved, declined, in_transit, partially_received, received, inspected, closed or
    -- cancelled.
    status          text        NOT NULL COLLATE "C",
    currency        text        NOT NULL COLLATE "C",
    -- Why, as the customer says.
    reason          text        NOT NULL,
    -- Why it was declined or cancelled.
    problem         text,
    tracking_number text,
    -- {line: quantity}: what has come.
    received        json        NOT NULL,
    -- [{"line", "restocked", "quarantined", "refused", "reason"}], once it was looked at.
    inspected       json,
    -- [{"line", "sku", "quantity", "unit_price", "amount"}]: what is to come back.
    lines           json        NOT NULL,
    CONSTRAINT return_summary_pkey PRIMARY KEY (tenant, return_id)
) WITH (fillfactor = 80);

CREATE INDEX return_summary_order ON read.return_summary (tenant, order_id, return_id);
CREATE INDEX return_summary_status
    ON read.return_summary (tenant, status, requested_at, return_id);
CREATE INDEX return_summary_requested_at
    ON read.return_summary (tenant, requested_at, return_id);

-- One row per product that is, or was, offered.
CREATE TABLE read.product_summary (
    -- The version of the product's stream.
    version     bigint      NOT NULL,
    position    bigint      NOT NULL,
    -- When it was listed, the last time.
    listed_at   timestamptz NOT NULL,
    -- When it was delisted; none while it may be ordered.
    delisted_at timestamptz,
    updated_at  timestamptz NOT NULL,
    tenant      text        NOT NULL COLLATE "C",
    sku         text        NOT NULL COLLATE "C",
    name        text        NOT NULL,
    -- Why it may not be ordered any more.
    reason      text,
    -- {currency: amount}: what one costs, in minor units.
    prices      json        NOT NULL,
    CONSTRAINT product_summary_pkey PRIMARY KEY (tenant, sku)
) WITH (fillfactor = 80);

-- One row per SKU and location.
CREATE TABLE read.stock_level (
    on_hand     bigint      NOT NULL,
    reserved    bigint      NOT NULL,
    committed   bigint      NOT NULL,
    -- on_hand - reserved - committed
    available   bigint      NOT NULL,
    -- What came back and cannot be sold as it is; not on hand.
    quarantined bigint      NOT NULL DEFAULT 0,
    -- How many of what is promised are still to come.
    backordered bigint      NOT NULL DEFAULT 0,
    -- How many more than there are may be promised.
    backorder_limit bigint  NOT NULL DEFAULT 0,
    -- The version of the stock's stream.
    version     bigint      NOT NULL,
    position    bigint      NOT NULL,
    updated_at  timestamptz NOT NULL,
    tenant      text        NOT NULL COLLATE "C",
    location    text        NOT NULL COLLATE "C",
    sku         text        NOT NULL COLLATE "C",
    CONSTRAINT stock_level_pkey PRIMARY KEY (tenant, location, sku)
) WITH (fillfactor = 50);

CREATE INDEX stock_level_sku ON read.stock_level (tenant, sku, location);

-- One row per customer and currency, so that sums are sums. Each order counts once in `orders` and at
-- most once in one of confirmed, cancelled, rejected and expired: where it is now. The rest is open. An
-- order that is completed stays among the confirmed, and counts as completed besides.
-- Amounts are whole numbers; they are numeric because the sum of many orders may exceed a bigint.
CREATE TABLE read.customer_summary (
    orders           bigint      NOT NULL,
    amount           numeric     NOT NULL,
    confirmed_orders bigint      NOT NULL,
    confirmed_amount numeric     NOT NULL,
    cancelled_orders bigint      NOT NULL,
    cancelled_amount numeric     NOT NULL,
    rejected_orders  bigint      NOT NULL,
    rejected_amount  numeric     NOT NULL,
    expired_orders   bigint      NOT NULL,
    expired_amount   numeric     NOT NULL,
    completed_orders bigint      NOT NULL,
    completed_amount numeric     NOT NULL,
    first_order_at   timestamptz NOT NULL,
    last_order_at    timestamptz NOT NULL,
    position         bigint      NOT NULL,
    updated_at       timestamptz NOT NULL,
    tenant           text        NOT NULL COLLATE "C",
    customer_id      text        NOT NULL COLLATE "C",
    currency         text        NOT NULL COLLATE "C",
    CONSTRAINT customer_summary_pkey PRIMARY KEY (tenant, customer_id, currency)
) WITH (fillfactor = 70);

-- One row per day (UTC) on which orders were placed, and currency. It counts as customer_summary does.
CREATE TABLE read.sales_daily (
    orders           bigint      NOT NULL,
    lines            numeric     NOT NULL,
    units            numeric     NOT NULL,
    amount           numeric     NOT NULL,
    -- Prices times quantities; what all discounts took off those; the tax in `amount`.
    gross            numeric     NOT NULL DEFAULT 0,
    discount         numeric     NOT NULL DEFAULT 0,
    tax              numeric     NOT NULL DEFAULT 0,
    confirmed_orders bigint      NOT NULL,
    confirmed_amount numeric     NOT NULL,
    cancelled_orders bigint      NOT NULL,
    cancelled_amount numeric     NOT NULL,
    rejected_orders  bigint      NOT NULL,
    rejected_amount  numeric     NOT NULL,
    expired_orders   bigint      NOT NULL,
    expired_amount   numeric     NOT NULL,
    completed_orders bigint      NOT NULL,
    completed_amount numeric     NOT NULL,
    position         bigint      NOT NULL,
    updated_at       timestamptz NOT NULL,
    day              date        NOT NULL,
    tenant           text        NOT NULL COLLATE "C",
    currency         text        NOT NULL COLLATE "C",
    CONSTRAINT sales_daily_pkey PRIMARY KEY (tenant, day, currency)
) WITH (fillfactor = 50);

-- What is long in them is compressed with lz4, as in store.events and for its reason; fresh tables of
-- a rebuild take it over.
DO $$
BEGIN
    ALTER TABLE read.order_summary ALTER COLUMN lines SET COMPRESSION lz4;
    ALTER TABLE read.order_timeline ALTER COLUMN data SET COMPRESSION lz4;
    ALTER TABLE read.order_process ALTER COLUMN process SET COMPRESSION lz4;
    ALTER TABLE read.shipment_summary ALTER COLUMN lines SET COMPRESSION lz4;
    ALTER TABLE read.return_summary ALTER COLUMN lines SET COMPRESSION lz4;
EXCEPTION
    WHEN feature_not_supported THEN
        RAISE NOTICE 'this server has no lz4: read models are compressed with pglz';
END
$$;
