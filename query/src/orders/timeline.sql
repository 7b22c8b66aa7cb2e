SELECT
    position,
    version,
    occurred_at,
    recorded_at,
    event_id,
    command_id,
    correlation_id,
    causation_id,
    stream,
    type,
    actor,
    data::text AS data
FROM read.order_timeline
