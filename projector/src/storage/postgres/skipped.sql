SELECT
    s.position,
    s.event_id,
    s.stream,
    s.version,
    s.event_type,
    s.sequence,
    s.error,
    s.reason,
    s.skipped_by,
    s.skipped_at
FROM read.skipped_event AS s
WHERE s.projection = $1
  AND ($3::bigint IS NULL OR s.position = $3)
ORDER BY s.position DESC
LIMIT $2
