-- One row per checked domain: the schedule and the last result.
CREATE TABLE domain_check (
    domain_id bigint CONSTRAINT domain_check_pkey PRIMARY KEY,
    domain_name text COLLATE "C" NOT NULL,
    -- pending, ok, wrong or unknown
    status text NOT NULL DEFAULT 'pending',
    -- The last status that said something about the zone: ok or wrong.
    known_status text,
    -- The result as a packed roost.dnschecks.v1.DnsCheck.
    result bytea,
    checked_at timestamptz,
    next_check_at timestamptz NOT NULL DEFAULT now(),
    -- A replica is checking it until then.
    claimed_until timestamptz,
    CONSTRAINT domain_check_status_check CHECK (status IN ('pending', 'ok', 'wrong', 'unknown')),
    CONSTRAINT domain_check_known_status_check CHECK (known_status IN ('ok', 'wrong'))
);
CREATE INDEX domain_check_due_idx ON domain_check (next_check_at);

-- How far the comparison with the list of domains has come.
CREATE TABLE sweep (
    id boolean CONSTRAINT sweep_pkey PRIMARY KEY DEFAULT true CONSTRAINT sweep_id_check CHECK (id),
    after_id bigint NOT NULL DEFAULT 0
);
INSERT INTO sweep DEFAULT VALUES;
