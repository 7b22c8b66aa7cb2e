-- The kept table's checkpoint in place of the live one's. Whoever led the live one does so no more.
WITH back AS (
    DELETE FROM read.replaced
    WHERE projection = $1
    RETURNING
        version,
        position,
        event_id,
        store_epoch
)
UPDATE read.checkpoint AS c
SET version      = back.version,
    position     = back.position,
    event_id     = back.event_id,
    store_epoch  = back.store_epoch,
    leader_epoch = 0,
    updated_at   = clock_timestamp()
FROM back
WHERE c.name = $1
