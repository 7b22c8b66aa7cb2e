DELETE FROM store.commands
WHERE command_id IN (
    SELECT c.command_id
    FROM store.commands AS c
    WHERE c.recorded_at < $1
    ORDER BY c.recorded_at
    LIMIT $2
)
RETURNING 1
