-- The key is overwritten; when it was first is kept. Where there never was a row, one says that nobody
-- makes a key any more.
INSERT INTO personal.key AS k (tenant, customer_id, master, wrapped, erased_at)
VALUES ($1, $2, '', NULL, now())
ON CONFLICT (tenant, customer_id) DO UPDATE
SET
    wrapped = NULL,
    erased_at = coalesce(k.erased_at, now())
RETURNING k.master
