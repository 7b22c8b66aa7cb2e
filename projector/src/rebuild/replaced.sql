-- What is kept for a rollback, of one projection or of all, and how much room it takes: its rows and its indexes.
SELECT
    r.projection,
    r.version,
    r.position,
    r.event_id,
    r.store_epoch,
    r.replaced_at,
    coalesce(pg_total_relation_size(to_regclass('read.' || r.projection || '__old')), 0) AS bytes
FROM read.replaced AS r
WHERE $1::text IS NULL
   OR r.projection = $1
ORDER BY r.projection
