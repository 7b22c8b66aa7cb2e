-- The keys that open what is personal. They are apart from the record on purpose: a key that is
-- destroyed here is destroyed, while the record keeps what it sealed for ever. Who backs up this schema
-- together with the record keeps what was erased readable for as long as the backup is kept:
-- docs/personal-data.md says how the two relate.
CREATE SCHEMA IF NOT EXISTS personal;

-- One row per customer of whom something personal is, or was, known; and per customer who was erased,
-- whether anything was known or not.
CREATE TABLE personal.key (
    tenant      text        NOT NULL COLLATE "C",
    customer_id text        NOT NULL COLLATE "C",
    -- Which master key wraps it, or did: a digest of that, which says nothing of it. Empty where there
    -- never was a key.
    master      text        NOT NULL COLLATE "C",
    -- The key, wrapped by the master key; nothing once the customer is erased.
    wrapped     bytea,
    made_at     timestamptz NOT NULL DEFAULT now(),
    -- The row stays, so that nobody makes another key for whoever was erased.
    erased_at   timestamptz,
    CONSTRAINT key_pkey PRIMARY KEY (tenant, customer_id),
    CONSTRAINT key_is_there_or_erased CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL)),
    CONSTRAINT key_has_its_master CHECK (wrapped IS NULL OR master <> '')
) WITH (fillfactor = 90);

-- Which master keys are still needed is asked at every start.
CREATE INDEX key_master ON personal.key (master) WHERE wrapped IS NOT NULL;
