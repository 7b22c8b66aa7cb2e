INSERT INTO events (
    version,
    occurred_at,
    event_id,
    command_id,
    correlation_id,
    schema_version,
    stream,
    type,
    tenant,
    actor,
    payload
) VALUES (
    1,
    now(),
    gen_random_uuid(),
    gen_random_uuid(),
    gen_random_uuid(),
    1,
    'order-main.' || gen_random_uuid(),
    'OrderPlaced',
    'main',
    'anonymous',
    :payload::json
);
