-- Command records after ($1, $2) whose last event is at or between $3 and $4, in the order of their
-- times; at most $5.
SELECT
    c.command_id,
    c.version,
    c.recorded_at,
    c.stream,
    c.fingerprint,
    c.refusal::text,
    c.position,
    coalesce(last.stream, archived.stream),
    coalesce(last.version, archived.version)
FROM (
    SELECT *
    FROM store.commands AS c
    -- The second line says more than the first, which is there for the index.
    WHERE c.recorded_at >= $1
      AND (c.recorded_at, c.command_id) > ($1, $2)
      AND c.position BETWEEN $3 AND $4
    ORDER BY
        c.recorded_at,
        c.command_id
    LIMIT $5
) AS c
LEFT JOIN store.events AS last ON last.position = c.position
LEFT JOIN store.archived_events AS archived ON archived.position = c.position
ORDER BY
    c.recorded_at,
    c.command_id
