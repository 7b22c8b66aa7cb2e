-- Everything hangs on the checkpoint: where it is not where it was read, nothing is recorded.
WITH moved AS (
    UPDATE notify.checkpoint
    SET position = $3,
        event_id = $4,
        updated_at = $5
    WHERE name = $1
      AND position = $2
    RETURNING 1
),
planned AS (
    SELECT *
    FROM unnest(
        $6::uuid[],
        $7::text[],
        $8::uuid[],
        $9::uuid[],
        $10::bigint[],
        $11::text[],
        $12::uuid[],
        $13::timestamptz[],
        $14::text[],
        $15::timestamptz[],
        $16::text[]
    ) AS planned (
        id,
        tenant,
        endpoint_id,
        event_id,
        position,
        event_type,
        order_id,
        occurred_at,
        body,
        due_at,
        skipped
    )
),
added AS (
    INSERT INTO notify.delivery (
        id,
        tenant,
        endpoint_id,
        event_id,
        position,
        event_type,
        order_id,
        occurred_at,
        body,
        due_at,
        state,
        problem,
        settled_at
    )
    SELECT
        planned.id,
        planned.tenant,
        planned.endpoint_id,
        planned.event_id,
        planned.position,
        planned.event_type,
        planned.order_id,
        planned.occurred_at,
        planned.body,
        planned.due_at,
        CASE WHEN planned.skipped IS NULL THEN 'pending' ELSE 'skipped' END,
        planned.skipped,
        CASE WHEN planned.skipped IS NULL THEN NULL ELSE $5 END
    FROM planned
    CROSS JOIN moved
    -- An endpoint may have been deleted a moment ago.
    WHERE planned.endpoint_id IS NULL
       OR EXISTS (SELECT FROM notify.endpoint WHERE endpoint.id = planned.endpoint_id)
    -- Events that are read again, as after the checkpoint was begun anew, are told of once.
    ON CONFLICT (id) DO NOTHING
    RETURNING 1
)
SELECT
    (SELECT count(*) FROM moved) AS moved,
    (SELECT count(*) FROM added) AS added
