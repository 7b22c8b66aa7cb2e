SELECT DISTINCT ON (master)
    tenant,
    customer_id,
    master,
    wrapped
FROM personal.key
WHERE wrapped IS NOT NULL
ORDER BY master
