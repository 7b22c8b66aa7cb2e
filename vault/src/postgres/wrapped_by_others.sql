SELECT
    tenant,
    customer_id,
    master,
    wrapped
FROM personal.key
WHERE wrapped IS NOT NULL AND master <> $1
LIMIT $2
