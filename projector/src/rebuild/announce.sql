-- A rebuild is under way, and has not begun. What is there already is of one that was interrupted.
INSERT INTO read.rebuild AS r (projection, version, started_by)
VALUES ($1, $2, $3)
ON CONFLICT (projection) DO UPDATE
SET version    = EXCLUDED.version,
    started_by = EXCLUDED.started_by,
    started_at = EXCLUDED.started_at,
    stage      = EXCLUDED.stage,
    events     = EXCLUDED.events,
    position   = EXCLUDED.position,
    until      = EXCLUDED.until,
    done       = EXCLUDED.done,
    rate       = EXCLUDED.rate,
    left_s     = EXCLUDED.left_s,
    told_at    = EXCLUDED.told_at
RETURNING
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
