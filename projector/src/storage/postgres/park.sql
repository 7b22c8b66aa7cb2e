-- A sequence is parked. If it is already, whoever says so has not seen it: nothing is inserted then. The
-- parameter of a revision is there for the sake of its twin.
INSERT INTO read.parked_sequence (
    projection,
    sequence,
    position,
    event_id,
    stream,
    version,
    event_type,
    after,
    error,
    behind,
    queued,
    attempts,
    revision,
    wanted
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (projection, sequence) DO NOTHING
