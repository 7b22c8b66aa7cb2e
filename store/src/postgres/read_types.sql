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
  AND e.type = ANY ($3)
ORDER BY e.position
LIMIT $4
