-- $3 are the types that are passed over, rather than those that are wanted: a type that this build
-- has never heard of must turn up. At most $4 events, and none more once those before it hold $5
-- bytes, as in read_all.sql. Each row says also how far the archive goes.
SELECT
    page.position,
    page.version,
    page.occurred_at,
    page.recorded_at,
    page.event_id,
    page.command_id,
    page.correlation_id,
    page.causation_id,
    page.schema_version,
    page.stream,
    page.type,
    page.tenant,
    page.actor,
    page.traceparent,
    page.payload,
    (SELECT max(a.position) FROM store.archived_events AS a) AS archived_until
FROM (
    SELECT
        e.*,
        sum(pg_column_size(e.payload) - 4) OVER before AS bytes_before
    FROM store.events AS e
    WHERE e.position > $1
      AND e.position <= $2
      AND e.type <> ALL ($3)
    WINDOW before AS (
        ORDER BY e.position
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
    ORDER BY e.position
    LIMIT $4
) AS page
WHERE page.bytes_before IS NULL
   OR page.bytes_before < $5
ORDER BY page.position
