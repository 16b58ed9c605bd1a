-- What Postfix and Dovecot read: views with the names and columns of Modoboa's tables, so that configuration written for
-- Modoboa works here. Only what is active is shown. The views run as their owner; roost_mail may use nothing else.
GRANT USAGE ON SCHEMA mail TO roost_mail;

-- Postfix and Dovecot send their queries unprepared, and planning a join of views takes far longer than running it. So a
-- view has one table and asks for what others know by functions, whose plans the connection keeps. They are not PARALLEL
-- SAFE: no lookup is worth starting workers, whatever the planner expects to find.
CREATE FUNCTION domain_is_open(asked_id bigint) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM domains.domain AS d WHERE d.id = asked_id AND d.enabled AND d.state = 'active');
END
$$;

CREATE FUNCTION domain_name(asked_id bigint) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT d.name FROM domains.domain AS d WHERE d.id = asked_id);
END
$$;

CREATE FUNCTION domain_quota(asked_id bigint) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT q.quota_mb FROM quotas.domain_quota AS q WHERE q.domain_id = asked_id), 0);
END
$$;

CREATE FUNCTION default_mailbox_quota(asked_domain_id bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT q.default_mailbox_quota_mb FROM quotas.domain_quota AS q
                     WHERE q.domain_id = asked_domain_id), 0);
END
$$;

CREATE FUNCTION mailbox_quota(asked_id bigint) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT q.quota_mb FROM quotas.mailbox_quota AS q WHERE q.mailbox_id = asked_id), 0);
END
$$;

CREATE FUNCTION uses_domain_quota(asked_mailbox_id bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT q.use_domain_quota FROM quotas.mailbox_quota AS q WHERE q.mailbox_id = asked_mailbox_id), true);
END
$$;

-- Whether mail can be delivered to and read from a mailbox of this account in this domain.
CREATE FUNCTION mailbox_is_open(asked_account_id bigint, asked_domain_id bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM accounts.account AS a JOIN domains.domain AS d ON d.id = asked_domain_id
                   WHERE a.id = asked_account_id AND a.is_active AND a.state = 'active' AND d.enabled
                       AND d.state = 'active');
END
$$;

-- A mailbox in a disabled domain cannot be opened.
CREATE FUNCTION account_is_open(asked_id bigint) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN NOT EXISTS (SELECT FROM mailboxes.mailbox AS m LEFT JOIN domains.domain AS d ON d.id = m.domain_id
                       WHERE m.account_id = asked_id AND (d.enabled AND d.state = 'active') IS NOT TRUE);
END
$$;

-- Accounts that log in.
CREATE VIEW core_user AS
SELECT a.id, a.username, a.first_name, a.last_name, a.email, a.password_hash AS password,
    a.is_active AND account_is_open(a.id) AS is_active, false AS is_staff, a.role = 'SuperAdmins' AS is_superuser,
    true AS is_local, a.master_user, a.language, a.phone_number, a.secondary_email, a.date_joined, a.last_login
FROM accounts.account AS a
WHERE a.state = 'active';

CREATE VIEW admin_domain AS
SELECT d.id, d.name, domain_quota(d.id) AS quota, default_mailbox_quota(d.id) AS default_mailbox_quota,
    NULL::integer AS message_limit, d.enabled, d.type, d.enable_dns_checks, NULL::bigint AS transport_id,
    false AS enable_dkim, d.creation, d.last_modification
FROM domains.domain AS d
WHERE d.state = 'active';

CREATE VIEW admin_domainalias AS
SELECT a.id, a.name, a.enabled, a.target_id, a.creation, a.last_modification
FROM domains.domain_alias AS a;

-- Mailboxes that mail can be delivered to and read from.
CREATE VIEW admin_mailbox AS
SELECT m.id, m.local_part AS address, mailbox_quota(m.id) AS quota, uses_domain_quota(m.id) AS use_domain_quota,
    NULL::integer AS message_limit, false AS is_send_only, m.domain_id, m.account_id AS user_id, m.creation,
    m.last_modification
FROM mailboxes.mailbox AS m
WHERE m.state = 'active' AND mailbox_is_open(m.account_id, m.domain_id);

-- What the internal aliases below are found by. A join with one of the views' UNIONs uses an index only where each part
-- is one table, without a condition, and the key a column of it.
ALTER TABLE domains.domain_alias
    ADD COLUMN mail_alias_id bigint NOT NULL GENERATED ALWAYS AS (-4611686018427387904 - id) STORED,
    ADD COLUMN mail_address text COLLATE "C" NOT NULL GENERATED ALWAYS AS ('@' || name) STORED;
CREATE INDEX domain_alias_mail_alias_id_idx ON domains.domain_alias (mail_alias_id);
CREATE INDEX domain_alias_mail_address_idx ON domains.domain_alias (mail_address);

-- Beside the real ones those that Modoboa calls internal: a mailbox's alias to itself, which keeps a catch-all from
-- swallowing its mail (also while its account is disabled), and an alias domain's to its target. Ids of the three kinds
-- do not meet.
CREATE VIEW admin_alias AS
SELECT a.id, a.address, a.domain_id, a.enabled AND domain_is_open(a.domain_id) AS enabled, false AS internal,
    a.description, a.expire_at, a.creation, a.last_modification
FROM mailboxes.alias AS a
WHERE a.state = 'active'
UNION ALL
SELECT m.self_alias_id, m.full_address, m.domain_id, true, true, '', NULL, m.creation, m.last_modification
FROM mailboxes.mailbox AS m
WHERE m.state = 'active'
UNION ALL
SELECT a.mail_alias_id, a.mail_address, NULL, a.enabled AND domain_is_open(a.target_id), true, '', NULL, a.creation,
    a.last_modification
FROM domains.domain_alias AS a;

-- Rows of mailboxes that are still pending lead nowhere: they have no alias above.
CREATE VIEW modoboa_admin_aliasrecipient AS
SELECT r.alias_id AS id, r.address, r.alias_id, r.mailbox_id AS r_mailbox_id, r.alias_ref_id AS r_alias_id
FROM mailboxes.alias_recipient AS r
UNION ALL
SELECT m.self_alias_id, m.full_address, m.self_alias_id, m.id, NULL::bigint
FROM mailboxes.mailbox AS m
UNION ALL
SELECT a.mail_alias_id, '@' || domain_name(a.target_id), a.mail_alias_id, NULL::bigint, NULL::bigint
FROM domains.domain_alias AS a;

-- For what Dovecot asks while a domain is being renamed.
CREATE INDEX domain_renaming_from_idx ON domains.domain (renaming_from) WHERE renaming_from IS NOT NULL;

-- Mailboxes whose directory is being moved: their addresses answer 450.
CREATE VIEW admin_mailboxoperation AS
SELECT o.id, o.mailbox_id, o.type, o.argument
FROM mailboxes.operation AS o
WHERE o.type = 'rename' AND o.state <> 'done' AND o.state <> 'failed';

-- Dovecot writes its counters through this view, by address.
CREATE VIEW admin_quota AS
SELECT u.username, u.bytes, u.messages FROM quotas.usage AS u;

-- Features that are still to come: the tables are there, empty, so that configuration that names them works.
CREATE TABLE admin_senderaddress (
    id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT admin_senderaddress_pkey PRIMARY KEY,
    address text COLLATE "C" NOT NULL,
    mailbox_id bigint NOT NULL,
    CONSTRAINT admin_senderaddress_address_key UNIQUE (address, mailbox_id)
);
CREATE TABLE postfix_relay_domains_service (
    id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT postfix_relay_domains_service_pkey PRIMARY KEY,
    name text NOT NULL CONSTRAINT postfix_relay_domains_service_name_key UNIQUE
);
INSERT INTO postfix_relay_domains_service (name) VALUES ('relay'), ('smtp');
CREATE TABLE postfix_relay_domains_relaydomain (
    id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT postfix_relay_domains_relaydomain_pkey PRIMARY KEY,
    domain_id bigint CONSTRAINT postfix_relay_domains_relaydomain_domain_id_key UNIQUE,
    target_host text NOT NULL,
    target_port integer NOT NULL DEFAULT 25,
    service_id bigint NOT NULL
        CONSTRAINT postfix_relay_domains_relaydomain_service_id_fkey REFERENCES postfix_relay_domains_service,
    verify_recipients boolean NOT NULL DEFAULT false
);
CREATE TABLE transport_transport (
    id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT transport_transport_pkey PRIMARY KEY,
    pattern text COLLATE "C" NOT NULL CONSTRAINT transport_transport_pattern_key UNIQUE,
    service text NOT NULL,
    next_hop text NOT NULL,
    enabled boolean NOT NULL DEFAULT true
);
CREATE TABLE relaydomains_recipientaccess (
    id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT relaydomains_recipientaccess_pkey PRIMARY KEY,
    pattern text COLLATE "C" NOT NULL CONSTRAINT relaydomains_recipientaccess_pattern_key UNIQUE,
    action text NOT NULL
);

GRANT SELECT ON core_user, admin_domain, admin_domainalias, admin_mailbox, admin_alias, modoboa_admin_aliasrecipient,
    admin_mailboxoperation, admin_senderaddress, postfix_relay_domains_service, postfix_relay_domains_relaydomain,
    transport_transport, relaydomains_recipientaccess TO roost_mail;
GRANT SELECT, INSERT, UPDATE, DELETE ON admin_quota TO roost_mail;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA mail FROM PUBLIC;
GRANT EXECUTE ON FUNCTION domain_is_open(bigint), domain_name(bigint), domain_quota(bigint),
    default_mailbox_quota(bigint), mailbox_quota(bigint), uses_domain_quota(bigint), mailbox_is_open(bigint, bigint),
    account_is_open(bigint) TO roost_mail;
