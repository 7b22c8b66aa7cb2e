-- At most $2 events, and none more once those before it hold $3 bytes of payload, as it is stored:
-- that size is known without fetching it, so what does not fit is not read. It is never more than
-- what is sent, without the 4 bytes at its head.
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
    page.payload
FROM (
    SELECT
        e.*,
        sum(pg_column_size(e.payload) - 4) OVER before AS bytes_before
    FROM store.events AS e
    WHERE e.position > $1
    WINDOW before AS (
        ORDER BY e.position
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
    ORDER BY e.position
    LIMIT $2
) AS page
WHERE page.bytes_before IS NULL
   OR page.bytes_before < $3
ORDER BY page.position
