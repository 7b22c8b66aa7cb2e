-- Moves all events of these streams but each one's first and last. Whoever appends meanwhile finds these
-- two where they were, or is not seen here: then what was the last one stays, too.
WITH moved AS (
    DELETE FROM store.events AS e
    USING unnest($1::text[]) AS old (stream)
    WHERE e.stream = old.stream
      AND e.version > 1
      AND e.version < (
          SELECT last.version
          FROM store.events AS last
          WHERE last.stream = old.stream
          ORDER BY last.version DESC
          LIMIT 1
      )
    RETURNING e.*
)
INSERT INTO store.archived_events
SELECT *
FROM moved
