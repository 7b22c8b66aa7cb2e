-- Somebody asks to try the sequence again that stops there. To ask again, while that is still to come or under
-- way, changes nothing. How many stop there.
WITH found AS (
    SELECT p.sequence
    FROM read.parked_sequence AS p
    WHERE p.projection = $1
      AND p.position = $2
),
asked AS (
    UPDATE read.parked_sequence AS p
    SET wanted   = true,
        revision = p.revision + 1
    WHERE p.projection = $1
      AND p.position = $2
      AND NOT p.wanted
)
SELECT count(*)
FROM found
