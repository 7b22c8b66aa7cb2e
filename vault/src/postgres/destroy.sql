-- The key is overwritten; when it was first is kept.
UPDATE personal.key
SET
    wrapped = NULL,
    erased_at = coalesce(erased_at, now())
WHERE tenant = $1 AND customer_id = $2
RETURNING customer_id
