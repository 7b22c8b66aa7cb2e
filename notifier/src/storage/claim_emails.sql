WITH due AS (
    SELECT id
    FROM notify.delivery
    WHERE endpoint_id IS NULL
      AND state = 'pending'
      AND due_at <= $1
    ORDER BY due_at
    LIMIT $4
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE notify.delivery
SET lease = $3,
    due_at = $2,
    last_attempt_at = $1,
    attempts = delivery.attempts + 1
FROM due
WHERE delivery.id = due.id
RETURNING
    delivery.id,
    delivery.tenant,
    delivery.endpoint_id,
    NULL::text AS url,
    delivery.event_type,
    delivery.order_id,
    delivery.body,
    delivery.attempts
