-- How much of a limited quota is used, rounded down, as the API shows it; 0 where there is no limit. Kept in the row of
-- the usage, so that the fullest mailboxes are found by an index.
ALTER TABLE usage ADD COLUMN percent integer NOT NULL DEFAULT 0;

CREATE FUNCTION usage_percent(bytes bigint, quota_mb bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN quota_mb > 0 AND bytes > 0
        THEN least(bytes / (quota_mb << 20) * 100 + bytes % (quota_mb << 20) * 100 / (quota_mb << 20), 2147483647)::integer
        ELSE 0 END;
$$;

UPDATE usage SET percent = usage_percent(usage.bytes, m.quota_mb)
FROM mailbox_quota AS m WHERE m.mailbox_id = usage.mailbox_id AND usage.bytes > 0 AND m.quota_mb > 0;
CREATE INDEX usage_percent_idx ON usage (percent, mailbox_id) WHERE percent > 0;

-- By what Dovecot writes. Runs as the owner: the writer may use the view only.
CREATE OR REPLACE FUNCTION usage_touch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    found_mb bigint;
BEGIN
    NEW.updated_at := now();
    NEW.percent := 0;
    IF NEW.bytes > 0 THEN
        SELECT quota_mb INTO found_mb FROM mailbox_quota WHERE mailbox_id = NEW.mailbox_id;
        NEW.percent := usage_percent(NEW.bytes, found_mb);
    END IF;
    RETURN NEW;
END
$$;
-- After usage_resolve, which names the mailbox: triggers run in the order of their names.
CREATE TRIGGER usage_touch_insert BEFORE INSERT ON usage
    FOR EACH ROW WHEN (NEW.bytes > 0) EXECUTE FUNCTION usage_touch();

-- By a change of the quota. Whoever writes usage meanwhile waits for this row, or this waits for him and sees what he wrote.
CREATE FUNCTION usage_follow_quota() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE usage SET percent = usage_percent(usage.bytes, n.quota_mb)
    FROM new_rows AS n JOIN old_rows AS o USING (mailbox_id)
    WHERE n.quota_mb <> o.quota_mb AND usage.mailbox_id = n.mailbox_id
        AND usage.percent <> usage_percent(usage.bytes, n.quota_mb);
    RETURN NULL;
END
$$;
CREATE TRIGGER usage_follow_quota AFTER UPDATE ON mailbox_quota
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION usage_follow_quota();
