-- What was given up, and what is due, may be much: no more is counted than tells.
WITH due AS (
    SELECT endpoint_id
    FROM notify.delivery
    WHERE state = 'pending'
      AND due_at <= $1
      AND (
          endpoint_id IS NULL
          OR EXISTS (
              SELECT
              FROM notify.endpoint
              WHERE endpoint.id = delivery.endpoint_id
                AND endpoint.disabled_at IS NULL
          )
      )
    LIMIT 10000
),
failed AS (
    SELECT endpoint_id
    FROM notify.delivery
    WHERE state = 'failed'
    LIMIT 10000
)
SELECT
    (SELECT count(endpoint_id) FROM due) AS due_webhooks,
    (SELECT count(*) - count(endpoint_id) FROM due) AS due_emails,
    (SELECT count(endpoint_id) FROM failed) AS failed_webhooks,
    (SELECT count(*) - count(endpoint_id) FROM failed) AS failed_emails,
    count(*) FILTER (WHERE disabled_reason = 'failing') AS failing_endpoints,
    count(*) FILTER (WHERE disabled_reason = 'gone') AS gone_endpoints
FROM notify.endpoint
