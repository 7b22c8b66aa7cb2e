-- Who is there already makes nothing be written. Who was made by somebody else since this statement's
-- snapshot is in neither part: then the caller asks again.
WITH asked AS (
    SELECT
        a.tenant,
        a.customer_id,
        a.master,
        a.wrapped
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
        AS a (tenant, customer_id, master, wrapped)
),

made AS (
    INSERT INTO personal.key (tenant, customer_id, master, wrapped)
    SELECT
        a.tenant,
        a.customer_id,
        a.master,
        a.wrapped
    FROM asked AS a
    -- Of two that make the same keys none waits for the other in a circle.
    ORDER BY
        a.tenant,
        a.customer_id
    ON CONFLICT (tenant, customer_id) DO NOTHING
    RETURNING
        tenant,
        customer_id,
        master,
        wrapped
)

SELECT
    m.tenant,
    m.customer_id,
    m.master,
    m.wrapped
FROM made AS m
UNION ALL
SELECT
    k.tenant,
    k.customer_id,
    k.master,
    k.wrapped
FROM personal.key AS k
INNER JOIN asked AS a ON k.tenant = a.tenant AND k.customer_id = a.customer_id
