-- What is left undone of one kind of work: no more is read than is counted, and of what is not due
-- yet, which are nearly all rows, one.
SELECT
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM saga.task
            WHERE parked_at IS NULL
              AND work = $1
              AND due_at <= $2
            LIMIT $3
        ) AS due
    ) AS due,
    (
        SELECT due_at
        FROM saga.task
        WHERE parked_at IS NULL
          AND work = $1
        ORDER BY due_at
        LIMIT 1
    ) AS first_due,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM saga.task
            WHERE parked_at IS NOT NULL
              AND work = $1
            LIMIT $3
        ) AS parked
    ) AS parked
