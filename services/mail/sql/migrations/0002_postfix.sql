-- What Postfix's maps ask. Each answer takes a few index probes by (domain, local part) with plans that the connection
-- keeps, so no answer waits for a copy of an address that follows a rename. A key that is no address has no row; it is
-- never an error.

-- Helpers have neither SECURITY DEFINER nor a search_path of their own: they run inside functions that have, and both cost
-- as much as a probe. Those in SQL become a part of the expression that calls them.

-- Postfix before 3.8 says that it speaks LATIN1 and sends UTF-8 all the same. NULL where it was no UTF-8.
CREATE FUNCTION utf8_key(key text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN convert_from(convert_to(key, 'LATIN1'), 'UTF8');
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;

-- The key in the form of our own addresses; NULL if it can be none.
CREATE FUNCTION canonical_key(key text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN octet_length(key) > 640 OR length(key) - length(replace(key, '@', '')) <> 1 THEN NULL
        WHEN octet_length(key) <> length(key) AND current_setting('client_encoding') = 'LATIN1' THEN
            lower(mail.utf8_key(key) COLLATE "C")
        ELSE lower(key COLLATE "C")
    END
$$;

-- An answer as the client will understand it.
CREATE FUNCTION wire_text(value text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN octet_length(value) <> length(value) AND current_setting('client_encoding') = 'LATIN1' THEN
            convert_from(convert_to(value, 'UTF8'), 'LATIN1')
        ELSE value
    END
$$;

-- The enabled domain of this name or domain alias.
CREATE FUNCTION served_domain(asked text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    found_id bigint;
BEGIN
    SELECT d.id INTO found_id FROM domains.domain AS d WHERE d.name = asked AND d.state = 'active' AND d.enabled;
    IF NOT FOUND THEN
        SELECT t.id INTO found_id
            FROM domains.domain_alias AS a JOIN domains.domain AS t ON t.id = a.target_id
            WHERE a.name = asked AND a.enabled AND t.state = 'active' AND t.enabled;
    END IF;
    RETURN found_id;
END
$$;

-- For virtual_mailbox_domains. A former name still is one for what is in the queue; maintain() refuses new mail to it.
CREATE FUNCTION domain(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT d.name FROM domains.domain AS d
        WHERE d.name = lower(key) AND d.type = 'domain' AND d.enabled AND d.state = 'active';
    IF NOT FOUND THEN
        RETURN QUERY SELECT n.name FROM domains.former_name AS n JOIN domains.domain AS d ON d.id = n.domain_id
            WHERE n.name = lower(key) AND n.until > now() AND d.type = 'domain' AND d.enabled AND d.state = 'active';
    END IF;
END
$$;

CREATE FUNCTION relay_domain(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT d.name FROM domains.domain AS d
        WHERE d.name = lower(key) AND d.type = 'relaydomain' AND d.enabled AND d.state = 'active';
END
$$;

-- The target's name.
CREATE FUNCTION domain_alias(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT t.name FROM domains.domain_alias AS a JOIN domains.domain AS t ON t.id = a.target_id
        WHERE a.name = lower(key) AND a.enabled AND t.enabled AND t.state = 'active';
END
$$;

-- The recipients of one alias, each under the address that it has now. A mailbox that is disabled is left out, and so is
-- an alias that was deleted and may be restored, unless it was the forward of a mailbox.
CREATE FUNCTION recipients(of_alias bigint) RETURNS SETOF text LANGUAGE plpgsql STABLE ROWS 3 AS $$
BEGIN
    RETURN QUERY
    SELECT CASE
            WHEN r.mailbox_id IS NOT NULL THEN
                m.local_part || substr(split_part(r.address, '@', 1), length(m.local_part) + 1) || '@' || md.name
            WHEN r.alias_ref_id IS NOT NULL THEN
                a.local_part || substr(split_part(r.address, '@', 1), length(a.local_part) + 1) || '@' || ad.name
            ELSE r.address
        END
    FROM mailboxes.alias_recipient AS r
    LEFT JOIN mailboxes.mailbox AS m ON m.id = r.mailbox_id
    LEFT JOIN domains.domain AS md ON md.id = m.domain_id
    LEFT JOIN accounts.account AS u ON u.id = m.account_id
    LEFT JOIN mailboxes.alias AS a ON a.id = r.alias_ref_id
    LEFT JOIN domains.domain AS ad ON ad.id = a.domain_id
    WHERE r.alias_id = of_alias
        AND (r.mailbox_id IS NULL OR (m.state = 'active' AND u.state = 'active' AND u.is_active
                                      AND md.state = 'active' AND md.enabled))
        AND (r.alias_ref_id IS NULL
             OR (ad.state = 'active' AND ad.enabled
                 AND (a.state = 'active' OR EXISTS (
                     SELECT FROM mailboxes.mailbox AS f
                     WHERE f.domain_id = a.domain_id AND f.local_part = a.local_part AND f.state = 'active'))));
END
$$;

-- Where mail for an address goes. A mailbox is among its own recipients, so that a catch-all never takes its mail; an
-- alias on a mailbox's address is a forward that leaves a copy in the mailbox. In an alias domain only what the target
-- knows exists: nothing is accepted that would bounce later. A former name of a domain is such an alias, for mail that was
-- accepted before the rename.
CREATE FUNCTION alias(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 2
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    address text := mail.canonical_key(key);
    wanted text := split_part(address, '@', 1);
    asked_domain text := split_part(address, '@', 2);
    found_domain bigint;
    target_name text;
    found_mailbox bigint;
    found_alias bigint;
BEGIN
    IF address IS NULL THEN
        RETURN;
    END IF;
    SELECT d.id INTO found_domain FROM domains.domain AS d
        WHERE d.name = asked_domain AND d.state = 'active' AND d.enabled;
    IF NOT FOUND THEN
        SELECT t.id, t.name INTO found_domain, target_name
            FROM domains.domain_alias AS a JOIN domains.domain AS t ON t.id = a.target_id
            WHERE a.name = asked_domain AND a.enabled AND t.state = 'active' AND t.enabled;
        IF NOT FOUND THEN
            SELECT t.id, t.name INTO found_domain, target_name
                FROM domains.former_name AS n JOIN domains.domain AS t ON t.id = n.domain_id
                WHERE n.name = asked_domain AND n.until > now() AND t.state = 'active' AND t.enabled;
        END IF;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    IF wanted <> '' THEN
        SELECT m.id INTO found_mailbox FROM mailboxes.mailbox AS m
            WHERE m.domain_id = found_domain AND m.local_part = wanted AND m.state = 'active';
    END IF;
    SELECT a.id INTO found_alias FROM mailboxes.alias AS a
        WHERE a.domain_id = found_domain AND a.local_part = wanted AND a.enabled AND a.state = 'active'
            AND (a.expire_at IS NULL OR a.expire_at > now());
    IF found_mailbox IS NULL AND found_alias IS NULL THEN
        RETURN;
    ELSIF target_name IS NOT NULL THEN
        RETURN NEXT mail.wire_text(wanted || '@' || target_name);
        RETURN;
    ELSIF found_mailbox IS NOT NULL THEN
        RETURN NEXT mail.wire_text(address);
    END IF;
    IF found_alias IS NOT NULL THEN
        RETURN QUERY SELECT mail.wire_text(r) FROM mail.recipients(found_alias) AS r
            WHERE found_mailbox IS NULL OR r <> address;
    END IF;
END
$$;

-- The mailbox that an address means, in a domain or alias domain: its id, and whether mail may be delivered to it.
CREATE FUNCTION mailbox_of(key text, OUT mailbox_id bigint, OUT is_open boolean) LANGUAGE plpgsql STABLE AS $$
DECLARE
    address text := mail.canonical_key(key);
    found_domain bigint;
BEGIN
    IF address IS NULL THEN
        RETURN;
    END IF;
    found_domain := mail.served_domain(split_part(address, '@', 2));
    SELECT m.id, u.is_active AND u.state = 'active' INTO mailbox_id, is_open
        FROM mailboxes.mailbox AS m JOIN accounts.account AS u ON u.id = m.account_id
        WHERE m.domain_id = found_domain AND m.local_part = split_part(address, '@', 1) AND m.state = 'active';
END
$$;

-- For virtual_mailbox_maps: the directory of a mailbox that mail can be delivered to.
CREATE FUNCTION mailbox(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    address text := mail.canonical_key(key);
BEGIN
    RETURN QUERY SELECT mail.wire_text(m.home)
        FROM domains.domain AS d
        JOIN mailboxes.mailbox AS m ON m.domain_id = d.id AND m.local_part = split_part(address, '@', 1)
        JOIN accounts.account AS u ON u.id = m.account_id
        WHERE d.name = split_part(address, '@', 2) AND d.state = 'active' AND d.enabled AND m.state = 'active'
            AND u.state = 'active' AND u.is_active;
END
$$;

-- For check_recipient_access: mailboxes that do not take mail now, and domains that have another name by now.
CREATE FUNCTION maintain(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_mailbox bigint;
    is_open boolean;
BEGIN
    SELECT * INTO found_mailbox, is_open FROM mail.mailbox_of(key);
    IF found_mailbox IS NULL THEN
        RETURN QUERY SELECT '550 5.1.6 The domain has another name now' FROM domains.former_name AS n
            WHERE n.name = split_part(mail.canonical_key(key), '@', 2) AND n.until > now();
    ELSIF NOT is_open THEN
        RETURN NEXT '550 5.2.1 Mailbox disabled, not accepting messages';
    ELSIF EXISTS (SELECT FROM mailboxes.operation AS o
                  WHERE o.mailbox_id = found_mailbox AND o.type = 'rename' AND o.state <> 'done'
                      AND o.state <> 'failed') THEN
        RETURN NEXT '450 4.2.1 Mailbox is being moved, try again';
    END IF;
END
$$;

-- For smtpd_sender_login_maps: who may send as an address. The owner of the mailbox ...
CREATE FUNCTION sender_login_mailbox(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_mailbox bigint;
    is_open boolean;
BEGIN
    SELECT * INTO found_mailbox, is_open FROM mail.mailbox_of(key);
    IF is_open THEN
        RETURN QUERY SELECT mail.wire_text(m.local_part || '@' || d.name)
            FROM mailboxes.mailbox AS m JOIN domains.domain AS d ON d.id = m.domain_id WHERE m.id = found_mailbox;
    END IF;
END
$$;

-- ... the mailboxes that an alias delivers to ...
CREATE FUNCTION sender_login_alias(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    canonical text := mail.canonical_key(key);
    found_domain bigint := mail.served_domain(split_part(canonical, '@', 2));
    found_alias bigint;
BEGIN
    SELECT a.id INTO found_alias FROM mailboxes.alias AS a
        WHERE a.domain_id = found_domain AND a.local_part = split_part(canonical, '@', 1) AND a.local_part <> ''
            AND a.enabled AND a.state = 'active' AND (a.expire_at IS NULL OR a.expire_at > now());
    IF FOUND THEN
        RETURN QUERY SELECT DISTINCT mail.wire_text(m.local_part || '@' || d.name)
            FROM mailboxes.alias_recipient AS r
            JOIN mailboxes.mailbox AS m ON m.id = r.mailbox_id
            JOIN domains.domain AS d ON d.id = m.domain_id
            JOIN accounts.account AS u ON u.id = m.account_id
            WHERE r.alias_id = found_alias AND m.state = 'active' AND d.state = 'active' AND d.enabled
                AND u.state = 'active' AND u.is_active;
    END IF;
END
$$;

-- ... and the mailboxes that were given the address, or its whole domain, as a sender address.
CREATE FUNCTION sender_login_extra(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    canonical text := mail.canonical_key(key);
BEGIN
    RETURN QUERY SELECT DISTINCT mail.wire_text(m.local_part || '@' || d.name)
        FROM mail.admin_senderaddress AS s
        JOIN mailboxes.mailbox AS m ON m.id = s.mailbox_id
        JOIN domains.domain AS d ON d.id = m.domain_id
        JOIN accounts.account AS u ON u.id = m.account_id
        WHERE s.address IN (canonical, '@' || split_part(canonical, '@', 2))
            AND m.state = 'active' AND d.state = 'active' AND d.enabled AND u.state = 'active' AND u.is_active;
END
$$;

-- All three at once.
CREATE FUNCTION sender_login(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    canonical text := mail.canonical_key(key);
    wanted text := split_part(canonical, '@', 1);
    found_domain bigint := mail.served_domain(split_part(canonical, '@', 2));
BEGIN
    RETURN QUERY SELECT DISTINCT mail.wire_text(m.local_part || '@' || d.name)
        FROM (SELECT b.id FROM mailboxes.mailbox AS b WHERE b.domain_id = found_domain AND b.local_part = wanted
              UNION ALL
              SELECT r.mailbox_id FROM mailboxes.alias AS a
              JOIN mailboxes.alias_recipient AS r ON r.alias_id = a.id AND r.mailbox_id IS NOT NULL
              WHERE a.domain_id = found_domain AND a.local_part = wanted AND wanted <> '' AND a.enabled
                  AND a.state = 'active' AND (a.expire_at IS NULL OR a.expire_at > now())
              UNION ALL
              SELECT s.mailbox_id FROM mail.admin_senderaddress AS s
              WHERE s.address IN (canonical, '@' || split_part(canonical, '@', 2))) AS owner
        JOIN mailboxes.mailbox AS m ON m.id = owner.id
        JOIN domains.domain AS d ON d.id = m.domain_id
        JOIN accounts.account AS u ON u.id = m.account_id
        WHERE m.state = 'active' AND d.state = 'active' AND d.enabled AND u.state = 'active' AND u.is_active;
END
$$;

-- For transport_maps, by domain.
CREATE FUNCTION transport(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT s.name || ':[' || r.target_host || ']:' || r.target_port
            FROM domains.domain AS d
            JOIN mail.postfix_relay_domains_relaydomain AS r ON r.domain_id = d.id
            JOIN mail.postfix_relay_domains_service AS s ON s.id = r.service_id
            WHERE d.name = lower(key) AND d.state = 'active' AND d.enabled
        UNION
        SELECT t.service || ':' || t.next_hop FROM mail.transport_transport AS t
            WHERE t.pattern = lower(key) AND t.enabled;
END
$$;

-- The address, if it has a mailbox here although its domain is relayed.
CREATE FUNCTION relay_mailbox(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    address text := mail.canonical_key(key);
BEGIN
    RETURN QUERY SELECT mail.wire_text(address)
        FROM domains.domain AS d
        JOIN mailboxes.mailbox AS m ON m.domain_id = d.id AND m.local_part = split_part(address, '@', 1)
        JOIN accounts.account AS u ON u.id = m.account_id
        WHERE d.name = split_part(address, '@', 2) AND d.type = 'relaydomain' AND d.state = 'active' AND d.enabled
            AND m.state = 'active' AND u.state = 'active' AND u.is_active;
END
$$;

-- For check_recipient_access: relay domains whose recipients Postfix asks the target for.
CREATE FUNCTION relay_verification(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked_domain text := split_part(mail.canonical_key(key), '@', 2);
BEGIN
    RETURN QUERY
        SELECT 'reject_unverified_recipient'
            FROM domains.domain AS d JOIN mail.postfix_relay_domains_relaydomain AS r ON r.domain_id = d.id
            WHERE d.name = asked_domain AND d.state = 'active' AND d.enabled AND r.verify_recipients
        UNION
        SELECT a.action FROM mail.relaydomains_recipientaccess AS a WHERE a.pattern = asked_domain;
END
$$;
