-- How far the rebuilds are that are under way, told by whoever builds, in whatever process. The row goes when the
-- rebuild ends; it means nothing where nobody holds the rebuild's advisory lock: that one was interrupted.
CREATE TABLE read.rebuild (
    projection text             NOT NULL COLLATE "C",
    -- The version of the fold that it builds.
    version    integer          NOT NULL,
    -- What had it built: `command`, `api`, or `new_version`.
    started_by text             NOT NULL COLLATE "C",
    started_at timestamptz      NOT NULL DEFAULT clock_timestamp(),
    -- `waiting`, `folding`, `indexing`, or `catching_up`.
    stage      text             NOT NULL DEFAULT 'waiting' COLLATE "C",
    -- How many events were folded: with several passes, some more than once.
    events     bigint           NOT NULL DEFAULT 0,
    -- Up to where this pass has come, and where it ends.
    position   bigint           NOT NULL DEFAULT 0,
    until      bigint           NOT NULL DEFAULT 0,
    -- How much of the fold is done, from 0 to 1.
    done       double precision NOT NULL DEFAULT 0,
    -- Events a second.
    rate       double precision NOT NULL DEFAULT 0,
    -- How long the rest of the fold takes, in seconds; none while nobody can tell.
    left_s     double precision,
    told_at    timestamptz      NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT rebuild_pkey PRIMARY KEY (projection)
) WITH (fillfactor = 50);

-- What a rebuild replaced, and is kept for a rollback: the table `{name}__old`, as it was at this checkpoint. What
-- is parked of it has the name `{name}__old` in `read.parked_sequence`.
CREATE TABLE read.replaced (
    projection  text        NOT NULL COLLATE "C",
    -- The version of the fold that made its rows.
    version     integer     NOT NULL,
    position    bigint      NOT NULL,
    event_id    uuid,
    store_epoch uuid        NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT replaced_pkey PRIMARY KEY (projection)
);
