SELECT
    order_id,
    stage,
    started_at,
    due_at,
    parked,
    position,
    updated_at,
    process::text AS process,
    now() AS now
FROM read.order_process
