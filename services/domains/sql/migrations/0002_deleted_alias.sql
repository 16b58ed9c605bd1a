-- The domain aliases of a deleted domain that can still be restored. Their names are reserved for it.
CREATE TABLE deleted_alias (
    id bigint CONSTRAINT deleted_alias_pkey PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    target_id bigint NOT NULL CONSTRAINT deleted_alias_target_id_fkey REFERENCES domain ON DELETE CASCADE,
    enabled boolean NOT NULL,
    creation timestamptz NOT NULL,
    last_modification timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX deleted_alias_target_id_idx ON deleted_alias (target_id);
