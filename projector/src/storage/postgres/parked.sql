-- What is parked of one projection, or of all that are in service.
SELECT
    p.projection,
    p.sequence,
    p.position,
    p.event_id,
    p.stream,
    p.version,
    p.event_type,
    p.after,
    p.error,
    p.behind,
    p.queued,
    p.attempts,
    p.since,
    p.tried_at,
    p.wanted,
    p.revision
FROM read.parked_sequence AS p
WHERE p.projection = $1
   OR ($1 IS NULL AND p.projection NOT LIKE '%\_\_%')
ORDER BY
    p.projection,
    p.position
LIMIT $2
