-- Of the streams that began after $1, up to $2: those of orders that have ended, with all that belongs to
-- them, and of which nothing has come since $3; and how many of their events can be moved: all that are
-- there but the first and the last.
WITH
beginnings AS (
    SELECT
        e.stream,
        e.tenant,
        coalesce(e.payload ->> 'order_id', e.payload -> 'order' ->> 'order_id') AS order_id
    FROM store.events AS e
    WHERE e.position > $1
      AND e.position <= $2
      AND e.version = 1
      AND e.recorded_at < $3
      AND split_part(e.stream, '-', 1) IN ('order', 'payment', 'shipment', 'return')
)
SELECT
    b.stream,
    movable.events
FROM beginnings AS b
CROSS JOIN LATERAL (
    SELECT
        e.version,
        e.recorded_at
    FROM store.events AS e
    WHERE e.stream = b.stream
    ORDER BY e.version DESC
    LIMIT 1
) AS last
CROSS JOIN LATERAL (
    SELECT count(*) AS events
    FROM store.events AS e
    WHERE e.stream = b.stream
      AND e.version > 1
      AND e.version < last.version
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
WHERE movable.events > 0
  AND last.recorded_at < $3
  AND order_last.recorded_at < $3
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
