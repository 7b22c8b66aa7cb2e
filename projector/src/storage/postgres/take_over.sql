-- A leader takes over from one of a lower epoch, or again from itself. Where nothing was folded yet,
-- the fold may be of any version.
INSERT INTO read.checkpoint AS c (name, version, leader_epoch)
VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE
SET leader_epoch = EXCLUDED.leader_epoch,
    version      = CASE WHEN c.position = 0 THEN EXCLUDED.version ELSE c.version END
WHERE c.leader_epoch <= EXCLUDED.leader_epoch
RETURNING
    c.name,
    c.version,
    c.position,
    c.event_id,
    c.store_epoch,
    c.leader_epoch,
    c.updated_at
