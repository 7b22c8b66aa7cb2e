-- The tables that are asked for and are not there.
SELECT
    wanted.name
FROM unnest($1::text[]) AS wanted (name)
WHERE to_regclass('read.' || wanted.name) IS NULL
ORDER BY wanted.name
