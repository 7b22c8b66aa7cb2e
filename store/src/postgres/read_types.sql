-- $3 are the types that are passed over, rather than those that are wanted: a type that this build
-- has never heard of must turn up.
SELECT
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
FROM store.events AS e
WHERE e.position > $1
  AND e.position <= $2
  AND e.type <> ALL ($3)
ORDER BY e.position
LIMIT $4
