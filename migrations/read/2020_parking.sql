-- Events that a projection cannot read or fold, each with the sequence that it stops: what comes later of
-- that sequence waits in the event store, and is folded in its order once the event can be, or is skipped.
-- Written by the leader of the projection together with its checkpoint; an operator only asks (`wanted`).
-- While a projection is built anew, `{name}__new` has what is parked of that.
CREATE TABLE read.parked_sequence (
    projection text        NOT NULL COLLATE "C",
    -- The columns of the row's key (`tenant=main order_id=…`), or `stream NAME` where an event that cannot
    -- be read does not say which row it is about, or `event POSITION` where each event has its own row.
    sequence   text        NOT NULL COLLATE "C",
    -- Where the sequence stops: the first of its events that is not folded.
    position   bigint      NOT NULL,
    event_id   uuid        NOT NULL,
    stream     text        NOT NULL COLLATE "C",
    version    bigint      NOT NULL,
    event_type text        NOT NULL COLLATE "C",
    -- A position to read on from to find it: all between is folded.
    after      bigint      NOT NULL,
    -- Why it cannot be folded, with causes.
    error      text        NOT NULL,
    -- The sequence that it waits behind: its own event could be folded, but one before it cannot be read.
    behind     text        COLLATE "C",
    -- How many events of the sequence wait behind the one that stops it.
    queued     bigint      NOT NULL,
    -- How often it was tried to fold it.
    attempts   integer     NOT NULL,
    since      timestamptz NOT NULL DEFAULT clock_timestamp(),
    tried_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Whether somebody asks the leader to try it again.
    wanted     boolean     NOT NULL DEFAULT false,
    -- Counts changes, so that nobody acts on what they have not seen.
    revision   integer     NOT NULL DEFAULT 0,
    CONSTRAINT parked_sequence_pkey PRIMARY KEY (projection, sequence)
) WITH (fillfactor = 80);

-- Operators name a sequence by where it stops. A stream and a row can stop at one event.
CREATE INDEX parked_sequence_position ON read.parked_sequence (projection, position);

-- Events that an operator has had left out of a projection. They stay left out, of rebuilds too.
CREATE TABLE read.skipped_event (
    projection text        NOT NULL COLLATE "C",
    position   bigint      NOT NULL,
    event_id   uuid        NOT NULL,
    stream     text        NOT NULL COLLATE "C",
    version    bigint      NOT NULL,
    event_type text        NOT NULL COLLATE "C",
    sequence   text        NOT NULL COLLATE "C",
    -- Why it could not be folded.
    error      text        NOT NULL,
    -- Why it is left out, and who says so.
    reason     text        NOT NULL,
    skipped_by text        NOT NULL,
    skipped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT skipped_event_pkey PRIMARY KEY (projection, position)
);
