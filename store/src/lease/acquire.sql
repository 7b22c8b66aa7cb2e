INSERT INTO store.lease AS l (
    name,
    holder,
    epoch,
    expires_at
)
VALUES (
    $1,
    $2,
    -- Above all that was ever given, also where the lease is new because the store was restored and those
    -- whom it fences were not: whole seconds, of which one lease does not take one each.
    floor(extract(epoch FROM clock_timestamp()))::bigint,
    clock_timestamp() + $3
)
ON CONFLICT (name) DO UPDATE SET
    holder = excluded.holder,
    epoch = l.epoch + 1,
    expires_at = excluded.expires_at
WHERE l.holder = excluded.holder
   OR l.expires_at <= clock_timestamp()
RETURNING l.epoch
