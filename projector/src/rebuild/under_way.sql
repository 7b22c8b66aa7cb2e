-- The rebuilds that run: each holds its projection's advisory lock for as long as it does, alone. A rollback holds
-- it too, and verifications share it, but these have no row here.
SELECT
    r.projection,
    r.version,
    r.started_by,
    r.started_at,
    r.stage,
    r.events,
    r.position,
    r.until,
    r.done,
    r.rate,
    r.left_s
FROM read.rebuild AS r
WHERE EXISTS (
    SELECT
    FROM pg_locks AS held
    WHERE held.locktype = 'advisory'
      AND held.granted
      AND held.mode = 'ExclusiveLock'
      AND held.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
      AND (held.classid::bigint << 32) | held.objid::bigint = hashtextextended('read.' || r.projection, 0)
)
ORDER BY r.projection
