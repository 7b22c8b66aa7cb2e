-- The indexes of a table, the primary key's first.
SELECT
    i.relname::text,
    pg_get_indexdef(x.indexrelid),
    x.indisprimary
FROM pg_index AS x
JOIN pg_class AS i ON i.oid = x.indexrelid
WHERE x.indrelid = ('read.' || $1)::regclass
ORDER BY x.indisprimary DESC, i.relname
