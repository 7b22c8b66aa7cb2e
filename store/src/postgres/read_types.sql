-- $3 are the types that are passed over, rather than those that are wanted: a type that this build
-- has never heard of must turn up. They are looked up in a table that is made once for the statement;
-- comparing each event with all of them costs more than reading it. At most $4 events; whoever asks stops
-- when they hold enough bytes, since adding those up here costs more than reading them, too. Each row says
-- also how far the archive goes.
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
    e.payload,
    (SELECT max(a.position) FROM store.archived_events AS a) AS archived_until
FROM store.events AS e
WHERE e.position > $1
  AND e.position <= $2
  AND e.type NOT IN (SELECT unnest($3::text[]))
ORDER BY e.position
LIMIT $4
