-- The statements that the services run to create an account with its mailbox, with the same transactions, by one client:
-- accounts' row and saga, mailboxes' row, quotas' rows, the account's activation, both confirmations, the saga's end.
-- {prefix} begins the names of the domains, {hash} is the password's, {json} as long as an event.
\set n random(1, 1000000000000)
\set d random(0, 7)
SELECT id, name FROM domains.domain WHERE name = '{prefix}' || :d || '.test' AND state = 'active' \gset d_
BEGIN;
INSERT INTO accounts.request_log (account_id, method, request_id, request_hash)
VALUES (0, 'roost.accounts.v1.Accounts/CreateAccount', 'floor-' || :n, decode(md5(:n::text) || md5(:n::text), 'hex'));
INSERT INTO accounts.account (username, email, role, password_hash, state)
VALUES ('f' || :n || '@{prefix}' || :d || '.test', 'f' || :n || '@{prefix}' || :d || '.test', 'SimpleUsers', '{hash}', 'pending')
RETURNING id, username \gset a_
INSERT INTO accounts.saga (kind, object_id, payload, identity, trace_id, due_at)
VALUES ('abort', :a_id, decode(repeat('ab', 100), 'hex'), decode(repeat('ab', 50), 'hex'), md5(:n::text),
        clock_timestamp() + interval '15 seconds')
RETURNING id \gset s_
COMMIT;
BEGIN;
SELECT pg_advisory_xact_lock_shared(hashtextextended('roost.mailboxes.domain.' || :d_id::bigint, 0));
SELECT name, removed FROM mailboxes.domain_fence WHERE domain_id = :d_id;
INSERT INTO mailboxes.mailbox (id, account_id, domain_id, local_part, full_address, home)
SELECT next.id, :a_id, :d_id, 'f' || :n, 'f' || :n || '@{prefix}' || :d || '.test',
    lpad(to_hex(next.id & 255), 2, '0') || '/' || lpad(to_hex(next.id >> 8 & 255), 2, '0') || '/' || next.id
FROM (SELECT nextval('mailboxes.mailbox_id_seq')) AS next (id)
RETURNING id \gset m_
COMMIT;
BEGIN;
SELECT domain_id FROM quotas.mailbox_quota WHERE mailbox_id = :m_id;
SELECT quota_mb, default_mailbox_quota_mb, allocated_mb FROM quotas.domain_quota
WHERE domain_id = :d_id AND NOT is_closing FOR NO KEY UPDATE;
SELECT domain_id FROM quotas.mailbox_quota WHERE mailbox_id = :m_id FOR NO KEY UPDATE;
INSERT INTO quotas.mailbox_quota (mailbox_id, domain_id, address, use_domain_quota, quota_mb, state)
VALUES (:m_id, :d_id, 'f' || :n || '@{prefix}' || :d || '.test', true, 10, 'pending');
UPDATE quotas.usage SET username = '#' || mailbox_id
WHERE username = 'f' || :n || '@{prefix}' || :d || '.test' AND mailbox_id <> :m_id;
INSERT INTO quotas.usage (mailbox_id, username, bytes, messages)
VALUES (:m_id, 'f' || :n || '@{prefix}' || :d || '.test', 0, 0);
COMMIT;
SELECT m.address, m.quota_mb, u.bytes, u.messages, u.updated_at
FROM quotas.mailbox_quota AS m LEFT JOIN quotas.usage AS u USING (mailbox_id) WHERE m.mailbox_id = :m_id;
BEGIN;
UPDATE accounts.account SET state = 'active' WHERE id = :a_id AND state = 'pending';
DELETE FROM accounts.saga WHERE id = :s_id;
INSERT INTO accounts.saga (kind, object_id, payload, identity, trace_id, due_at)
VALUES ('finish', :a_id, decode(repeat('ab', 100), 'hex'), decode(repeat('ab', 50), 'hex'), md5(:n::text),
        clock_timestamp() + interval '15 seconds')
RETURNING id \gset t_
INSERT INTO accounts.outbox (event_type, object_type, object_id, actor_account_id, actor, request_id, before, after)
VALUES ('AccountCreated', 'account', :a_id, 1, 'admin', 'floor-' || :n, NULL, '{json}'::json);
UPDATE accounts.request_log SET response = decode(repeat('ab', 200), 'hex')
WHERE account_id = 0 AND method = 'roost.accounts.v1.Accounts/CreateAccount' AND request_id = 'floor-' || :n;
COMMIT;
BEGIN;
WITH confirmed AS (
    UPDATE mailboxes.mailbox SET state = 'active', last_modification = now(), version = version + 1
    WHERE account_id = :a_id AND state = 'pending' RETURNING *
), linked AS (
    UPDATE mailboxes.alias_recipient AS r SET mailbox_id = c.id FROM confirmed AS c
    WHERE r.address = c.full_address AND r.mailbox_id IS NULL AND r.alias_ref_id IS NULL
), forgotten AS (
    DELETE FROM mailboxes.former_address AS f USING confirmed AS c WHERE f.address = c.full_address
)
SELECT id, full_address, account_id, domain_id, home, creation, last_modification FROM confirmed;
INSERT INTO mailboxes.outbox (event_type, object_type, object_id, actor_account_id, actor, request_id, before, after)
VALUES ('MailboxCreated', 'mailbox', :m_id, 1, 'admin', 'floor-' || :n, NULL, '{json}'::json);
COMMIT;
UPDATE quotas.mailbox_quota SET state = 'active' WHERE mailbox_id = :m_id AND state = 'pending';
DELETE FROM accounts.saga WHERE id = :t_id;
