SELECT
    type,
    actor,
    recorded_at,
    position,
    -- What speaks for itself is not read: a placement may have a thousand lines.
    CASE WHEN type <> ALL ($4) THEN data::text END AS data
FROM read.order_timeline
WHERE tenant = $1
  AND order_id = $2
  AND type = ANY ($3)
ORDER BY position DESC
LIMIT 100
