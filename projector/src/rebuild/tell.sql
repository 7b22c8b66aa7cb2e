-- Says that a rebuild is alive, and how far at least: once it catches up, its checkpoint is further.
WITH alive AS (
    UPDATE read.checkpoint
    SET position   = GREATEST(position, $3),
        updated_at = clock_timestamp()
    WHERE name = $2
)
UPDATE read.rebuild
SET stage    = $4,
    events   = $5,
    position = $3,
    until    = $6,
    done     = $7,
    rate     = $8,
    left_s   = $9,
    told_at  = clock_timestamp()
WHERE projection = $1
