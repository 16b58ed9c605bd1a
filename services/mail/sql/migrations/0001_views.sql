-- The tables that configurations written for Modoboa 1.6 and 2.x query, under their names. What decides about mail is
-- decided here: rows that are not active, disabled accounts and disabled domains are not to be seen, or are disabled.
-- Ids of aliases: a user's alias has its own, the alias of a mailbox to itself the mailbox's id negated, the catch-all of
-- a domain alias its id above 2^62.

-- Kinds of tables that Modoboa has and that no service fills.
CREATE TABLE admin_senderaddress (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT admin_senderaddress_pkey PRIMARY KEY,
    address text COLLATE "C" NOT NULL,
    mailbox_id bigint NOT NULL,
    CONSTRAINT admin_senderaddress_address_key UNIQUE (address, mailbox_id)
);
CREATE TABLE postfix_relay_domains_service (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT postfix_relay_domains_service_pkey PRIMARY KEY,
    name text NOT NULL CONSTRAINT postfix_relay_domains_service_name_key UNIQUE
);
CREATE TABLE postfix_relay_domains_relaydomain (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT postfix_relay_domains_relaydomain_pkey PRIMARY KEY,
    domain_id bigint CONSTRAINT postfix_relay_domains_relaydomain_domain_id_key UNIQUE,
    target_host text NOT NULL,
    target_port integer NOT NULL DEFAULT 25,
    service_id bigint NOT NULL,
    verify_recipients boolean NOT NULL DEFAULT false
);
CREATE TABLE transport_transport (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT transport_transport_pkey PRIMARY KEY,
    pattern text COLLATE "C" NOT NULL CONSTRAINT transport_transport_pattern_key UNIQUE,
    service text NOT NULL,
    next_hop text NOT NULL
);
CREATE TABLE relaydomains_recipientaccess (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT relaydomains_recipientaccess_pkey PRIMARY KEY,
    pattern text COLLATE "C" NOT NULL CONSTRAINT relaydomains_recipientaccess_pattern_key UNIQUE,
    action text NOT NULL
);

CREATE VIEW admin_domain AS
SELECT d.id, d.name, d.enabled, d.type, d.enable_dns_checks, d.creation, d.last_modification,
       coalesce(q.quota_mb, 0) AS quota, coalesce(q.default_mailbox_quota_mb, 0) AS default_mailbox_quota,
       NULL::integer AS message_limit, NULL::bigint AS transport_id
FROM domains.domain AS d
LEFT JOIN quotas.domain_quota AS q ON q.domain_id = d.id
WHERE d.state = 'active';

CREATE VIEW admin_domainalias AS
SELECT a.id, a.name, a.target_id, a.enabled, a.creation, a.last_modification
FROM domains.domain_alias AS a
JOIN domains.domain AS d ON d.id = a.target_id
WHERE d.state = 'active';

CREATE VIEW core_user AS
SELECT a.id, a.username, a.first_name, a.last_name, a.email, a.password_hash AS password,
       false AS is_staff, a.role = 'SuperAdmins' AS is_superuser,
       a.is_active AND (m.id IS NULL OR (m.state = 'active' AND d.enabled AND d.state = 'active')) AS is_active,
       true AS is_local, a.master_user, a.date_joined, a.last_login, a.language, a.phone_number, a.secondary_email
FROM accounts.account AS a
LEFT JOIN mailboxes.mailbox AS m ON m.account_id = a.id
LEFT JOIN domains.domain AS d ON d.id = m.domain_id
WHERE a.state = 'active';

CREATE VIEW admin_mailbox AS
SELECT m.id, m.local_part AS address, coalesce(q.quota_mb, 0) AS quota,
       coalesce(q.use_domain_quota, false) AS use_domain_quota, NULL::integer AS message_limit, false AS is_send_only,
       m.domain_id, m.account_id AS user_id, m.creation, m.last_modification
FROM mailboxes.mailbox AS m
JOIN accounts.account AS a ON a.id = m.account_id
JOIN domains.domain AS d ON d.id = m.domain_id
LEFT JOIN quotas.mailbox_quota AS q ON q.mailbox_id = m.id
WHERE m.state = 'active' AND a.state = 'active' AND a.is_active AND d.state = 'active' AND d.enabled;

-- The documented queries look aliases up by address and recipients by the alias's id, so both need an index there.
CREATE INDEX mailbox_mail_alias_id_idx ON mailboxes.mailbox ((-id));
CREATE INDEX domain_alias_mail_alias_id_idx ON domains.domain_alias ((id + 4611686018427387904));
CREATE INDEX domain_alias_mail_address_idx ON domains.domain_alias (('@' || name));

CREATE VIEW admin_alias AS
SELECT l.id, l.address, l.domain_id, l.enabled AND d.enabled AS enabled, false AS internal, l.description, l.expire_at,
       l.creation, l.last_modification
FROM mailboxes.alias AS l
JOIN domains.domain AS d ON d.id = l.domain_id
WHERE d.state = 'active'
UNION ALL
SELECT -m.id, m.full_address, m.domain_id, a.is_active AND d.enabled, true, '', NULL, m.creation, m.last_modification
FROM mailboxes.mailbox AS m
JOIN accounts.account AS a ON a.id = m.account_id
JOIN domains.domain AS d ON d.id = m.domain_id
WHERE m.state = 'active' AND a.state = 'active' AND d.state = 'active'
UNION ALL
SELECT a.id + 4611686018427387904, '@' || a.name, NULL, a.enabled AND d.enabled, true, '', NULL, a.creation,
       a.last_modification
FROM domains.domain_alias AS a
JOIN domains.domain AS d ON d.id = a.target_id
WHERE d.state = 'active';

CREATE VIEW modoboa_admin_aliasrecipient AS
SELECT r.alias_id, r.address, r.mailbox_id AS r_mailbox_id, r.alias_ref_id AS r_alias_id
FROM mailboxes.alias_recipient AS r
UNION ALL
SELECT -m.id, m.full_address, m.id, NULL
FROM mailboxes.mailbox AS m
UNION ALL
SELECT a.id + 4611686018427387904, '@' || d.name, NULL, NULL
FROM domains.domain_alias AS a
JOIN domains.domain AS d ON d.id = a.target_id;

-- A row says that the mailbox must not be written to now.
CREATE VIEW admin_mailboxoperation AS
SELECT id, mailbox_id, type, argument
FROM mailboxes.operation
WHERE state IN ('pending', 'running');

-- Dovecot's quota dictionary reads and writes here; quotas.usage makes a mailbox of the name.
CREATE VIEW admin_quota AS
SELECT username, bytes, messages FROM quotas.usage;

GRANT USAGE ON SCHEMA mail TO roost_mail;
GRANT SELECT ON core_user, admin_domain, admin_domainalias, admin_mailbox, admin_alias, modoboa_admin_aliasrecipient,
    admin_senderaddress, admin_mailboxoperation, admin_quota, postfix_relay_domains_service,
    postfix_relay_domains_relaydomain, transport_transport, relaydomains_recipientaccess TO roost_mail;
GRANT INSERT, UPDATE, DELETE ON admin_quota TO roost_mail;
