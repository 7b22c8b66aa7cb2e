SELECT
    k.tenant,
    k.customer_id,
    k.master,
    k.wrapped
FROM personal.key AS k
INNER JOIN
    unnest($1::text[], $2::text[]) AS asked (tenant, customer_id)
    ON k.tenant = asked.tenant AND k.customer_id = asked.customer_id
