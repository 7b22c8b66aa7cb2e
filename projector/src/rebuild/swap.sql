-- The checkpoint of the new table in place of the live one's, unless that is further in this store.
-- Whoever led the live one does so no more.
WITH moved AS (
    UPDATE read.checkpoint
    SET version      = $2,
        position     = $3,
        store_epoch  = $4,
        event_id     = $7,
        leader_epoch = 0,
        updated_at   = clock_timestamp()
    WHERE name = $1
      AND (position <= $3 OR store_epoch IS DISTINCT FROM $4 OR $6)
    RETURNING name
)
DELETE FROM read.checkpoint AS c
USING moved
WHERE c.name = $5
