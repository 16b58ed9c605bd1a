-- The percentage is right also where Dovecot writes while the quota changes. Who changes the quota waits for the row of the
-- usage, whatever stands there as far as he can see, and then sees what was written. Where Dovecot makes that row, there is
-- none to wait for yet: so it waits for the row of the quota, or keeps whoever changes it waiting.

CREATE OR REPLACE FUNCTION usage_resolve() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    -- No user name that is known holds white space, so this is never part of a value.
    is_upsert boolean := current_query() ~* '\mon\s+conflict\M';
BEGIN
    SELECT mailbox_id INTO NEW.mailbox_id FROM mailbox_quota WHERE address = NEW.username
    ORDER BY state, mailbox_id DESC LIMIT 1 FOR SHARE;
    IF NEW.mailbox_id IS NULL AND to_regprocedure('mail.mailbox_id_of(text)') IS NOT NULL THEN
        EXECUTE 'SELECT mail.mailbox_id_of($1)' INTO NEW.mailbox_id USING NEW.username;
        NEW.is_astray := true;
    END IF;
    PERFORM FROM mailbox_quota WHERE mailbox_id = NEW.mailbox_id FOR SHARE;
    IF NOT FOUND THEN
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

CREATE OR REPLACE FUNCTION usage_follow_quota() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE usage SET percent = usage_percent(usage.bytes, n.quota_mb)
    FROM new_rows AS n JOIN old_rows AS o USING (mailbox_id)
    WHERE n.quota_mb <> o.quota_mb AND usage.mailbox_id = n.mailbox_id;
    RETURN NULL;
END
$$;

UPDATE usage SET percent = usage_percent(usage.bytes, m.quota_mb)
FROM mailbox_quota AS m
WHERE m.mailbox_id = usage.mailbox_id AND usage.percent <> usage_percent(usage.bytes, m.quota_mb);
