-- Appends a batch, all of it or nothing, and answers with one row.
--
-- What is found before the head is taken, comes from the statement's snapshot. Waiting for the head
-- makes that snapshot old, which does no harm: nothing is ever deleted, so a version that was there
-- still is; and what others have added meanwhile runs into a unique key here, which undoes the
-- whole statement. What no unique key guards, take_head looks at itself.
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
    FROM unnest($5::uuid[]) AS asked (command_id)
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
    CROSS JOIN unnest(
        $11::bigint[],
        $12::timestamptz[],
        $13::uuid[],
        $14::uuid[],
        $15::uuid[],
        $16::uuid[],
        $17::smallint[],
        $18::text[],
        $19::text[],
        $20::text[],
        $21::text[],
        $22::text[],
        $23::json[]
    ) WITH ORDINALITY AS e (
        version,
        occurred_at,
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
        payload,
        nr
    )
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
    CROSS JOIN unnest(
        $5::uuid[],
        $6::bigint[],
        $7::bigint[],
        $8::text[],
        $9::bytea[],
        $10::json[]
    ) AS c (
        command_id,
        version,
        events_so_far,
        stream,
        fingerprint,
        refusal
    )
)
SELECT
    (SELECT head.position FROM head) AS position,
    (SELECT head.recorded_at FROM head) AS recorded_at,
    ARRAY(SELECT stale.stream FROM stale) AS stale_streams,
    ARRAY(SELECT stale.version FROM stale) AS stale_versions,
    ARRAY(SELECT known.command_id FROM known) AS known,
    -- Notified when the statement commits; only where other processes listen.
    (
        SELECT pg_notify('store_head', (head.position + $25::bigint)::text) IS NULL
        FROM head
        WHERE $24::boolean
    ) AS notified
