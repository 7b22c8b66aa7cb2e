-- What was put in takes the place of the empty tables. Whoever calls this has both tables and the head,
-- so nobody appends meanwhile.
DO $$
DECLARE
    incomplete text;
    allowed record;
    owned record;
BEGIN
    -- What is archived was an event: whoever has the table of events keeps anything from being moved.
    IF EXISTS (SELECT FROM store.events)
        OR EXISTS (SELECT FROM store.commands)
        OR EXISTS (SELECT FROM store.archived_events)
    THEN
        RAISE EXCEPTION 'the store was used while it was restored' USING ERRCODE = 'OS002';
    END IF;
    SELECT e.stream INTO incomplete
    FROM store.restoring_events AS e
    GROUP BY e.stream
    HAVING count(*) <> max(e.version)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '%', incomplete USING ERRCODE = 'OS003';
    END IF;
    -- Who may do what with the tables stays so.
    FOR allowed IN
        SELECT
            c.relname AS name,
            g.privilege_type AS privilege,
            CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS option,
            CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END AS who
        FROM pg_class AS c
        CROSS JOIN LATERAL aclexplode(c.relacl) AS g
        WHERE c.oid IN ('store.events'::regclass, 'store.commands'::regclass)
    LOOP
        EXECUTE format(
            'GRANT %s ON store.%I TO %s%s',
            allowed.privilege,
            'restoring_' || allowed.name,
            allowed.who,
            allowed.option
        );
    END LOOP;
    -- And whose they are.
    FOR owned IN
        SELECT
            c.relname AS name,
            pg_get_userbyid(c.relowner) AS owner
        FROM pg_class AS c
        WHERE c.oid IN ('store.events'::regclass, 'store.commands'::regclass)
          AND c.relowner <> (
              SELECT r.relowner FROM pg_class AS r WHERE r.oid = 'store.restoring_events'::regclass
          )
    LOOP
        EXECUTE format('ALTER TABLE store.%I OWNER TO %I', 'restoring_' || owned.name, owned.owner);
    END LOOP;
END
$$;

DROP TABLE store.events;
ALTER TABLE store.restoring_events RENAME TO events;
ALTER INDEX store.restoring_events_pkey RENAME TO events_pkey;
ALTER INDEX store.restoring_events_stream_version_key RENAME TO events_stream_version_key;

DROP TABLE store.commands;
ALTER TABLE store.restoring_commands RENAME TO commands;
ALTER INDEX store.restoring_commands_pkey RENAME TO commands_pkey;
ALTER INDEX store.restoring_commands_recorded_at_idx RENAME TO commands_recorded_at;

DELETE FROM store.restoring;
-- Positions of before mean nothing any more.
UPDATE store.head SET epoch = gen_random_uuid();
