SELECT
    type,
    actor,
    recorded_at,
    position
FROM read.order_timeline
WHERE tenant = $1
  AND order_id = $2
  AND type = ANY ($3)
ORDER BY position DESC
LIMIT 100
