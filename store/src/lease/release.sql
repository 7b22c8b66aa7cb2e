-- The row stays, so that its epoch is not given again.
UPDATE store.lease
SET expires_at = least(expires_at, clock_timestamp())
WHERE name = $1
  AND holder = $2
  AND epoch = $3
RETURNING epoch
