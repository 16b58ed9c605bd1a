-- Adds :mailboxes mailboxes in :domains domains, in one transaction. For the owner of the database.
--
-- What a row holds depends on its number only, so the same request gives the same rows; a further one goes on counting
-- where the last one ended. Triggers are switched off, what they count is written afterwards. Writers wait meanwhile.
\set QUIET on
\set ON_ERROR_STOP on
\pset tuples_only on
\pset format unaligned
SET client_min_messages = warning;
BEGIN;
SET LOCAL work_mem = '128MB';

ALTER TABLE domains.domain DISABLE TRIGGER USER;
ALTER TABLE domains.domain_alias DISABLE TRIGGER USER;
ALTER TABLE accounts.account DISABLE TRIGGER USER;
ALTER TABLE mailboxes.mailbox DISABLE TRIGGER USER;
ALTER TABLE mailboxes.alias DISABLE TRIGGER USER;
ALTER TABLE mailboxes.alias_recipient DISABLE TRIGGER USER;
ALTER TABLE quotas.domain_quota DISABLE TRIGGER USER;
ALTER TABLE quotas.mailbox_quota DISABLE TRIGGER USER;
ALTER TABLE quotas.usage DISABLE TRIGGER USER;

-- Where more rows come than there are, indexes are quicker made anew than kept, foreign keys checked at once.
SELECT :mailboxes > count(*) AS is_bulk FROM mailboxes.mailbox \gset
CREATE TEMP TABLE bulk_table ON COMMIT DROP AS
SELECT unnest(ARRAY['accounts.account', 'mailboxes.mailbox', 'mailboxes.alias', 'mailboxes.alias_recipient',
                    'quotas.mailbox_quota', 'quotas.usage']::regclass[]) AS id WHERE :'is_bulk';
CREATE TEMP TABLE dropped_index ON COMMIT DROP AS
SELECT i.indexrelid::regclass AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM bulk_table AS t JOIN pg_index AS i ON i.indrelid = t.id
WHERE NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid);
CREATE TEMP TABLE dropped_key ON COMMIT DROP AS
SELECT t.id, c.conname AS name, pg_get_constraintdef(c.oid) AS definition
FROM bulk_table AS t JOIN pg_constraint AS c ON c.conrelid = t.id AND c.contype = 'f';
SELECT format('DROP INDEX %s', name) FROM dropped_index \gexec
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', id, name) FROM dropped_key \gexec

-- Takes n numbers of a sequence; the last one before them.
CREATE FUNCTION pg_temp.take(sequence text, n bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT setval(sequence, nextval(sequence) + n - 1) - n
$$;

-- One row: how many there are to be, and from where to count.
CREATE TEMP TABLE plan ON COMMIT DROP AS
SELECT :mailboxes::bigint AS n, :domains::bigint AS n_domains, d.first AS first_domain, d.first * :per_domain AS first,
    pg_temp.take('domains.domain_id_seq', :domains) AS domain_base,
    pg_temp.take('domains.domain_alias_id_seq', :domains) AS domain_alias_base,
    pg_temp.take('accounts.account_id_seq', :mailboxes) AS account_base,
    pg_temp.take('mailboxes.mailbox_id_seq', :mailboxes) AS mailbox_base,
    pg_temp.take('mailboxes.alias_id_seq', :mailboxes) AS alias_base,
    coalesce((SELECT value = 'address' FROM mailboxes.setting WHERE name = 'mail_home_layout'), false) AS home_is_address
FROM (SELECT coalesce(max(substr(name, 5, 7)::bigint) + 1, 0) AS first
      FROM domains.domain WHERE name >= 'seed0000000' AND name < 'seed:' AND name ~ '^seed[0-9]{7}[.]test$') AS d;

CREATE TEMP TABLE planned_domain ON COMMIT DROP AS
SELECT domain_base + i AS id, first_domain + i - 1 AS number,
    'seed' || lpad((first_domain + i - 1)::text, 7, '0') || '.test' AS name,
    timestamptz '2020-01-01 00:00:00Z' + (first_domain + i - 1) * interval '1 minute' AS creation
FROM plan, generate_series(1, n_domains) AS i;

CREATE TEMP TABLE planned_mailbox ON COMMIT DROP AS
SELECT i, account_base + i AS account_id, mailbox_base + i AS id, d.id AS domain_id,
    translate(lower(f.name || '.' || l.name), 'äëéèüñöø', 'aeeeunoo') || '.' || i % :per_domain AS local_part,
    d.name AS domain, f.name AS first_name, l.name AS last_name, (i + first) % 5 < 3 AS has_name,
    (i + first) % 10 = 3 AS has_own_quota,
    timestamptz '2020-01-01 00:00:00Z' + (first + i) * interval '2 seconds' AS creation
FROM plan, generate_series(1, n) AS i
JOIN planned_domain AS d ON d.id = (SELECT domain_base FROM plan) + 1 + (i - 1) / :per_domain
CROSS JOIN LATERAL (SELECT (ARRAY['Anna', 'Ben', 'Carla', 'David', 'Elif', 'Finn', 'Greta', 'Hugo', 'Ida', 'Jürgen',
    'Karim', 'Lena', 'Mateo', 'Nora', 'Oskar', 'Paula', 'Quentin', 'René', 'Sofia', 'Tomas', 'Ulla', 'Victor', 'Wanda',
    'Xenia', 'Yusuf', 'Zoë', 'Andrea', 'Bruno', 'Clara', 'Dora', 'Emil'])[1 + (first + i) * 7919 % 31] AS name) AS f
CROSS JOIN LATERAL (SELECT (ARRAY['Abel', 'Bauer', 'Costa', 'Dubois', 'Evans', 'Ferrari', 'García', 'Hansen', 'Ivanova',
    'Jansen', 'Kowalski', 'Lopez', 'Meier', 'Nguyen', 'Olsen', 'Petrov', 'Quinn', 'Rossi', 'Silva', 'Tanaka', 'Ueda',
    'Varga', 'Weber', 'Xu', 'Yilmaz', 'Zimmer', 'Andersson', 'Brown', 'Cohen', 'Dimitrov', 'Eriksen', 'Fischer',
    'Gruber', 'Horvath', 'Ito', 'Johnson', 'Kim'])[1 + (first + i) * 104729 % 37] AS name) AS l;
\echo planned

INSERT INTO domains.domain (id, name, enable_dns_checks, creation, last_modification, alias_count)
SELECT id, name, false, creation, creation, (number % 20 = 0)::int FROM planned_domain ORDER BY id;
INSERT INTO domains.domain_alias (id, name, target_id, creation, last_modification)
SELECT domain_alias_base + d.id - domain_base, 'also-' || d.name, d.id, d.creation, d.creation
FROM planned_domain AS d, plan WHERE d.number % 20 = 0 ORDER BY d.id;
INSERT INTO domains.domain_name (name, kind, owner_id)
SELECT name, 'domain', id FROM planned_domain
UNION ALL SELECT name, 'alias', id FROM domains.domain_alias, plan WHERE id > domain_alias_base
ORDER BY 1;
INSERT INTO domains.tally AS t (kind, shard, n)
SELECT 'domain', 0, count(*) FROM planned_domain
UNION ALL SELECT 'alias', 0, count(*) FROM planned_domain WHERE number % 20 = 0
ON CONFLICT (kind, shard) DO UPDATE SET n = t.n + excluded.n;
\echo domains

INSERT INTO accounts.account (id, username, email, first_name, last_name, role, password_hash, state, date_joined,
                              last_modification)
SELECT account_id, local_part || '@' || domain, local_part || '@' || domain, CASE WHEN has_name THEN first_name ELSE '' END,
    CASE WHEN has_name THEN last_name ELSE '' END, 'SimpleUsers', :'password_hash', 'active', creation, creation
FROM planned_mailbox ORDER BY account_id;
INSERT INTO accounts.tally AS t (shard, accounts) SELECT 0, n FROM plan
ON CONFLICT (shard) DO UPDATE SET accounts = t.accounts + excluded.accounts;
\echo accounts

INSERT INTO mailboxes.mailbox (id, account_id, domain_id, local_part, full_address, home, state, creation,
                               last_modification)
SELECT id, account_id, domain_id, local_part, local_part || '@' || domain,
    CASE WHEN home_is_address THEN domain || '/' || local_part
         ELSE lpad(to_hex(id & 255), 2, '0') || '/' || lpad(to_hex(id >> 8 & 255), 2, '0') || '/' || id END,
    'active', creation, creation
FROM planned_mailbox, plan ORDER BY id;
\echo mailboxes

-- Every tenth mailbox leads a list: itself, the next two of its domain, and for every second list somebody elsewhere.
INSERT INTO mailboxes.alias (id, domain_id, local_part, address, creation, last_modification)
SELECT alias_base + i, domain_id, 'list.' || i % :per_domain, 'list.' || i % :per_domain || '@' || domain, creation, creation
FROM planned_mailbox, plan WHERE i % 10 = 1 ORDER BY i;
INSERT INTO mailboxes.alias_recipient (alias_id, address, mailbox_id)
SELECT alias_base + l.i, m.local_part || '@' || m.domain, m.id
FROM plan, planned_mailbox AS l
JOIN planned_mailbox AS m ON m.i BETWEEN l.i AND l.i + 2 AND m.domain_id = l.domain_id
WHERE l.i % 10 = 1
UNION ALL
SELECT alias_base + i, 'partner.' || i || '@elsewhere.example', NULL FROM planned_mailbox, plan WHERE i % 20 = 1
ORDER BY 1, 2;
INSERT INTO mailboxes.counter AS c (domain_id, shard, mailboxes, aliases)
SELECT coalesce(domain_id, 0), 0, count(*), count(*) FILTER (WHERE i % 10 = 1) FROM planned_mailbox
GROUP BY ROLLUP (domain_id) ORDER BY 1
ON CONFLICT (domain_id, shard) DO UPDATE SET
    mailboxes = c.mailboxes + excluded.mailboxes, aliases = c.aliases + excluded.aliases;
\echo aliases

INSERT INTO quotas.domain_quota (domain_id, quota_mb, default_mailbox_quota_mb, allocated_mb)
SELECT domain_id, 200000, 1000, sum(CASE WHEN has_own_quota THEN 2000 ELSE 1000 END) FROM planned_mailbox
GROUP BY domain_id ORDER BY domain_id;
INSERT INTO quotas.mailbox_quota (mailbox_id, domain_id, address, use_domain_quota, quota_mb, state)
SELECT id, domain_id, local_part || '@' || domain, NOT has_own_quota, CASE WHEN has_own_quota THEN 2000 ELSE 1000 END,
    'active'
FROM planned_mailbox ORDER BY id;
-- A mailbox has its row from the beginning; every fifth one is still empty.
INSERT INTO quotas.usage (mailbox_id, username, bytes, messages, updated_at)
SELECT id, local_part || '@' || domain, CASE WHEN i % 5 = 0 THEN 0 ELSE i * 7368787 % 1048576000 END,
    CASE WHEN i % 5 = 0 THEN 0 ELSE i * 7919 % 20000 END, creation
FROM planned_mailbox ORDER BY id;
INSERT INTO quotas.tally AS t (shard, mailboxes) SELECT 0, n FROM plan
ON CONFLICT (shard) DO UPDATE SET mailboxes = t.mailboxes + excluded.mailboxes;
\echo quotas

SET LOCAL maintenance_work_mem = '256MB';
SELECT definition FROM dropped_index \gexec
SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', id, name, definition) FROM dropped_key \gexec
\echo indexes

ALTER TABLE domains.domain ENABLE TRIGGER USER;
ALTER TABLE domains.domain_alias ENABLE TRIGGER USER;
ALTER TABLE accounts.account ENABLE TRIGGER USER;
ALTER TABLE mailboxes.mailbox ENABLE TRIGGER USER;
ALTER TABLE mailboxes.alias ENABLE TRIGGER USER;
ALTER TABLE mailboxes.alias_recipient ENABLE TRIGGER USER;
ALTER TABLE quotas.domain_quota ENABLE TRIGGER USER;
ALTER TABLE quotas.mailbox_quota ENABLE TRIGGER USER;
ALTER TABLE quotas.usage ENABLE TRIGGER USER;
COMMIT;

VACUUM (ANALYZE) domains.domain, domains.domain_alias, domains.domain_name, accounts.account, mailboxes.mailbox,
    mailboxes.alias, mailboxes.alias_recipient, mailboxes.counter, quotas.domain_quota, quotas.mailbox_quota, quotas.usage;
\echo statistics
