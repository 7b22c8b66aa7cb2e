-- Only by who still has it: a process that was held up for longer than its lease records nothing.
WITH settled AS (
    UPDATE notify.delivery
    SET state = $4,
        due_at = coalesce($5, due_at),
        lease = NULL,
        last_status = $6,
        problem = $7,
        attempts = attempts - $8,
        settled_at = CASE WHEN $4 = 'pending' THEN NULL ELSE $3::timestamptz END
    WHERE id = $1
      AND lease = $2
      AND state = 'pending'
    RETURNING endpoint_id
),
disabled AS (
    UPDATE notify.endpoint
    SET disabled_at = $3,
        disabled_reason = $9,
        version = version + 1,
        updated_at = $3
    FROM settled
    WHERE endpoint.id = settled.endpoint_id
      AND endpoint.disabled_at IS NULL
      AND $9::text IS NOT NULL
    RETURNING 1
)
SELECT
    (SELECT count(*) FROM settled) AS settled,
    (SELECT count(*) FROM disabled) AS disabled
