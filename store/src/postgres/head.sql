SELECT
    coalesce(
        (
            SELECT e.position
            FROM store.events AS e
            ORDER BY e.position DESC
            LIMIT 1
        ),
        0
    ),
    h.epoch
FROM store.head AS h
