-- What a table is made of: columns, and indexes whatever their names end with. None where there is no such table.
SELECT string_agg(p.part, '; ' ORDER BY p.part)
FROM (
    SELECT format('%s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull) AS part
    FROM pg_attribute AS a
    WHERE a.attrelid = to_regclass('read.' || $1)
      AND a.attnum > 0
      AND NOT a.attisdropped
    UNION ALL
    SELECT replace(pg_get_indexdef(x.indexrelid), '__old', '')
    FROM pg_index AS x
    WHERE x.indrelid = to_regclass('read.' || $1)
) AS p
