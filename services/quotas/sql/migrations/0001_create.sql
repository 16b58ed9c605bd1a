-- What a domain may give to its mailboxes; quantities in megabytes, 0 is unlimited.
CREATE TABLE domain_quota (
    domain_id bigint CONSTRAINT domain_quota_pkey PRIMARY KEY,
    quota_mb bigint NOT NULL DEFAULT 0,
    default_mailbox_quota_mb bigint NOT NULL DEFAULT 0,
    -- The sum over its mailboxes, pending ones included; kept by the triggers of mailbox_quota.
    allocated_mb bigint NOT NULL DEFAULT 0,
    -- It is being removed: nothing is given out any more.
    is_closing boolean NOT NULL DEFAULT false,
    CONSTRAINT domain_quota_quota_mb_check CHECK (quota_mb BETWEEN 0 AND 2147483648),
    CONSTRAINT domain_quota_default_mailbox_quota_mb_check CHECK (default_mailbox_quota_mb BETWEEN 0 AND 2147483648)
) WITH (fillfactor = 70);

CREATE TABLE mailbox_quota (
    mailbox_id bigint CONSTRAINT mailbox_quota_pkey PRIMARY KEY,
    domain_id bigint NOT NULL CONSTRAINT mailbox_quota_domain_id_fkey REFERENCES domain_quota,
    -- A copy that follows renames. Not unique: it may lag behind when addresses change hands.
    address text COLLATE "C" NOT NULL,
    use_domain_quota boolean NOT NULL,
    -- The value in force.
    quota_mb bigint NOT NULL CONSTRAINT mailbox_quota_quota_mb_check CHECK (quota_mb BETWEEN 0 AND 2147483648),
    state text NOT NULL DEFAULT 'pending' CONSTRAINT mailbox_quota_state_check CHECK (state IN ('pending', 'active'))
) WITH (fillfactor = 90);
-- No index holds `state`, so that the confirmation of a new row stays a cheap (HOT) update.
CREATE INDEX mailbox_quota_address_idx ON mailbox_quota (address, mailbox_id);
CREATE INDEX mailbox_quota_domain_address_idx ON mailbox_quota (domain_id, address, mailbox_id);

-- What a mailbox holds, as Dovecot counts it. Dovecot knows the mailbox by its address.
CREATE TABLE usage (
    mailbox_id bigint CONSTRAINT usage_pkey PRIMARY KEY
        CONSTRAINT usage_mailbox_id_fkey REFERENCES mailbox_quota ON DELETE CASCADE,
    username text COLLATE "C" NOT NULL CONSTRAINT usage_username_key UNIQUE,
    -- Without defaults: usage_resolve must see which columns a writer leaves out.
    bytes bigint NOT NULL,
    messages bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- Kept under a name that is not the address: until usage_settle.
    is_astray boolean NOT NULL DEFAULT false
) WITH (fillfactor = 80);
CREATE INDEX usage_bytes_idx ON usage (bytes, mailbox_id);
CREATE INDEX usage_astray_idx ON usage (mailbox_id) WHERE is_astray;

-- The number of active mailboxes. Each backend adds to one of sixteen rows, so that writers do not wait for each
-- other's commit; readers add the rows up.
CREATE TABLE tally (
    shard integer CONSTRAINT tally_pkey PRIMARY KEY,
    mailboxes bigint NOT NULL
) WITH (fillfactor = 50);

CREATE FUNCTION tally_add(added bigint) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    INSERT INTO tally AS t (shard, mailboxes) SELECT pg_backend_pid() % 16, added WHERE added <> 0
    ON CONFLICT (shard) DO UPDATE SET mailboxes = t.mailboxes + excluded.mailboxes;
$$;

CREATE FUNCTION mailbox_quota_sum() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE domain_quota AS d SET allocated_mb = d.allocated_mb + c.mb
        FROM (SELECT domain_id, sum(quota_mb) AS mb FROM new_rows GROUP BY domain_id) AS c
        WHERE d.domain_id = c.domain_id AND c.mb <> 0;
        PERFORM tally_add(count(*)) FROM new_rows WHERE state = 'active';
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE domain_quota AS d SET allocated_mb = d.allocated_mb - c.mb
        FROM (SELECT domain_id, sum(quota_mb) AS mb FROM old_rows GROUP BY domain_id) AS c
        WHERE d.domain_id = c.domain_id AND c.mb <> 0;
        PERFORM tally_add(-count(*)) FROM old_rows WHERE state = 'active';
    ELSE
        UPDATE domain_quota AS d SET allocated_mb = d.allocated_mb + c.mb
        FROM (SELECT domain_id, sum(mb) AS mb
              FROM (SELECT domain_id, quota_mb AS mb FROM new_rows
                    UNION ALL SELECT domain_id, -quota_mb FROM old_rows) AS changes
              GROUP BY domain_id) AS c
        WHERE d.domain_id = c.domain_id AND c.mb <> 0;
        PERFORM tally_add((SELECT count(*) FROM new_rows WHERE state = 'active') -
                          (SELECT count(*) FROM old_rows WHERE state = 'active'));
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER mailbox_quota_sum_insert AFTER INSERT ON mailbox_quota
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mailbox_quota_sum();
CREATE TRIGGER mailbox_quota_sum_update AFTER UPDATE ON mailbox_quota
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mailbox_quota_sum();
CREATE TRIGGER mailbox_quota_sum_delete AFTER DELETE ON mailbox_quota
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION mailbox_quota_sum();

-- A row of another mailbox gives the name up; what it counted stays with it.
CREATE FUNCTION usage_displace(name text, keeper_id bigint) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    UPDATE usage SET username = '#' || mailbox_id, is_astray = true WHERE username = name AND mailbox_id <> keeper_id;
$$;

-- Dovecot writes (username, bytes, messages) through a view. Here the name becomes a mailbox: by the copy of the
-- address, which may lag behind a rename of the domain, or by schema mail, where it is installed, which knows new and
-- former names at once. An unknown one is skipped. A row that the mailbox has under another name moves to this one, so
-- that the session that writes finds it. A plain INSERT adds to what is there, as the merge trigger of Modoboa's
-- documentation does; one with ON CONFLICT sets.
--
-- Runs as the owner: the writer may use the view only.
CREATE FUNCTION usage_resolve() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    -- No user name that is known holds white space, so this is never part of a value.
    is_upsert boolean := current_query() ~* '\mon\s+conflict\M';
BEGIN
    SELECT mailbox_id INTO NEW.mailbox_id FROM mailbox_quota WHERE address = NEW.username
    ORDER BY state, mailbox_id DESC LIMIT 1;
    IF NEW.mailbox_id IS NULL AND to_regprocedure('mail.mailbox_id_of(text)') IS NOT NULL THEN
        EXECUTE 'SELECT mail.mailbox_id_of($1)' INTO NEW.mailbox_id USING NEW.username;
        NEW.is_astray := true;
    END IF;
    IF NOT EXISTS (SELECT FROM mailbox_quota WHERE mailbox_id = NEW.mailbox_id) THEN
        RETURN NULL;
    END IF;
    IF is_upsert THEN
        -- Locked, so that nobody removes it before DO UPDATE comes: somebody else could then make it anew, and the key
        -- that ON CONFLICT does not name would fail.
        PERFORM FROM usage WHERE mailbox_id = NEW.mailbox_id AND username = NEW.username FOR UPDATE;
    END IF;
    IF is_upsert AND FOUND THEN
        -- Left to DO UPDATE, which must find a row that this statement has not touched.
        NEW.bytes := coalesce(NEW.bytes, 0);
        NEW.messages := coalesce(NEW.messages, 0);
        RETURN NEW;
    END IF;
    PERFORM usage_displace(NEW.username, NEW.mailbox_id);
    -- A second round where somebody else has just made or removed the row.
    FOR attempt IN 1 .. 3 LOOP
        UPDATE usage SET
            username = NEW.username,
            is_astray = NEW.is_astray,
            bytes = CASE WHEN is_upsert THEN coalesce(NEW.bytes, bytes) ELSE bytes + coalesce(NEW.bytes, 0) END,
            messages = CASE WHEN is_upsert THEN coalesce(NEW.messages, messages)
                            ELSE messages + coalesce(NEW.messages, 0) END
        WHERE mailbox_id = NEW.mailbox_id;
        EXIT WHEN FOUND;
        INSERT INTO usage (mailbox_id, username, is_astray, bytes, messages)
        VALUES (NEW.mailbox_id, NEW.username, NEW.is_astray, coalesce(NEW.bytes, 0), coalesce(NEW.messages, 0))
        ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;
    RETURN NULL;
END
$$;

-- The service itself names the mailbox and needs none of this.
CREATE TRIGGER usage_resolve BEFORE INSERT ON usage
    FOR EACH ROW WHEN (NEW.mailbox_id IS NULL) EXECUTE FUNCTION usage_resolve();

CREATE FUNCTION usage_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE TRIGGER usage_touch BEFORE UPDATE OF bytes, messages ON usage
    FOR EACH ROW EXECUTE FUNCTION usage_touch();
