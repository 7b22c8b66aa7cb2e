-- Appends a batch, all of it or nothing, and answers with one row.
--
-- What is found before the head is taken, comes from the statement's snapshot. Waiting for the head
-- makes that snapshot old, which does no harm: no stream ever loses its first or its last version, and
-- what others have added meanwhile is still all there (only what is older than any append can wait is
-- moved into the archive), so it runs into a unique key here, which undoes the whole statement. What no unique key guards, take_head looks at itself. For the same reason, what a
-- unique key guards need not be in the two lists that are looked at first.
WITH
-- The streams that are not at the version that the batch begins with, and where they are.
stale AS MATERIALIZED (
    SELECT
        touched.stream,
        coalesce(last.version, 0) AS version
    FROM unnest($1::text[], $2::bigint[]) AS touched (stream, expected)
    LEFT JOIN LATERAL (
        SELECT e.version
        FROM store.events AS e
        WHERE e.stream = touched.stream
        ORDER BY e.version DESC
        LIMIT 1
    ) AS last ON true
    WHERE coalesce(last.version, 0) <> touched.expected
),
-- The commands that were recorded before.
known AS MATERIALIZED (
    SELECT asked.command_id
    FROM unnest($26::uuid[]) AS asked (command_id)
    WHERE EXISTS (
        SELECT
        FROM store.commands AS c
        WHERE c.command_id = asked.command_id
    )
),
-- No row, and no lock, if there is anything to object to.
head AS MATERIALIZED (
    SELECT
        h.position,
        h.recorded_at
    FROM store.take_head($3::text[], $4::bigint[]) AS h
    WHERE NOT EXISTS (SELECT FROM stale)
      AND NOT EXISTS (SELECT FROM known)
),
new_events AS (
    INSERT INTO store.events (
        position,
        version,
        occurred_at,
        recorded_at,
        event_id,
        command_id,
        correlation_id,
        causation_id,
        schema_version,
        stream,
        type,
        tenant,
        actor,
        traceparent,
        payload
    )
    SELECT
        head.position + e.nr,
        e.version,
        e.occurred_at,
        head.recorded_at,
        e.event_id,
        e.command_id,
        e.correlation_id,
        e.causation_id,
        e.schema_version,
        e.stream,
        e.type,
        e.tenant,
        e.actor,
        e.traceparent,
        e.payload
    FROM head
    -- Arrays side by side in a target list become rows without being written to a temporary store
    -- first, as those of a function in FROM are.
    CROSS JOIN (
        SELECT
            generate_series(1, $25::bigint) AS nr,
            unnest($11::bigint[]) AS version,
            unnest($12::timestamptz[]) AS occurred_at,
            unnest($13::uuid[]) AS event_id,
            unnest($14::uuid[]) AS command_id,
            unnest($15::uuid[]) AS correlation_id,
            unnest($16::uuid[]) AS causation_id,
            unnest($17::smallint[]) AS schema_version,
            unnest($18::text[]) AS stream,
            unnest($19::text[]) AS type,
            unnest($20::text[]) AS tenant,
            unnest($21::text[]) AS actor,
            unnest($22::text[]) AS traceparent,
            unnest($23::json[]) AS payload
    ) AS e
),
new_commands AS (
    INSERT INTO store.commands (
        command_id,
        version,
        position,
        recorded_at,
        stream,
        fingerprint,
        refusal
    )
    SELECT
        c.command_id,
        c.version,
        head.position + c.events_so_far,
        head.recorded_at,
        c.stream,
        c.fingerprint,
        c.refusal
    FROM head
    CROSS JOIN (
        SELECT
            unnest($5::uuid[]) AS command_id,
            unnest($6::bigint[]) AS version,
            unnest($7::bigint[]) AS events_so_far,
            unnest($8::text[]) AS stream,
            unnest($9::bytea[]) AS fingerprint,
            unnest($10::json[]) AS refusal
    ) AS c
)
SELECT
    (SELECT head.position FROM head) AS position,
    (SELECT head.recorded_at FROM head) AS recorded_at,
    ARRAY(SELECT stale.stream FROM stale) AS stale_streams,
    ARRAY(SELECT stale.version FROM stale) AS stale_versions,
    ARRAY(SELECT known.command_id FROM known) AS known,
    -- It may be changed by hand while processes run.
    (SELECT h.epoch FROM store.head AS h) AS epoch,
    -- Notified when the statement commits; only where other processes listen.
    (
        SELECT pg_notify('store_head', (head.position + $25::bigint)::text) IS NULL
        FROM head
        WHERE $24::boolean
    ) AS notified
