-- As store.events, but positions come from a sequence: a plain program's way, with gaps and out of
-- the order of commits.
CREATE TABLE events (
    position       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version        bigint      NOT NULL CHECK (version > 0),
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    event_id       uuid        NOT NULL,
    command_id     uuid        NOT NULL,
    correlation_id uuid        NOT NULL,
    causation_id   uuid,
    schema_version smallint    NOT NULL,
    stream         text        NOT NULL COLLATE "C",
    type           text        NOT NULL COLLATE "C",
    tenant         text        NOT NULL COLLATE "C",
    actor          text        NOT NULL,
    traceparent    text,
    payload        json        NOT NULL,
    UNIQUE (stream, version)
);
