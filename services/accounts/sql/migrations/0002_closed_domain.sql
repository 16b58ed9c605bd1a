-- Domains whose SimpleUsers accounts are kept out: deleted, but the delete can still be undone. The version is that of
-- the domain, so that what comes late changes nothing.
CREATE TABLE closed_domain (
    domain_id bigint CONSTRAINT closed_domain_pkey PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    closed boolean NOT NULL,
    version bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX closed_domain_name_idx ON closed_domain (name) WHERE closed;
CREATE INDEX closed_domain_changed_at_idx ON closed_domain (changed_at) WHERE NOT closed;
