-- What others are told of: who wants to know, what was told, and what is still to be. The checkpoint
-- and the deliveries that follow from events move together, so that each is recorded once.
CREATE SCHEMA IF NOT EXISTS notify;

-- How far the events were read.
CREATE TABLE notify.checkpoint (
    name        text        PRIMARY KEY,
    position    bigint      NOT NULL,
    -- The event there: another one says that the store was restored.
    event_id    uuid,
    store_epoch uuid        NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now()
);

-- Where webhooks go.
CREATE TABLE notify.endpoint (
    id              uuid        PRIMARY KEY,
    tenant          text        NOT NULL COLLATE "C",
    url             text        NOT NULL,
    description     text,
    -- What it wants to know of; all where it names nothing.
    events          text[]      NOT NULL,
    -- Only of what was recorded after this position.
    after_position  bigint      NOT NULL,
    version         bigint      NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    -- Nothing is sent while this is set.
    disabled_at     timestamptz,
    -- operator, gone (it answered 410), failing (a delivery was tried as often as may
    -- be, and none was taken for a day).
    disabled_reason text,
    CONSTRAINT endpoint_says_why_it_is_disabled
        CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
);

CREATE INDEX endpoint_list ON notify.endpoint (tenant, created_at, id);

-- What signs them; two at a time while one is replaced.
CREATE TABLE notify.secret (
    id          uuid        PRIMARY KEY,
    endpoint_id uuid        NOT NULL REFERENCES notify.endpoint ON DELETE CASCADE,
    -- Which master key seals it: a digest of that, which says nothing of it.
    master      text        NOT NULL COLLATE "C",
    sealed      bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    -- None for the one that stays.
    expires_at  timestamptz
);

CREATE INDEX secret_of ON notify.secret (endpoint_id);

-- One row for each event and channel, whose id follows from both.
CREATE TABLE notify.delivery (
    id              uuid        PRIMARY KEY,
    tenant          text        NOT NULL COLLATE "C",
    -- None: an e-mail to the order's customer.
    endpoint_id     uuid        REFERENCES notify.endpoint ON DELETE CASCADE,
    event_id        uuid        NOT NULL,
    position        bigint      NOT NULL,
    event_type      text        NOT NULL,
    order_id        uuid        NOT NULL,
    occurred_at     timestamptz NOT NULL,
    -- What is sent, byte for byte: nothing personal is in it.
    body            text        NOT NULL,
    state           text        NOT NULL,
    attempts        integer     NOT NULL DEFAULT 0,
    -- When it is to be tried, or, while it is being tried, when it is taken for lost.
    due_at          timestamptz NOT NULL,
    -- Who tries it now.
    lease           uuid,
    last_attempt_at timestamptz,
    last_status     integer,
    problem         text,
    settled_at      timestamptz,
    CONSTRAINT delivery_state CHECK (state IN ('pending', 'delivered', 'failed', 'skipped')),
    CONSTRAINT delivery_is_settled_or_not CHECK ((state = 'pending') = (settled_at IS NULL))
) WITH (fillfactor = 80);

CREATE INDEX delivery_due ON notify.delivery (endpoint_id, due_at) WHERE state = 'pending';
CREATE INDEX delivery_log ON notify.delivery (endpoint_id, position DESC);
CREATE INDEX delivery_email_log ON notify.delivery (tenant, position DESC) WHERE endpoint_id IS NULL;
CREATE INDEX delivery_settled ON notify.delivery (settled_at) WHERE state <> 'pending';
-- What an endpoint took last.
CREATE INDEX delivery_taken ON notify.delivery (endpoint_id, settled_at) WHERE state = 'delivered';
CREATE INDEX delivery_failed ON notify.delivery (settled_at) WHERE state = 'failed';

-- What requests were answered: sent again under the same key, they get the same answer.
CREATE TABLE notify.request (
    id          uuid        PRIMARY KEY,
    fingerprint bytea       NOT NULL,
    -- The answer may say a secret, so it is sealed as secrets are.
    master      text        COLLATE "C",
    answer      bytea,
    created_at  timestamptz NOT NULL
);

CREATE INDEX request_created ON notify.request (created_at);
