-- Whoever may read the events may read those in the archive: that is where a reader looks next.
DO $$
DECLARE
    reader record;
BEGIN
    FOR reader IN
        SELECT
            CASE WHEN r.id = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.id)) END AS who
        FROM (
            SELECT g.grantee AS id
            FROM pg_class AS c
            CROSS JOIN LATERAL aclexplode(c.relacl) AS g
            WHERE c.oid = 'store.events'::regclass
              AND g.privilege_type = 'SELECT'
            UNION
            SELECT c.relowner
            FROM pg_class AS c
            WHERE c.oid = 'store.events'::regclass
        ) AS r
        WHERE NOT has_table_privilege(r.id, 'store.archived_events', 'SELECT')
    LOOP
        EXECUTE format('GRANT SELECT ON store.archived_events TO %s', reader.who);
    END LOOP;
END
$$
