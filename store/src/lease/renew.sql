UPDATE store.lease
SET expires_at = clock_timestamp() + $4
WHERE name = $1
  AND holder = $2
  AND epoch = $3
  AND expires_at > clock_timestamp()
RETURNING epoch
