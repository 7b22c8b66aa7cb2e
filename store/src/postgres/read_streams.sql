-- The events of many streams, in the order asked, at most $3. Versions are contiguous, so it is
-- known from the last version of each stream which events will fit: no more than these are read and
-- sorted, however long the streams are.
WITH
sizes AS (
    SELECT
        asked.nr,
        asked.stream,
        asked.after,
        greatest(coalesce(last.version, 0) - asked.after, 0) AS events
    FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS asked (stream, after, nr)
    LEFT JOIN LATERAL (
        SELECT e.version
        FROM store.events AS e
        WHERE e.stream = asked.stream
        ORDER BY e.version DESC
        LIMIT 1
    ) AS last ON true
),
shares AS (
    SELECT
        sizes.nr,
        sizes.stream,
        sizes.after,
        $3::bigint - sum(sizes.events) OVER (ORDER BY sizes.nr) + sizes.events AS room
    FROM sizes
)
SELECT
    e.position,
    e.version,
    e.occurred_at,
    e.recorded_at,
    e.event_id,
    e.command_id,
    e.correlation_id,
    e.causation_id,
    e.schema_version,
    e.stream,
    e.type,
    e.tenant,
    e.actor,
    e.traceparent,
    e.payload
FROM shares
CROSS JOIN LATERAL (
    SELECT *
    FROM store.events AS e
    WHERE e.stream = shares.stream
      AND e.version > shares.after
    ORDER BY e.version
    LIMIT greatest(shares.room, 0)
) AS e
ORDER BY
    shares.nr,
    e.version
