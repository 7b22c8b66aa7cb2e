SELECT
    c.name,
    c.version,
    c.position,
    c.event_id,
    c.store_epoch,
    c.leader_epoch,
    c.updated_at
FROM read.checkpoint AS c
ORDER BY c.name
