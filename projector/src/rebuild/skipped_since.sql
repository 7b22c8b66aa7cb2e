-- How many events were skipped since the table was replaced, and are in it: what it has parked is not.
SELECT count(*)
FROM read.skipped_event AS s
JOIN read.replaced AS r ON r.projection = s.projection
WHERE s.projection = $1
  AND s.skipped_at > r.replaced_at
  AND s.position <= r.position
  AND NOT EXISTS (
      SELECT
      FROM read.parked_sequence AS p
      WHERE p.projection = $2
        AND p.position = s.position
        AND p.event_id = s.event_id
  )
