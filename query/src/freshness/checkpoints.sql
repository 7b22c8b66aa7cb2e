-- How far each projection is.
SELECT
    name,
    position,
    store_epoch
FROM read.checkpoint
