-- The next $1 command records of what is restored. One that is there is the same: backups that go on
-- where others ended have some of them twice.
WITH progress AS (
    UPDATE store.restoring AS r
    SET commands = r.commands + $1
    RETURNING 1
)
INSERT INTO store.restoring_commands (
    command_id,
    version,
    position,
    recorded_at,
    stream,
    fingerprint,
    refusal
)
SELECT
    c.command_id,
    c.version,
    -- Nothing, and so refused, if the event is not there.
    CASE
        WHEN c.last_stream IS NULL THEN 0
        ELSE (
            SELECT e.position
            FROM store.restoring_events AS e
            WHERE e.stream = c.last_stream
              AND e.version = c.last_version
        )
    END,
    c.recorded_at,
    c.stream,
    c.fingerprint,
    c.refusal
FROM progress
CROSS JOIN (
    SELECT
        unnest($2::uuid[]) AS command_id,
        unnest($3::bigint[]) AS version,
        unnest($4::timestamptz[]) AS recorded_at,
        unnest($5::text[]) AS stream,
        unnest($6::bytea[]) AS fingerprint,
        unnest($7::json[]) AS refusal,
        unnest($8::text[]) AS last_stream,
        unnest($9::bigint[]) AS last_version
) AS c
ON CONFLICT (command_id) DO NOTHING
