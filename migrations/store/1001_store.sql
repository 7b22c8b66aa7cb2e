-- The record of everything. What is in here is never changed, and events are never deleted.
CREATE SCHEMA IF NOT EXISTS store;

-- Which life of the store this is. One row. Where the head is, the events themselves say: a counter
-- that every batch updates would leave a dead row version behind each time, and those pile up (and
-- are walked through by every batch) for as long as any snapshot is held, as a dump does.
CREATE TABLE store.head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    epoch  uuid    NOT NULL DEFAULT gen_random_uuid()
);

INSERT INTO store.head DEFAULT VALUES;

-- Fixed-width columns first, so that rows carry no padding.
CREATE TABLE store.events (
    position       bigint      NOT NULL PRIMARY KEY CHECK (position > 0),
    version        bigint      NOT NULL CHECK (version > 0),
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    event_id       uuid        NOT NULL,
    command_id     uuid        NOT NULL,
    correlation_id uuid        NOT NULL,
    causation_id   uuid,
    schema_version smallint    NOT NULL,
    -- Names are compared byte by byte: cheaper, and the same on every machine.
    stream         text        NOT NULL COLLATE "C",
    type           text        NOT NULL COLLATE "C",
    tenant         text        NOT NULL COLLATE "C",
    actor          text        NOT NULL,
    traceparent    text,
    -- Kept byte for byte as it was written, and checked to be JSON. What is personal in it is sealed.
    payload        json        NOT NULL,
    -- The arbiter between processes that append to the same stream.
    UNIQUE (stream, version)
);

-- Orders of many lines are compressed as they are written, which with PostgreSQL's own method costs
-- more than all else about them. A server that was built without lz4 keeps its own.
DO $$
BEGIN
    ALTER TABLE store.events ALTER COLUMN payload SET COMPRESSION lz4;
EXCEPTION
    WHEN feature_not_supported THEN
        RAISE NOTICE 'this server has no lz4: payloads are compressed with pglz';
END
$$;

-- What was answered to each command, so that it is done once.
CREATE TABLE store.commands (
    command_id  uuid        NOT NULL PRIMARY KEY,
    version     bigint      NOT NULL,
    position    bigint      NOT NULL,
    recorded_at timestamptz NOT NULL,
    stream      text        NOT NULL COLLATE "C",
    fingerprint bytea,
    refusal     json
);

-- Old records are forgotten by it. Records come in the order of time, so it grows at its right end
-- only; and unlike a BRIN index it stays sharp when the room of forgotten records is used again.
CREATE INDEX commands_recorded_at ON store.commands (recorded_at);

-- Takes the head for the transaction that calls it, until its end, and says where it is.
--
-- Whoever writes events holds this lock until the commit, and the next one gets it only when that
-- commit is visible. A function that is volatile sees in each of its statements what is committed by
-- then (READ COMMITTED), so the position read after the lock is the last one there is. Hence
-- positions have no gaps and follow the order of commits.
--
-- `watched` are streams that the caller only requires to be at a version. No unique key would notice
-- that somebody else wrote to them after the caller's snapshot, so they are looked at here, where
-- nobody else writes any more.
CREATE FUNCTION store.take_head(watched text[], expected bigint[])
RETURNS TABLE ("position" bigint, recorded_at timestamptz)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    last_position bigint;
    last_recorded timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock('store.head'::regclass::oid::bigint);
    SELECT
        e.position,
        e.recorded_at
    INTO
        last_position,
        last_recorded
    FROM store.events AS e
    ORDER BY e.position DESC
    LIMIT 1;
    IF cardinality(watched) > 0 THEN
        PERFORM
        FROM unnest(watched, expected) AS w (stream, expected)
        WHERE w.expected IS DISTINCT FROM coalesce(
            (
                SELECT e.version
                FROM store.events AS e
                WHERE e.stream = w.stream
                ORDER BY e.version DESC
                LIMIT 1
            ),
            0
        );
        IF FOUND THEN
            RAISE EXCEPTION 'a watched stream has moved' USING ERRCODE = 'OS001';
        END IF;
    END IF;
    -- Times follow positions, also when somebody sets the clock back.
    RETURN QUERY
    SELECT
        coalesce(last_position, 0),
        greatest(last_recorded, clock_timestamp());
END
$$;

-- Who leads what. A row stays when its lease ends: an epoch is never given twice.
CREATE TABLE store.lease (
    name       text        NOT NULL PRIMARY KEY,
    holder     uuid        NOT NULL,
    epoch      bigint      NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- What is being restored into this store, which is empty meanwhile, and how far that is: in tables of
-- its own, restoring_events and restoring_commands, which take the place of the others at the end.
CREATE TABLE store.restoring (
    single   boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (single),
    source   uuid    NOT NULL,
    events   bigint  NOT NULL DEFAULT 0,
    commands bigint  NOT NULL DEFAULT 0
);

-- Events of streams that ended long ago, moved out of the way of those that are used: all but each
-- stream's first and last one. So the first version is guarded by its key, the last one and the last
-- position of all are found where they always were, and whatever is appended to such a stream follows on.
CREATE TABLE store.archived_events (LIKE store.events INCLUDING ALL);
