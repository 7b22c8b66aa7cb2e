-- A sequence that was tried again stops once more, there or further on.
UPDATE read.parked_sequence
SET position   = $3,
    event_id   = $4,
    stream     = $5,
    version    = $6,
    event_type = $7,
    after      = $8,
    error      = $9,
    behind     = $10,
    queued     = $11,
    attempts   = $12,
    tried_at   = clock_timestamp(),
    wanted     = $14,
    revision   = revision + 1
WHERE projection = $1
  AND sequence = $2
  AND revision = $13
