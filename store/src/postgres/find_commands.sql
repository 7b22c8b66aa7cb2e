SELECT
    c.command_id,
    c.version,
    c.position,
    c.recorded_at,
    c.stream,
    c.fingerprint,
    c.refusal::text
FROM unnest($1::uuid[]) AS asked (command_id)
JOIN store.commands AS c ON c.command_id = asked.command_id
