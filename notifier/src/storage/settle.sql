-- Only by who still has it: a process that was held up for longer than its lease records nothing.
-- The endpoint that may be disabled is locked before its delivery, as whoever sends again locks them.
WITH locked AS (
    SELECT endpoint.id
    FROM notify.endpoint
    WHERE $9::text IS NOT NULL
      AND endpoint.id = (SELECT endpoint_id FROM notify.delivery WHERE id = $1)
    FOR NO KEY UPDATE
),
settled AS (
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
      -- Always so; it is only asked for so that the lock comes first.
      AND (SELECT count(*) FROM locked) >= 0
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
      -- One delivery that fails again and again says nothing of an endpoint that takes others.
      AND NOT (
          $9 = 'failing'
          AND EXISTS (
              SELECT
              FROM notify.delivery AS taken
              WHERE taken.endpoint_id = settled.endpoint_id
                AND taken.state = 'delivered'
                AND taken.settled_at > $3::timestamptz - interval '1 day'
          )
      )
    RETURNING 1
)
SELECT
    (SELECT count(*) FROM settled) AS settled,
    (SELECT count(*) FROM disabled) AS disabled
