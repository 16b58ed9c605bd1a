-- What our own Postfix maps and Dovecot queries call. Postfix and Dovecot send their queries unprepared; a function's plans
-- stay cached in the connection, so a lookup is a few index probes and no planning.
--
-- Keys come from SMTP clients: anything at all, and what is no address has no row. Every function is STABLE, runs as the
-- owner with a fixed search_path, and reads by (domain, local part).

-- "local@domain" in lower case, or NULL: no "@", two of them, or nothing behind it. The local part may be empty.
CREATE FUNCTION split_key(key text, OUT local_part text, OUT domain text)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE
    at_sign integer := strpos(key, '@');
BEGIN
    IF at_sign = 0 OR length(key) > 1024 OR strpos(substr(key, at_sign + 1), '@') > 0 OR at_sign = length(key) THEN
        RETURN;
    END IF;
    local_part := lower(left(key, at_sign - 1));
    domain := lower(substr(key, at_sign + 1));
END
$$;

-- The mail domain behind a name: the domain itself, or the target of a domain alias; no row unless all is enabled.
CREATE FUNCTION resolve_domain(asked text, OUT domain_id bigint, OUT name text, OUT is_alias boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
BEGIN
    SELECT d.id, d.name, false INTO domain_id, name, is_alias
    FROM domains.domain AS d WHERE d.name = asked AND d.state = 'active' AND d.enabled;
    IF NOT FOUND THEN
        SELECT d.id, d.name, true INTO domain_id, name, is_alias
        FROM domains.domain_alias AS a JOIN domains.domain AS d ON d.id = a.target_id
        WHERE a.name = asked AND a.enabled AND d.state = 'active' AND d.enabled;
    END IF;
END
$$;

-- virtual_mailbox_domains: the name, if it is an enabled domain whose mail is stored here.
CREATE FUNCTION postfix_domain(asked text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    RETURN QUERY SELECT d.name FROM domains.domain AS d
    WHERE d.name = lower(asked) AND d.state = 'active' AND d.enabled AND d.type = 'domain';
END
$$;

-- virtual_alias_domains: the target's name, if alias and target are enabled.
CREATE FUNCTION postfix_domain_alias(asked text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    RETURN QUERY SELECT d.name
    FROM domains.domain_alias AS a JOIN domains.domain AS d ON d.id = a.target_id
    WHERE a.name = lower(asked) AND a.enabled AND d.state = 'active' AND d.enabled;
END
$$;

-- virtual_mailbox_maps: the directory of a mailbox that takes mail.
CREATE FUNCTION postfix_mailbox(key text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    parts record := mail.split_key(key);
BEGIN
    RETURN QUERY SELECT m.home
    FROM domains.domain AS d
    JOIN mailboxes.mailbox AS m ON m.domain_id = d.id AND m.local_part = parts.local_part
    JOIN accounts.account AS a ON a.id = m.account_id
    WHERE d.name = parts.domain AND d.state = 'active' AND d.enabled
      AND m.state = 'active' AND a.state = 'active' AND a.is_active;
END
$$;

-- The recipients of the alias at an address, without local mailboxes that take no mail. No row: there is no such alias, it
-- is disabled or expired, or nobody is left.
CREATE FUNCTION alias_recipients(asked_domain_id bigint, asked_local_part text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
BEGIN
    RETURN QUERY SELECT coalesce(m.local_part || '@' || d.name, r.address)
    FROM mailboxes.alias AS l
    JOIN mailboxes.alias_recipient AS r ON r.alias_id = l.id
    LEFT JOIN mailboxes.mailbox AS m ON m.id = r.mailbox_id
    LEFT JOIN domains.domain AS d ON d.id = m.domain_id
    LEFT JOIN accounts.account AS a ON a.id = m.account_id
    WHERE l.domain_id = asked_domain_id AND l.local_part = asked_local_part
      AND l.enabled AND (l.expire_at IS NULL OR l.expire_at > now())
      AND (r.mailbox_id IS NULL
           OR (m.state = 'active' AND a.state = 'active' AND a.is_active AND d.state = 'active' AND d.enabled));
END
$$;

-- virtual_alias_maps. An address: where an alias leads, and the mailbox of that address itself. "@domain": the catch-all.
-- A disabled mailbox still answers with itself, so that a catch-all does not get its mail; postfix_access refuses it. An
-- address in a domain alias answers only if the target domain knows the local part: nothing is accepted to bounce.
CREATE FUNCTION postfix_alias(key text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    parts record := mail.split_key(key);
    asked record;
BEGIN
    IF parts.domain IS NULL THEN
        RETURN;
    END IF;
    asked := mail.resolve_domain(parts.domain);
    IF asked.domain_id IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT mail.alias_recipients(asked.domain_id, parts.local_part);
    IF parts.local_part <> '' THEN
        RETURN QUERY SELECT m.local_part || '@' || asked.name
        FROM mailboxes.mailbox AS m
        WHERE m.domain_id = asked.domain_id AND m.local_part = parts.local_part AND m.state = 'active'
          AND NOT EXISTS (
              SELECT FROM mailboxes.alias AS l JOIN mailboxes.alias_recipient AS r ON r.alias_id = l.id
              WHERE l.domain_id = m.domain_id AND l.local_part = m.local_part AND r.mailbox_id = m.id
                AND l.enabled AND (l.expire_at IS NULL OR l.expire_at > now()));
    END IF;
END
$$;

-- check_recipient_access: 450 while the agent moves the mailbox, 550 where its account is disabled.
CREATE FUNCTION postfix_access(key text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    parts record := mail.split_key(key);
    asked record;
BEGIN
    IF parts.domain IS NULL OR parts.local_part = '' THEN
        RETURN;
    END IF;
    asked := mail.resolve_domain(parts.domain);
    RETURN QUERY SELECT CASE WHEN a.is_active
        THEN '450 4.2.1 Requested mail action not taken: mailbox unavailable'
        ELSE '550 5.2.1 Requested action not taken: mailbox disabled' END
    FROM mailboxes.mailbox AS m
    JOIN accounts.account AS a ON a.id = m.account_id
    WHERE m.domain_id = asked.domain_id AND m.local_part = parts.local_part AND m.state = 'active'
      AND a.state = 'active'
      AND (NOT a.is_active OR EXISTS (
          SELECT FROM mailboxes.operation AS o
          WHERE o.mailbox_id = m.id AND o.state <> 'done' AND o.state IN ('pending', 'running')));
END
$$;

-- smtpd_sender_login_maps: who may send with this address: its own mailbox, the mailboxes behind an alias, extra sender
-- addresses; the same for the address in a domain alias.
CREATE FUNCTION postfix_sender_logins(key text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    parts record := mail.split_key(key);
    asked record;
BEGIN
    IF parts.domain IS NULL OR parts.local_part = '' THEN
        RETURN;
    END IF;
    asked := mail.resolve_domain(parts.domain);
    RETURN QUERY
    WITH senders AS (
        SELECT m.id FROM mailboxes.mailbox AS m
        WHERE m.domain_id = asked.domain_id AND m.local_part = parts.local_part
        UNION
        SELECT r.mailbox_id FROM mailboxes.alias AS l
        JOIN mailboxes.alias_recipient AS r ON r.alias_id = l.id AND r.mailbox_id IS NOT NULL
        WHERE l.domain_id = asked.domain_id AND l.local_part = parts.local_part
          AND l.enabled AND (l.expire_at IS NULL OR l.expire_at > now())
        UNION
        SELECT s.mailbox_id FROM mail.admin_senderaddress AS s
        WHERE s.address IN (parts.local_part || '@' || parts.domain, '@' || parts.domain)
    )
    SELECT m.local_part || '@' || d.name
    FROM senders AS s
    JOIN mailboxes.mailbox AS m ON m.id = s.id AND m.state = 'active'
    JOIN accounts.account AS a ON a.id = m.account_id AND a.state = 'active' AND a.is_active
    JOIN domains.domain AS d ON d.id = m.domain_id AND d.state = 'active' AND d.enabled;
END
$$;

-- relay_domains: the name, if it is an enabled relay domain.
CREATE FUNCTION postfix_relay_domain(asked text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    RETURN QUERY SELECT d.name FROM domains.domain AS d
    WHERE d.name = lower(asked) AND d.state = 'active' AND d.enabled AND d.type = 'relaydomain';
END
$$;

-- transport_maps: where an enabled relay domain's mail goes.
CREATE FUNCTION postfix_transport(asked text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    RETURN QUERY SELECT t.service || ':' || t.next_hop
    FROM mail.transport_transport AS t
    JOIN domains.domain AS d ON d.name = t.pattern
    WHERE t.pattern = lower(asked) AND d.state = 'active' AND d.enabled AND d.type = 'relaydomain';
END
$$;

-- transport_maps, before the one above: a mailbox that is stored here although its domain is relayed.
CREATE FUNCTION postfix_split_transport(key text, transport text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    parts record := mail.split_key(key);
BEGIN
    RETURN QUERY SELECT transport
    FROM domains.domain AS d
    JOIN mailboxes.mailbox AS m ON m.domain_id = d.id AND m.local_part = parts.local_part AND m.state = 'active'
    JOIN accounts.account AS a ON a.id = m.account_id AND a.state = 'active' AND a.is_active
    WHERE d.name = parts.domain AND d.state = 'active' AND d.enabled AND d.type = 'relaydomain';
END
$$;

-- check_recipient_access: verify the recipients of a relay domain.
CREATE FUNCTION postfix_relay_access(key text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    parts record := mail.split_key(key);
BEGIN
    RETURN QUERY SELECT r.action
    FROM mail.relaydomains_recipientaccess AS r
    JOIN domains.domain AS d ON d.name = r.pattern AND d.state = 'active' AND d.enabled
    WHERE r.pattern = parts.domain;
END
$$;

-- The mailbox that Dovecot means by a user name: by its address, or by a former one as long as mail for it may be in a
-- queue. Fails while the agent moves the mailbox: a temporary failure for logins and deliveries.
CREATE FUNCTION dovecot_mailbox(name text, with_former boolean, OUT mailbox_id bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    parts record := mail.split_key(name);
BEGIN
    SELECT m.id INTO mailbox_id
    FROM domains.domain AS d
    JOIN mailboxes.mailbox AS m ON m.domain_id = d.id AND m.local_part = parts.local_part AND m.state = 'active'
    WHERE d.name = parts.domain AND d.state = 'active' AND d.enabled;
    IF NOT FOUND AND with_former THEN
        SELECT f.mailbox_id INTO mailbox_id
        FROM mailboxes.former_address AS f
        JOIN mailboxes.mailbox AS m ON m.id = f.mailbox_id AND m.state = 'active'
        JOIN domains.domain AS d ON d.id = m.domain_id AND d.state = 'active' AND d.enabled
        WHERE f.address = parts.local_part || '@' || parts.domain AND f.until > now();
    END IF;
    IF mailbox_id IS NOT NULL AND EXISTS (
        SELECT FROM mailboxes.operation AS o
        WHERE o.mailbox_id = dovecot_mailbox.mailbox_id AND o.state <> 'done' AND o.state IN ('pending', 'running')) THEN
        RAISE EXCEPTION 'the mailbox is being moved, try again';
    END IF;
END
$$;

-- passdb: name, hash and, to save the second question, what userdb answers.
CREATE FUNCTION dovecot_password(name text, mail_home text)
RETURNS TABLE ("user" text, password text, userdb_home text, userdb_quota_rule text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    RETURN QUERY SELECT m.local_part || '@' || d.name, a.password_hash, mail_home || '/' || m.home,
                        '*:bytes=' || coalesce(q.quota_mb, 0) || 'M'
    FROM mailboxes.mailbox AS m
    JOIN accounts.account AS a ON a.id = m.account_id
    JOIN domains.domain AS d ON d.id = m.domain_id
    LEFT JOIN quotas.mailbox_quota AS q ON q.mailbox_id = m.id
    WHERE m.id = mail.dovecot_mailbox(name, false) AND a.state = 'active' AND a.is_active;
END
$$;

-- userdb, for deliveries too. "user" is the address of today, also where mail comes for a former one.
CREATE FUNCTION dovecot_user(name text, mail_home text)
RETURNS TABLE ("user" text, home text, quota_rule text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    RETURN QUERY SELECT m.local_part || '@' || d.name, mail_home || '/' || m.home,
                        '*:bytes=' || coalesce(q.quota_mb, 0) || 'M'
    FROM mailboxes.mailbox AS m
    JOIN accounts.account AS a ON a.id = m.account_id
    JOIN domains.domain AS d ON d.id = m.domain_id
    LEFT JOIN quotas.mailbox_quota AS q ON q.mailbox_id = m.id
    WHERE m.id = mail.dovecot_mailbox(name, true) AND a.state = 'active' AND a.is_active;
END
$$;

-- All users that can have mail.
CREATE FUNCTION dovecot_iterate() RETURNS TABLE ("user" text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT m.local_part || '@' || d.name
    FROM mailboxes.mailbox AS m
    JOIN accounts.account AS a ON a.id = m.account_id
    JOIN domains.domain AS d ON d.id = m.domain_id
    WHERE m.state = 'active' AND a.state = 'active' AND a.is_active AND d.state = 'active' AND d.enabled
$$;

-- For quotas.usage, which hears of a mailbox by the name that Dovecot uses.
CREATE FUNCTION mailbox_id_of(name text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    parts record := mail.split_key(name);
BEGIN
    RETURN (SELECT m.id
            FROM domains.domain AS d
            JOIN mailboxes.mailbox AS m ON m.domain_id = d.id AND m.local_part = parts.local_part
            WHERE d.name = parts.domain AND d.state = 'active' AND m.state = 'active');
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA mail FROM PUBLIC;
GRANT EXECUTE ON FUNCTION postfix_domain, postfix_domain_alias, postfix_mailbox, postfix_alias, postfix_access,
    postfix_sender_logins, postfix_relay_domain, postfix_transport, postfix_split_transport, postfix_relay_access,
    dovecot_password, dovecot_user, dovecot_iterate TO roost_mail;
