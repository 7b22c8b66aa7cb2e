-- Whoever was erased since the key was read has none any more, and gets none back.
UPDATE personal.key AS k
SET
    master = a.master,
    wrapped = a.wrapped
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bytea[])
    AS a (tenant, customer_id, before, master, wrapped)
WHERE
    k.tenant = a.tenant
    AND k.customer_id = a.customer_id
    AND k.wrapped = a.before
RETURNING k.customer_id
