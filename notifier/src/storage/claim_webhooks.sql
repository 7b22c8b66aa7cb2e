-- Of each endpoint that is not disabled no more than it has room for, so that a slow one leaves the
-- places of the others alone. A delivery that somebody else just takes is passed by.
WITH due AS (
    SELECT delivery.id
    FROM notify.endpoint
    LEFT JOIN unnest($6::uuid[], $7::bigint[]) AS busy (endpoint_id, calls)
        ON busy.endpoint_id = endpoint.id
    CROSS JOIN LATERAL (
        SELECT candidate.id, candidate.due_at
        FROM notify.delivery AS candidate
        WHERE candidate.endpoint_id = endpoint.id
          AND candidate.state = 'pending'
          AND candidate.due_at <= $1
        ORDER BY candidate.due_at
        LIMIT greatest($5 - coalesce(busy.calls, 0), 0)
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS delivery
    WHERE endpoint.disabled_at IS NULL
    ORDER BY delivery.due_at
    LIMIT $4
)
UPDATE notify.delivery
SET lease = $3,
    due_at = $2,
    last_attempt_at = $1,
    attempts = delivery.attempts + 1
FROM due, notify.endpoint
WHERE delivery.id = due.id
  AND endpoint.id = delivery.endpoint_id
RETURNING
    delivery.id,
    delivery.tenant,
    delivery.endpoint_id,
    endpoint.url,
    delivery.event_type,
    delivery.order_id,
    delivery.body,
    delivery.attempts
