-- One statement, one transaction: nothing of it happens unless the checkpoint is still this
-- leader's and still where this batch began.
WITH fence AS (
    UPDATE saga.checkpoint
    SET position    = $4,
        store_epoch = $5,
        event_id    = $16,
        updated_at  = now()
    WHERE name = $1
      AND leader_epoch = $2
      AND position = $3
    RETURNING name
),
states AS (
    INSERT INTO saga.policy_state (policy, order_id, state)
    SELECT
        fence.name,
        state.order_id,
        state.state::json
    FROM fence, UNNEST($6::uuid[], $7::text[]) AS state (order_id, state)
    ON CONFLICT (policy, order_id) DO UPDATE SET state = EXCLUDED.state
),
-- Of these orders nothing is remembered any more.
forgotten AS (
    DELETE FROM saga.policy_state
    USING fence
    WHERE policy_state.policy = fence.name
      AND policy_state.order_id = ANY ($18::uuid[])
),
-- The timers that are called off or replaced, locked in the order of ids: who forgets tasks that
-- are done does the same, so that neither waits for the other in a circle.
locked AS (
    SELECT task.id
    FROM fence, saga.task
    WHERE (task.order_id, task.name) IN (
        SELECT * FROM UNNEST($8::uuid[], $9::text[])
        UNION ALL
        SELECT timer.order_id, timer.name
        FROM UNNEST($11::uuid[], $12::text[]) AS timer (order_id, name)
        WHERE timer.name IS NOT NULL
    )
    ORDER BY task.id
    FOR UPDATE OF task
),
-- What changes timers reads from here, and so comes after the locks.
ready AS (
    SELECT fence.name
    FROM fence, (SELECT count(*) FROM locked) AS locks
),
unscheduled AS (
    DELETE FROM saga.task
    USING ready, UNNEST($8::uuid[], $9::text[]) AS called_off (order_id, name)
    WHERE task.order_id = called_off.order_id
      AND task.name = called_off.name
),
-- A timer replaces the one of its name.
timers AS (
    INSERT INTO saga.task (id, order_id, name, due_at, parked_at, problem, task, context, work)
    SELECT
        new.id,
        new.order_id,
        new.name,
        new.due_at,
        CASE WHEN new.problem IS NOT NULL THEN now() END,
        new.problem,
        new.task::json,
        new.context::json,
        new.work
    FROM ready, UNNEST(
        $10::uuid[],
        $11::uuid[],
        $12::text[],
        $13::timestamptz[],
        $14::text[],
        $15::text[],
        $17::text[],
        $19::text[]
    ) AS new (id, order_id, name, due_at, task, context, problem, work)
    WHERE new.name IS NOT NULL
    ON CONFLICT (order_id, name) WHERE name IS NOT NULL DO UPDATE
    SET id        = EXCLUDED.id,
        due_at    = EXCLUDED.due_at,
        task      = EXCLUDED.task,
        context   = EXCLUDED.context,
        work      = EXCLUDED.work,
        attempts  = 0,
        resumes   = NULL,
        parked_at = EXCLUDED.parked_at,
        problem   = EXCLUDED.problem
),
calls AS (
    INSERT INTO saga.task (id, order_id, name, due_at, parked_at, problem, task, context, work)
    SELECT
        new.id,
        new.order_id,
        NULL,
        new.due_at,
        CASE WHEN new.problem IS NOT NULL THEN now() END,
        new.problem,
        new.task::json,
        new.context::json,
        new.work
    FROM fence, UNNEST(
        $10::uuid[],
        $11::uuid[],
        $12::text[],
        $13::timestamptz[],
        $14::text[],
        $15::text[],
        $17::text[],
        $19::text[]
    ) AS new (id, order_id, name, due_at, task, context, problem, work)
    WHERE new.name IS NULL
    ON CONFLICT (id) DO NOTHING
)
SELECT fence.name FROM fence
