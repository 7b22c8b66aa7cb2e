-- Moves all events of these streams but each one's first and last, where the last is older than $2.
--
-- That age is what keeps versions apart. An append that waits for the head relies on what was added since
-- its snapshot being there still, for the unique key to find; all of that is younger than the append, so
-- nothing of it is moved, and no append waits for a row that is.
WITH
old AS MATERIALIZED (
    SELECT
        asked.stream,
        last.version
    FROM unnest($1::text[]) AS asked (stream)
    CROSS JOIN LATERAL (
        SELECT
            e.version,
            e.recorded_at
        FROM store.events AS e
        WHERE e.stream = asked.stream
        ORDER BY e.version DESC
        LIMIT 1
    ) AS last
    WHERE last.recorded_at < $2
),
moved AS (
    DELETE FROM store.events AS e
    USING old
    WHERE e.stream = old.stream
      AND e.version > 1
      AND e.version < old.version
      -- The last is no older than these, but for what was restored with times of another store.
      AND e.recorded_at < $2
    RETURNING
        e.position,
        e.version,
        e.occurred_at,
        e.recorded_at,
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
)
INSERT INTO store.archived_events (
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
    moved.position,
    moved.version,
    moved.occurred_at,
    moved.recorded_at,
    moved.event_id,
    moved.command_id,
    moved.correlation_id,
    moved.causation_id,
    moved.schema_version,
    moved.stream,
    moved.type,
    moved.tenant,
    moved.actor,
    moved.traceparent,
    moved.payload
FROM moved
