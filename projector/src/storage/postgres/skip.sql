-- The event that stops a sequence is left out from now on. If it is already, who said so and why stands: only
-- another event, as in a store that was restored, takes its place.
INSERT INTO read.skipped_event AS s (
    projection,
    position,
    event_id,
    stream,
    version,
    event_type,
    sequence,
    error,
    reason,
    skipped_by
)
SELECT DISTINCT ON (p.projection, p.position)
    p.projection,
    p.position,
    p.event_id,
    p.stream,
    p.version,
    p.event_type,
    p.sequence,
    p.error,
    $3,
    $4
FROM read.parked_sequence AS p
WHERE p.projection = $1
  AND p.position = $2
  AND p.behind IS NULL
ORDER BY p.projection, p.position, p.sequence
ON CONFLICT (projection, position) DO UPDATE
SET event_id   = EXCLUDED.event_id,
    stream     = EXCLUDED.stream,
    version    = EXCLUDED.version,
    event_type = EXCLUDED.event_type,
    sequence   = EXCLUDED.sequence,
    error      = EXCLUDED.error,
    reason     = EXCLUDED.reason,
    skipped_by = EXCLUDED.skipped_by,
    skipped_at = clock_timestamp()
WHERE s.event_id IS DISTINCT FROM EXCLUDED.event_id
