-- What Dovecot asks.

-- The mailbox that a user name means, also one under which it was known until a few days ago: mail that was in a queue
-- during a rename, and sessions and counters from before it, still find their mailbox.
CREATE FUNCTION mailbox_id_of(address text) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    canonical text := mail.canonical_key(address);
    wanted text := split_part(canonical, '@', 1);
    asked_domain text := split_part(canonical, '@', 2);
    found_id bigint;
    found_domain bigint;
    found_name text;
BEGIN
    IF canonical IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT m.id INTO found_id FROM domains.domain AS d
        JOIN mailboxes.mailbox AS m ON m.domain_id = d.id AND m.local_part = wanted
        WHERE d.name = asked_domain AND d.state = 'active' AND m.state = 'active';
    IF FOUND THEN
        RETURN found_id;
    END IF;
    -- The domain has had this name.
    SELECT d.id, d.name INTO found_domain, found_name FROM domains.domain AS d
        WHERE d.id IN (SELECT r.id FROM domains.domain AS r WHERE r.renaming_from = asked_domain
                       UNION SELECT n.domain_id FROM domains.former_name AS n
                       WHERE n.name = asked_domain AND n.until > now())
            AND d.state = 'active' LIMIT 1;
    SELECT m.id INTO found_id FROM mailboxes.mailbox AS m
        WHERE m.domain_id = found_domain AND m.local_part = wanted AND m.state = 'active';
    IF FOUND THEN
        RETURN found_id;
    END IF;
    -- The mailbox has had this address.
    SELECT f.mailbox_id INTO found_id FROM mailboxes.former_address AS f
        JOIN mailboxes.mailbox AS m ON m.id = f.mailbox_id
        WHERE f.address IN (canonical, wanted || '@' || found_name) AND f.until > now() AND m.state = 'active'
        ORDER BY f.until DESC LIMIT 1;
    RETURN found_id;
END
$$;

-- While the directory is being moved nobody may write into it: the error is a temporary failure for Dovecot, and the
-- mail stays in Postfix's queue.
CREATE FUNCTION require_at_rest(mailbox bigint, is_moving boolean) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF is_moving THEN
        RAISE EXCEPTION 'mailbox % is being moved', mailbox USING ERRCODE = 'object_in_use';
    END IF;
END
$$;

-- user_query, for deliveries too. `root` is the mail root; uid and gid are passed through. Knows former addresses: `user`
-- is the present one.
CREATE FUNCTION dovecot_user(address text, root text, owner_uid text, owner_gid text)
RETURNS TABLE ("user" text, home text, uid text, gid text, quota_rule text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_id bigint := mail.mailbox_id_of(address);
    is_moving boolean;
BEGIN
    SELECT m.local_part || '@' || d.name, root || '/' || m.home, '*:bytes=' || coalesce(q.quota_mb, 0) || 'M',
            EXISTS (SELECT FROM mailboxes.operation AS o
                    WHERE o.mailbox_id = m.id AND o.type = 'rename' AND o.state <> 'done' AND o.state <> 'failed')
        INTO "user", home, quota_rule, is_moving
        FROM mailboxes.mailbox AS m
        JOIN domains.domain AS d ON d.id = m.domain_id
        JOIN accounts.account AS u ON u.id = m.account_id
        LEFT JOIN quotas.mailbox_quota AS q ON q.mailbox_id = m.id
        WHERE m.id = found_id AND m.state = 'active' AND d.state = 'active' AND d.enabled AND u.state = 'active'
            AND u.is_active;
    IF FOUND THEN
        PERFORM mail.require_at_rest(found_id, is_moving);
        uid := owner_uid;
        gid := owner_gid;
        RETURN NEXT;
    END IF;
END
$$;

-- password_query, with what user_query answers (prefetch). By the present address only.
CREATE FUNCTION dovecot_password(address text, root text, owner_uid text, owner_gid text)
RETURNS TABLE ("user" text, password text, userdb_home text, userdb_uid text, userdb_gid text, userdb_quota_rule text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    canonical text := mail.canonical_key(address);
    found_id bigint;
    is_moving boolean;
BEGIN
    SELECT m.id, canonical, u.password_hash, root || '/' || m.home, '*:bytes=' || coalesce(q.quota_mb, 0) || 'M',
            EXISTS (SELECT FROM mailboxes.operation AS o
                    WHERE o.mailbox_id = m.id AND o.type = 'rename' AND o.state <> 'done' AND o.state <> 'failed')
        INTO found_id, "user", password, userdb_home, userdb_quota_rule, is_moving
        FROM domains.domain AS d
        JOIN mailboxes.mailbox AS m ON m.domain_id = d.id AND m.local_part = split_part(canonical, '@', 1)
        JOIN accounts.account AS u ON u.id = m.account_id
        LEFT JOIN quotas.mailbox_quota AS q ON q.mailbox_id = m.id
        WHERE d.name = split_part(canonical, '@', 2) AND d.state = 'active' AND d.enabled AND m.state = 'active'
            AND u.state = 'active' AND u.is_active;
    IF FOUND THEN
        PERFORM mail.require_at_rest(found_id, is_moving);
        userdb_uid := owner_uid;
        userdb_gid := owner_gid;
        RETURN NEXT;
    END IF;
END
$$;

-- iterate_query. The one that reads whole tables: the role plans for lookups.
CREATE FUNCTION dovecot_users() RETURNS TABLE ("user" text) LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1000
SET search_path = pg_catalog, pg_temp SET enable_hashjoin = on AS $$
BEGIN
    RETURN QUERY SELECT m.local_part || '@' || d.name
        FROM mailboxes.mailbox AS m
        JOIN domains.domain AS d ON d.id = m.domain_id
        JOIN accounts.account AS u ON u.id = m.account_id
        WHERE m.state = 'active' AND d.state = 'active' AND d.enabled AND u.state = 'active' AND u.is_active
        ORDER BY m.id;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA mail FROM PUBLIC;
GRANT EXECUTE ON FUNCTION domain(text), relay_domain(text), domain_alias(text), alias(text), mailbox(text),
    maintain(text), sender_login_mailbox(text), sender_login_alias(text), sender_login_extra(text), sender_login(text),
    transport(text), relay_mailbox(text), relay_verification(text), mailbox_id_of(text),
    dovecot_user(text, text, text, text), dovecot_password(text, text, text, text), dovecot_users() TO roost_mail;
