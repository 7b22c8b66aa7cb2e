-- What docs/adr/0001 compares: a head that is a row, and a head that is a lock.
DROP SCHEMA IF EXISTS head_bench CASCADE;
CREATE SCHEMA head_bench;

CREATE TABLE head_bench.head (
    single   boolean PRIMARY KEY DEFAULT true CHECK (single),
    position bigint  NOT NULL DEFAULT 0
);
INSERT INTO head_bench.head DEFAULT VALUES;

CREATE TABLE head_bench.by_row (
    position bigint NOT NULL PRIMARY KEY,
    version  bigint NOT NULL,
    stream   text   NOT NULL COLLATE "C",
    payload  json   NOT NULL,
    UNIQUE (stream, version)
);
CREATE TABLE head_bench.by_lock (LIKE head_bench.by_row INCLUDING ALL);

CREATE FUNCTION head_bench.take_head() RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    last_position bigint;
BEGIN
    PERFORM pg_advisory_xact_lock('head_bench.head'::regclass::oid::bigint);
    SELECT e.position
    INTO last_position
    FROM head_bench.by_lock AS e
    ORDER BY e.position DESC
    LIMIT 1;
    RETURN coalesce(last_position, 0);
END
$$;
