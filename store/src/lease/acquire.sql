INSERT INTO store.lease AS l (
    name,
    holder,
    epoch,
    expires_at
)
VALUES (
    $1,
    $2,
    1,
    clock_timestamp() + $3
)
ON CONFLICT (name) DO UPDATE SET
    holder = excluded.holder,
    epoch = l.epoch + 1,
    expires_at = excluded.expires_at
WHERE l.holder = excluded.holder
   OR l.expires_at <= clock_timestamp()
RETURNING l.epoch
