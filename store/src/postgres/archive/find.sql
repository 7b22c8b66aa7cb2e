-- Of the streams that began after $1, up to $2: those of orders, payments, shipments and returns of which
-- nothing has come since $3, and whose order has ended and had nothing since then either; and how many of
-- their events can be moved: all that are there but the first and the last.
WITH
-- What was archived before has nothing between its first and its last event: it is left out here, before
-- anything else is asked about it.
beginnings AS MATERIALIZED (
    SELECT
        e.stream,
        e.tenant,
        coalesce(e.payload ->> 'order_id', e.payload -> 'order' ->> 'order_id') AS order_id,
        last.version AS last_version
    FROM store.events AS e
    CROSS JOIN LATERAL (
        SELECT
            l.version,
            l.recorded_at
        FROM store.events AS l
        WHERE l.stream = e.stream
        ORDER BY l.version DESC
        LIMIT 1
    ) AS last
    WHERE e.position > $1
      AND e.position <= $2
      AND e.version = 1
      AND e.recorded_at < $3
      AND split_part(e.stream, '-', 1) IN ('order', 'payment', 'shipment', 'return')
      AND last.version > 2
      AND last.recorded_at < $3
      AND EXISTS (
          SELECT
          FROM store.events AS m
          WHERE m.stream = e.stream
            AND m.version > 1
            AND m.version < last.version
      )
)
SELECT
    b.stream,
    movable.events
FROM beginnings AS b
CROSS JOIN LATERAL (
    SELECT count(*) AS events
    FROM store.events AS e
    WHERE e.stream = b.stream
      AND e.version > 1
      AND e.version < b.last_version
) AS movable
CROSS JOIN LATERAL (
    SELECT 'order-' || b.tenant || '.' || b.order_id AS stream
) AS its_order
CROSS JOIN LATERAL (
    SELECT e.recorded_at
    FROM store.events AS e
    WHERE e.stream = its_order.stream
    ORDER BY e.version DESC
    LIMIT 1
) AS order_last
WHERE order_last.recorded_at < $3
  AND (
      EXISTS (
          SELECT
          FROM store.events AS e
          WHERE e.stream = its_order.stream
            AND e.type = ANY ($4)
      )
      OR EXISTS (
          SELECT
          FROM store.archived_events AS e
          WHERE e.stream = its_order.stream
            AND e.type = ANY ($4)
      )
  )
ORDER BY b.stream
