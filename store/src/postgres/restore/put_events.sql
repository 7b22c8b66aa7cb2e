-- The next $1 events of what is restored: they follow on those that are there.
WITH progress AS (
    UPDATE store.restoring AS r
    SET events = r.events + $1
    RETURNING r.events - $1 AS before
)
INSERT INTO store.restoring_events (
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
    progress.before + e.nr,
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
FROM progress
CROSS JOIN (
    SELECT
        generate_series(1, $1::bigint) AS nr,
        unnest($2::bigint[]) AS version,
        unnest($3::timestamptz[]) AS occurred_at,
        unnest($4::timestamptz[]) AS recorded_at,
        unnest($5::uuid[]) AS event_id,
        unnest($6::uuid[]) AS command_id,
        unnest($7::uuid[]) AS correlation_id,
        unnest($8::uuid[]) AS causation_id,
        unnest($9::smallint[]) AS schema_version,
        unnest($10::text[]) AS stream,
        unnest($11::text[]) AS type,
        unnest($12::text[]) AS tenant,
        unnest($13::text[]) AS actor,
        unnest($14::text[]) AS traceparent,
        unnest($15::json[]) AS payload
) AS e
