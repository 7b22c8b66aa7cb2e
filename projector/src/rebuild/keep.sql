-- What is replaced is kept, with where it is, unless nothing was folded into it yet, or it is of events that are
-- lost.
INSERT INTO read.replaced (projection, version, position, event_id, store_epoch)
SELECT
    c.name,
    c.version,
    c.position,
    c.event_id,
    c.store_epoch
FROM read.checkpoint AS c
WHERE c.name = $1
  AND c.position > 0
  AND c.store_epoch = $2
  AND NOT $3
