-- What of a projection is to be removed: what an interrupted rebuild left, and what is kept for a rollback for
-- longer than it may be, or of which nobody knows what it is.
SELECT
    to_regclass('read.' || $2 || '__new') IS NOT NULL
        OR EXISTS (SELECT FROM read.rebuild AS r WHERE r.projection = $1)
        OR EXISTS (SELECT FROM read.checkpoint AS c WHERE c.name = $1 || '__new')
        OR EXISTS (SELECT FROM read.parked_sequence AS p WHERE p.projection = $1 || '__new') AS unfinished,
    EXISTS (
        SELECT
        FROM read.replaced AS r
        WHERE r.projection = $1
          AND r.replaced_at < clock_timestamp() - $3::interval
    )
        OR (
            to_regclass('read.' || $2 || '__old') IS NOT NULL
            AND NOT EXISTS (SELECT FROM read.replaced AS r WHERE r.projection = $1)
        ) AS stale
