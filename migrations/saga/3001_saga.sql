-- What the sagas remember. All of it can be made again from the event store, be it a lost tail or
-- everything: events are reacted to once more, under the same command ids. The store forgets those in
-- time; what is older is decided anew, by streams that know how it ended: no stock is reserved for an
-- order that does not wait for it, and the provider is called only about payments that wait for that
-- still. What is lost is how often a task was tried, and since when it waits for an operator.
CREATE SCHEMA IF NOT EXISTS saga;

-- How far each policy has read, and under which leader.
CREATE TABLE saga.checkpoint (
    name         text        PRIMARY KEY,
    position     bigint      NOT NULL DEFAULT 0,
    store_epoch  uuid,
    leader_epoch bigint      NOT NULL DEFAULT 0,
    updated_at   timestamptz NOT NULL DEFAULT now()
);

-- What a policy remembers of an order. No row where that is nothing, or nothing any more.
CREATE TABLE saga.policy_state (
    policy   text NOT NULL,
    order_id uuid NOT NULL,
    state    json NOT NULL,
    PRIMARY KEY (policy, order_id)
) WITH (fillfactor = 70);

-- What is to be done now or later: calls to participants, and timers.
CREATE TABLE saga.task (
    id        uuid        PRIMARY KEY,
    order_id  uuid        NOT NULL,
    -- A timer's name; an order has at most one of each. Calls have none.
    name      text,
    due_at    timestamptz NOT NULL,
    attempts  integer     NOT NULL DEFAULT 0,
    -- Whether it calls a participant, and so takes as long as that pleases, and which: inside (none),
    -- provider, carrier.
    work      text        NOT NULL,
    -- Given up: an operator must look.
    parked_at timestamptz,
    problem   text,
    -- Under which id it was given up, if an operator has it done again.
    resumes   uuid,
    task      json        NOT NULL,
    context   json        NOT NULL
);

CREATE UNIQUE INDEX task_timer ON saga.task (order_id, name) WHERE name IS NOT NULL;
CREATE INDEX task_due ON saga.task (work, due_at) WHERE parked_at IS NULL;
-- What waits for an operator, in its order: few, among very many that wait for their time.
CREATE INDEX task_parked ON saga.task (parked_at, id) INCLUDE (work) WHERE parked_at IS NOT NULL;
