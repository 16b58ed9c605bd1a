-- Advisory locks and the fence of a domain.

-- name: lock_domain
SELECT pg_advisory_xact_lock_shared(hashtextextended('roost.mailboxes.domain.' || :domain_id::bigint, 0));

-- name: lock_domain_alone
SELECT pg_advisory_xact_lock(hashtextextended('roost.mailboxes.domain.' || :domain_id::bigint, 0));

-- Sorted so that two transactions never wait for each other crosswise.
-- name: lock_homes
SELECT pg_advisory_xact_lock(key)
FROM (SELECT DISTINCT hashtextextended('roost.mailboxes.home.' || home, 0) AS key
      FROM unnest(:homes::text[]) AS home ORDER BY 1) AS keys;

-- name: fence_get
SELECT name, removed FROM domain_fence WHERE domain_id = :domain_id;

-- name: fence_rename
INSERT INTO domain_fence (domain_id, name) VALUES (:domain_id, :new_name)
ON CONFLICT (domain_id) DO UPDATE SET name = excluded.name;

-- name: fence_remove
INSERT INTO domain_fence (domain_id, name, removed) VALUES (:domain_id, '', true)
ON CONFLICT (domain_id) DO UPDATE SET removed = true;

-- Mailboxes.

-- name: mailbox_get
SELECT id, full_address, account_id, domain_id, home, creation, last_modification, version::text AS etag
FROM mailbox WHERE id = :id AND state = 'active';

-- name: mailbox_get_any
SELECT id, full_address, account_id, domain_id, home, creation, last_modification, version::text AS etag
FROM mailbox WHERE id = :id;

-- name: mailbox_batch_get
SELECT id, full_address, account_id, domain_id, home, creation, last_modification, version::text AS etag
FROM mailbox WHERE id = ANY (:ids::bigint[]) ORDER BY id;

-- name: mailbox_batch_get_by_account
SELECT id, full_address, account_id, domain_id, home, creation, last_modification, version::text AS etag
FROM mailbox WHERE account_id = ANY (:account_ids::bigint[]) AND state = 'active' ORDER BY account_id;

-- A list with a search is a statement of its own: one plan cannot serve both a range of addresses and all of them.
-- name: mailbox_list :list
-- orderings: full_address creation
-- key: id
SELECT id, full_address, account_id, domain_id, home, creation, last_modification, version::text AS etag
FROM mailbox
WHERE state = 'active' {after}
ORDER BY {order} LIMIT :limit;

-- name: mailbox_list_in_domain :list
-- orderings: full_address creation
-- key: id
SELECT id, full_address, account_id, domain_id, home, creation, last_modification, version::text AS etag
FROM mailbox
WHERE state = 'active' AND domain_id = :domain_id {after}
ORDER BY {order} LIMIT :limit;

-- name: mailbox_search :list
-- orderings: full_address creation
-- key: id
SELECT id, full_address, account_id, domain_id, home, creation, last_modification, version::text AS etag
FROM mailbox
WHERE state = 'active' AND full_address >= :search_from AND full_address < :search_until {after}
ORDER BY {order} LIMIT :limit;

-- name: mailbox_search_in_domain :list
-- orderings: full_address creation
-- key: id
SELECT id, full_address, account_id, domain_id, home, creation, last_modification, version::text AS etag
FROM mailbox
WHERE state = 'active' AND domain_id = :domain_id AND full_address >= :search_from AND full_address < :search_until {after}
ORDER BY {order} LIMIT :limit;

-- name: mailbox_count
SELECT count(*) FROM mailbox
WHERE state = 'active' AND (:domain_id::bigint IS NULL OR domain_id = :domain_id)
    AND full_address >= :search_from AND full_address < :search_until;

-- name: mailbox_account_list
SELECT account_id FROM mailbox
WHERE domain_id = :domain_id AND account_id > :after_account_id AND state = 'active'
ORDER BY account_id LIMIT :limit;

-- name: mailbox_lock_by_account
SELECT id, domain_id, local_part, full_address, home, state FROM mailbox WHERE account_id = :account_id FOR UPDATE;

-- name: mailbox_lock
SELECT id, domain_id, local_part, full_address, home, state FROM mailbox WHERE id = :id FOR UPDATE;

-- name: mailbox_find_by_account
SELECT id, domain_id, local_part FROM mailbox WHERE account_id = :account_id;

-- name: mailbox_reserve
INSERT INTO mailbox (id, account_id, domain_id, local_part, full_address, home)
SELECT next.id, :account_id::bigint, :domain_id::bigint, :local_part::text, :local_part || '@' || :domain_name::text,
    coalesce(:home::text, lpad(to_hex(next.id & 255), 2, '0') || '/' || lpad(to_hex(next.id >> 8 & 255), 2, '0')
        || '/' || next.id)
FROM (SELECT nextval('mailbox_id_seq')) AS next (id)
ON CONFLICT (account_id) DO NOTHING
RETURNING id, full_address, account_id, domain_id, home, creation, last_modification, version::text AS etag;

-- An alias that named the address while it was external follows it from now on; its former owner's mail does not.
-- name: mailbox_confirm
WITH confirmed AS (
    UPDATE mailbox SET state = 'active', last_modification = now(), version = version + 1
    WHERE account_id = :account_id AND state = 'pending' RETURNING *
), linked AS (
    UPDATE alias_recipient AS r SET mailbox_id = c.id FROM confirmed AS c
    WHERE r.address = c.full_address AND r.mailbox_id IS NULL AND r.alias_ref_id IS NULL
), forgotten AS (
    DELETE FROM former_address AS f USING confirmed AS c WHERE f.address = c.full_address
)
SELECT id, full_address, account_id, domain_id, home, creation, last_modification, version::text AS etag FROM confirmed;

-- name: mailbox_cancel
DELETE FROM mailbox WHERE account_id = :account_id AND state = 'pending';

-- name: mailbox_delete
DELETE FROM mailbox WHERE id = :id;

-- name: mailbox_rename
WITH renamed AS (
    UPDATE mailbox SET domain_id = :domain_id, local_part = :local_part,
        full_address = :local_part || '@' || :domain_name::text, last_modification = now(), version = version + 1
    WHERE id = :id RETURNING full_address
)
DELETE FROM former_address AS f USING renamed AS r WHERE f.address = r.full_address;

-- name: mailbox_link
UPDATE alias_recipient AS r SET mailbox_id = m.id FROM mailbox AS m
WHERE m.id = :id AND r.address = m.full_address AND r.mailbox_id IS NULL AND r.alias_ref_id IS NULL;

-- name: mailbox_set_home
UPDATE mailbox SET home = :destination, last_modification = now(), version = version + 1
WHERE id = :mailbox_id AND home = :argument;

-- name: former_address_add
INSERT INTO former_address (address, mailbox_id, until)
VALUES (:address, :mailbox_id, now() + make_interval(secs => :keep_seconds::bigint))
ON CONFLICT (address) DO UPDATE SET mailbox_id = excluded.mailbox_id, until = excluded.until;

-- name: former_address_expire
DELETE FROM former_address
WHERE address IN (SELECT address FROM former_address WHERE until < now() LIMIT 1000);

-- name: counter_total
SELECT sum(mailboxes)::bigint, sum(aliases)::bigint FROM counter WHERE domain_id = 0;

-- name: counter_by_domain
SELECT domain_id, sum(mailboxes)::bigint AS mailbox_count, sum(aliases)::bigint AS alias_count
FROM counter WHERE domain_id = ANY (:domain_ids::bigint[]) AND domain_id <> 0
GROUP BY domain_id ORDER BY domain_id;

-- name: setting_put
INSERT INTO setting AS s (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE s.value <> excluded.value;

-- Batches of a domain's rename and removal.

-- name: domain_mailbox_batch
SELECT id, domain_id, local_part, full_address, home, state, account_id FROM mailbox
WHERE domain_id = :domain_id AND id > :after_mailbox_id ORDER BY id LIMIT :limit FOR UPDATE;

-- name: domain_mailbox_rewrite
WITH rewritten AS (
    UPDATE mailbox SET full_address = local_part || '@' || :new_name::text, last_modification = now(),
        version = version + 1
    WHERE id = ANY (:ids::bigint[]) AND full_address <> local_part || '@' || :new_name::text
    RETURNING full_address
)
DELETE FROM former_address AS f USING rewritten AS r WHERE f.address = r.full_address;

-- name: domain_alias_batch
SELECT id FROM alias
WHERE domain_id = :domain_id AND address <> local_part || '@' || :new_name::text ORDER BY id LIMIT :limit FOR UPDATE;

-- name: domain_alias_any_batch
SELECT id FROM alias WHERE domain_id = :domain_id ORDER BY id LIMIT :limit;

-- name: domain_alias_rewrite
UPDATE alias SET address = local_part || '@' || :new_name::text WHERE id = ANY (:ids::bigint[]);

-- name: removed_mailbox_add
INSERT INTO removed_mailbox (mailbox_id, domain_id, account_id)
VALUES (:mailbox_id, :domain_id, :account_id) ON CONFLICT DO NOTHING;

-- name: removed_mailbox_list
SELECT mailbox_id, account_id FROM removed_mailbox
WHERE domain_id = :domain_id AND mailbox_id > :after_mailbox_id ORDER BY mailbox_id LIMIT :limit;

-- name: removed_mailbox_expire
DELETE FROM removed_mailbox
WHERE mailbox_id IN (SELECT mailbox_id FROM removed_mailbox WHERE removed_at < now() - interval '7 days' LIMIT 1000);

-- Aliases.

-- name: alias_batch_get
SELECT id, address, enabled, description, expire_at, creation, last_modification, version::text AS etag
FROM alias WHERE id = ANY (:ids::bigint[]) AND state = 'active' ORDER BY id;

-- name: alias_recipients
SELECT alias_id, address FROM alias_recipient WHERE alias_id = ANY (:ids::bigint[]) ORDER BY alias_id, address;

-- name: alias_lock
SELECT id FROM alias WHERE id = ANY (:ids::bigint[]) ORDER BY id FOR UPDATE;

-- name: alias_place
SELECT domain_id, local_part FROM alias WHERE id = :id;

-- name: alias_list :list
-- orderings: address creation
-- key: id
SELECT id, address, enabled, description, expire_at, creation, last_modification, version::text AS etag
FROM alias
WHERE state = 'active' AND (:enabled::boolean IS NULL OR enabled = :enabled) {after}
ORDER BY {order} LIMIT :limit;

-- name: alias_list_in_domain :list
-- orderings: address creation
-- key: id
SELECT id, address, enabled, description, expire_at, creation, last_modification, version::text AS etag
FROM alias
WHERE state = 'active' AND domain_id = :domain_id AND (:enabled::boolean IS NULL OR enabled = :enabled) {after}
ORDER BY {order} LIMIT :limit;

-- name: alias_search :list
-- orderings: address creation
-- key: id
SELECT id, address, enabled, description, expire_at, creation, last_modification, version::text AS etag
FROM alias
WHERE state = 'active' AND address >= :search_from AND address < :search_until
    AND (:enabled::boolean IS NULL OR enabled = :enabled) {after}
ORDER BY {order} LIMIT :limit;

-- name: alias_search_in_domain :list
-- orderings: address creation
-- key: id
SELECT id, address, enabled, description, expire_at, creation, last_modification, version::text AS etag
FROM alias
WHERE state = 'active' AND domain_id = :domain_id AND address >= :search_from AND address < :search_until
    AND (:enabled::boolean IS NULL OR enabled = :enabled) {after}
ORDER BY {order} LIMIT :limit;

-- The aliases of one mailbox are few: the other conditions only filter them.
-- name: alias_list_to_mailbox :list
-- orderings: address creation
-- key: id
SELECT id, address, enabled, description, expire_at, creation, last_modification, version::text AS etag
FROM alias
WHERE state = 'active' AND id IN (SELECT alias_id FROM alias_recipient WHERE mailbox_id = :mailbox_id)
    AND (:domain_id::bigint IS NULL OR domain_id = :domain_id) AND address >= :search_from AND address < :search_until
    AND (:enabled::boolean IS NULL OR enabled = :enabled) {after}
ORDER BY {order} LIMIT :limit;

-- name: alias_list_disabled :list
-- orderings: address creation
-- key: id
SELECT id, address, enabled, description, expire_at, creation, last_modification, version::text AS etag
FROM alias
WHERE NOT enabled AND state = 'active' AND address >= :search_from AND address < :search_until {after}
ORDER BY {order} LIMIT :limit;

-- name: alias_count
SELECT count(*) FROM alias
WHERE state = 'active' AND (:domain_id::bigint IS NULL OR domain_id = :domain_id)
    AND address >= :search_from AND address < :search_until
    AND (:enabled::boolean IS NULL OR enabled = :enabled)
    AND (:mailbox_id::bigint IS NULL OR id IN (SELECT alias_id FROM alias_recipient WHERE mailbox_id = :mailbox_id));

-- name: alias_create
INSERT INTO alias (domain_id, local_part, address, enabled, description, expire_at)
VALUES (:domain_id, :local_part, :address, :enabled, :description, :expire_at) RETURNING id;

-- Other aliases that named the address while it was external follow it from now on.
-- name: alias_link
UPDATE alias_recipient SET alias_ref_id = :id
WHERE address = :address AND mailbox_id IS NULL AND alias_ref_id IS NULL AND alias_id <> :id;

-- name: alias_update
UPDATE alias SET domain_id = :domain_id, local_part = :local_part, address = :address, enabled = :enabled,
    description = :description, expire_at = :expire_at
WHERE id = :id;

-- The first three recipients of each, and how many it has.
-- name: alias_first_recipients
SELECT i.id, r.address, (SELECT count(*) FROM alias_recipient AS c WHERE c.alias_id = i.id)
FROM unnest(:ids::bigint[]) AS i (id)
CROSS JOIN LATERAL (SELECT f.address FROM alias_recipient AS f WHERE f.alias_id = i.id ORDER BY f.address LIMIT 3) AS r
ORDER BY i.id, r.address;

-- The next aliases of a bulk change. The pages of one selection add up to one walk over the index of ids; the range of
-- addresses is written so that its index is not taken instead.
-- name: alias_bulk
SELECT id FROM alias
WHERE id > :after_id AND state = 'active' AND (:enabled::boolean IS NULL OR enabled = :enabled)
    AND (:search_from::text = '' OR (address >= :search_from AND address < :search_until))
ORDER BY id LIMIT :limit;

-- name: alias_bulk_in_domain
SELECT id FROM alias
WHERE domain_id = :domain_id AND id > :after_id AND state = 'active'
    AND (:enabled::boolean IS NULL OR enabled = :enabled)
    AND (:search_from::text = '' OR (address >= :search_from AND address < :search_until))
ORDER BY id LIMIT :limit;

-- name: alias_state_of_address
SELECT state FROM alias WHERE domain_id = :domain_id AND local_part = :local_part;

-- name: alias_set_enabled
UPDATE alias SET enabled = :enabled WHERE id = :id;

-- name: alias_lock_any
SELECT state FROM alias WHERE id = :id FOR UPDATE;

-- name: alias_mark_deleting
UPDATE alias SET state = 'deleting', last_modification = now(), version = version + 1 WHERE id = :id;

-- name: alias_restore
UPDATE alias SET state = 'active', last_modification = now(), version = version + 1 WHERE id = :id;

-- name: alias_touch
UPDATE alias SET last_modification = now(), version = version + 1 WHERE id = ANY (:ids::bigint[]);

-- name: alias_delete
DELETE FROM alias WHERE id = ANY (:ids::bigint[]);

-- name: alias_empty
SELECT id FROM alias AS a
WHERE id = ANY (:ids::bigint[]) AND NOT EXISTS (SELECT FROM alias_recipient AS r WHERE r.alias_id = a.id);

-- name: alias_of_address
SELECT id FROM alias WHERE domain_id = :domain_id AND local_part = :local_part;

-- Recipients that are the alias itself; those of them that no mailbox stands behind; all; and whether a chain of aliases
-- leads back to it.
-- name: alias_loops
WITH RECURSIVE reached (id) AS (
    SELECT alias_ref_id FROM alias_recipient WHERE alias_id = :id AND alias_ref_id IS NOT NULL
    UNION
    SELECT r.alias_ref_id FROM alias_recipient AS r JOIN reached ON r.alias_id = reached.id
    WHERE r.alias_ref_id IS NOT NULL
)
SELECT count(*) FILTER (WHERE r.address = a.address),
    count(*) FILTER (WHERE r.address = a.address AND r.mailbox_id IS NULL),
    count(*),
    EXISTS (SELECT FROM reached WHERE id = :id)
FROM alias AS a JOIN alias_recipient AS r ON r.alias_id = a.id
WHERE a.id = :id;

-- name: alias_set_address
UPDATE alias SET domain_id = :domain_id, local_part = :local_part, address = :address WHERE id = :id;

-- Recipients.

-- name: recipient_lookup
SELECT i.position, coalesce(m.id, 0), coalesce(a.id, 0), coalesce(bare_m.id, 0), coalesce(bare_a.id, 0)
FROM unnest(:domain_ids::bigint[], :local_parts::text[], :bare_local_parts::text[])
    WITH ORDINALITY AS i (domain_id, local_part, bare_local_part, position)
LEFT JOIN mailbox AS m ON m.domain_id = i.domain_id AND m.local_part = i.local_part AND m.state = 'active'
LEFT JOIN alias AS a ON a.domain_id = i.domain_id AND a.local_part = i.local_part AND a.state = 'active'
LEFT JOIN mailbox AS bare_m
    ON bare_m.domain_id = i.domain_id AND bare_m.local_part = i.bare_local_part AND bare_m.state = 'active'
LEFT JOIN alias AS bare_a
    ON bare_a.domain_id = i.domain_id AND bare_a.local_part = i.bare_local_part AND bare_a.state = 'active'
ORDER BY i.position;

-- Shared locks: a rename that is under way rewrites these addresses before or after, never in between.
-- name: recipient_lock_mailboxes
SELECT id, full_address FROM mailbox WHERE id = ANY (:ids::bigint[]) AND state = 'active' ORDER BY id FOR SHARE;

-- name: recipient_lock_aliases
SELECT id, address FROM alias WHERE id = ANY (:ids::bigint[]) AND state = 'active' ORDER BY id FOR SHARE;

-- name: recipient_add
INSERT INTO alias_recipient (alias_id, address, mailbox_id, alias_ref_id)
SELECT :alias_id::bigint, r.address, nullif(r.mailbox_id, 0), nullif(r.alias_ref_id, 0)
FROM unnest(:addresses::text[], :mailbox_ids::bigint[], :alias_ref_ids::bigint[])
    AS r (address, mailbox_id, alias_ref_id)
ON CONFLICT DO NOTHING;

-- name: recipient_clear
DELETE FROM alias_recipient WHERE alias_id = :alias_id;

-- name: recipient_aliases_of_mailboxes
SELECT DISTINCT alias_id FROM alias_recipient WHERE mailbox_id = ANY (:ids::bigint[]) ORDER BY alias_id;

-- name: recipient_aliases_of_aliases
SELECT DISTINCT alias_id FROM alias_recipient WHERE alias_ref_id = ANY (:ids::bigint[]) ORDER BY alias_id;

-- What is left of an address's local part behind the owner's is the +extension. A row that already has the new address
-- gives way.
-- name: recipient_follow_mailboxes
WITH moved AS (
    SELECT r.alias_id, r.address, m.local_part
        || substr(split_part(r.address, '@', 1), length(coalesce(:old_local_part::text, m.local_part)) + 1)
        || '@' || split_part(m.full_address, '@', 2) AS new_address
    FROM alias_recipient AS r JOIN mailbox AS m ON m.id = r.mailbox_id
    WHERE r.mailbox_id = ANY (:ids::bigint[])
), cleared AS (
    DELETE FROM alias_recipient AS r USING moved
    WHERE r.alias_id = moved.alias_id AND r.address = moved.new_address AND moved.address <> moved.new_address
    RETURNING r.alias_id
)
SELECT alias_id, address, new_address FROM moved, (SELECT count(*) FROM cleared) AS c WHERE address <> new_address;

-- name: recipient_follow_aliases
WITH moved AS (
    SELECT r.alias_id, r.address, a.local_part
        || substr(split_part(r.address, '@', 1), length(coalesce(:old_local_part::text, a.local_part)) + 1)
        || '@' || split_part(a.address, '@', 2) AS new_address
    FROM alias_recipient AS r JOIN alias AS a ON a.id = r.alias_ref_id
    WHERE r.alias_ref_id = ANY (:ids::bigint[])
), cleared AS (
    DELETE FROM alias_recipient AS r USING moved
    WHERE r.alias_id = moved.alias_id AND r.address = moved.new_address AND moved.address <> moved.new_address
    RETURNING r.alias_id
)
SELECT alias_id, address, new_address FROM moved, (SELECT count(*) FROM cleared) AS c WHERE address <> new_address;

-- name: recipient_set_addresses
UPDATE alias_recipient AS r SET address = n.new_address
FROM unnest(:alias_ids::bigint[], :addresses::text[], :new_addresses::text[]) AS n (alias_id, address, new_address)
WHERE r.alias_id = n.alias_id AND r.address = n.address;

-- A mailbox goes, an alias of the same address stays: the address is still a recipient.
-- name: recipient_pass_to_alias
UPDATE alias_recipient AS r SET mailbox_id = NULL, alias_ref_id = a.id
FROM mailbox AS m
JOIN alias AS a ON a.domain_id = m.domain_id AND a.local_part = m.local_part AND a.state = 'active'
WHERE m.id = :id AND r.mailbox_id = m.id AND r.alias_id <> a.id;

-- name: recipient_pass_to_mailbox
UPDATE alias_recipient AS r SET mailbox_id = m.id, alias_ref_id = NULL
FROM alias AS a JOIN mailbox AS m
    ON m.domain_id = a.domain_id AND m.local_part = a.local_part AND m.state = 'active'
WHERE a.id = :id AND r.alias_ref_id = a.id;

-- name: recipient_drop_mailbox
DELETE FROM alias_recipient WHERE mailbox_id = :id;

-- name: recipient_drop_aliases
DELETE FROM alias_recipient WHERE alias_ref_id = ANY (:ids::bigint[]);

-- Operations.

-- name: operation_get
SELECT id, mailbox_id, type, argument, destination, state, attempts, last_error, creation, next_attempt_at, finished_at,
    full_address
FROM operation WHERE id = :id;

-- name: operation_lock
SELECT id, state, agent, attempts, type FROM operation WHERE id = :id FOR UPDATE;

-- name: operation_list :list
-- orderings: creation
-- key: id
SELECT id, mailbox_id, type, argument, destination, state, attempts, last_error, creation, next_attempt_at, finished_at,
    full_address
FROM operation WHERE true {after}
ORDER BY {order} LIMIT :limit;

-- name: operation_list_in_state :list
-- orderings: creation
-- key: id
SELECT id, mailbox_id, type, argument, destination, state, attempts, last_error, creation, next_attempt_at, finished_at,
    full_address
FROM operation WHERE state = :state {after}
ORDER BY {order} LIMIT :limit;

-- name: operation_list_of_mailbox :list
-- orderings: creation
-- key: id
SELECT id, mailbox_id, type, argument, destination, state, attempts, last_error, creation, next_attempt_at, finished_at,
    full_address
FROM operation WHERE mailbox_id = :mailbox_id AND (:state::text IS NULL OR state = :state) {after}
ORDER BY {order} LIMIT :limit;

-- name: operation_count
SELECT count(*) FROM operation
WHERE (:state::text IS NULL OR state = :state) AND (:mailbox_id::bigint IS NULL OR mailbox_id = :mailbox_id);

-- name: operation_add
INSERT INTO operation (mailbox_id, full_address, type, argument, destination)
VALUES (:mailbox_id, :full_address, :type, :argument, :destination);

-- The unfinished operations of a mailbox, oldest first.
-- name: operation_open_list
SELECT id, type, argument, destination, state, attempts FROM operation
WHERE mailbox_id = :mailbox_id AND state <> 'done' ORDER BY id FOR UPDATE;

-- Whether this directory is somebody else's: 2 by a mailbox or a failed operation, 1 by one that is still to be done,
-- 0 by nobody.
-- name: home_users
SELECT coalesce(max(CASE WHEN kind = 'failed' THEN 2 ELSE 1 END), 0) FROM (
    SELECT state AS kind FROM operation WHERE argument = :home AND state <> 'done' AND mailbox_id <> :mailbox_id
    UNION ALL
    SELECT state FROM operation
    WHERE destination = :home AND destination <> '' AND state <> 'done' AND mailbox_id <> :mailbox_id
    UNION ALL
    SELECT 'failed' FROM mailbox WHERE home = :home AND id <> :mailbox_id) AS users;

-- name: operation_redirect
UPDATE operation SET destination = :destination WHERE id = :id;

-- name: operation_replace
UPDATE operation SET state = 'done', last_error = :last_error, lease_until = NULL, finished_at = now() WHERE id = :id;

-- name: session_end_add
INSERT INTO session_end (address) VALUES (:address);

-- name: session_end_add_by_account
INSERT INTO session_end (address)
SELECT full_address FROM mailbox WHERE account_id = :account_id AND state = 'active';

-- name: session_end_list
SELECT id, address FROM session_end ORDER BY id LIMIT :limit;

-- name: session_end_remove
DELETE FROM session_end WHERE id = ANY (:ended_session_ids::bigint[]);

-- Nobody has ended them for a day.
-- name: session_end_expire
DELETE FROM session_end
WHERE id IN (SELECT id FROM session_end WHERE created_at < now() - interval '1 day' LIMIT 1000);

-- An operation waits for every earlier one of the same mailbox or the same directories. Who claims has nothing else in
-- hand: what is his already he took before he was killed.
-- name: operation_claim
UPDATE operation SET state = 'running', agent = :agent, attempts = attempts + 1, finished_at = NULL,
    lease_until = now() + make_interval(secs => :lease_seconds::integer)
WHERE id IN (
    SELECT id FROM operation AS o
    WHERE state IN ('pending', 'running') AND next_attempt_at <= now()
        AND (state = 'pending' OR lease_until < now() OR agent = :agent)
        AND NOT EXISTS (
            SELECT FROM operation AS e WHERE e.mailbox_id = o.mailbox_id AND e.id < o.id
                AND e.state <> 'done' AND e.state <> 'failed')
        AND NOT EXISTS (
            SELECT FROM operation AS e WHERE e.argument IN (o.argument, o.destination) AND e.id < o.id
                AND e.state <> 'done' AND e.state <> 'failed')
        AND NOT EXISTS (
            SELECT FROM operation AS e WHERE e.destination IN (o.argument, o.destination) AND e.destination <> ''
                AND e.id < o.id AND e.state <> 'done' AND e.state <> 'failed')
    ORDER BY next_attempt_at, id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED)
RETURNING id, mailbox_id, type, argument, destination, state, attempts, last_error, creation, next_attempt_at,
    finished_at, full_address;

-- Nobody carries it out: tried too often, or a rename that has blocked its address for too long.
-- name: operation_stale
SELECT id FROM operation
WHERE state IN ('pending', 'running') AND next_attempt_at <= now() + interval '1 day'
    AND (state = 'pending' OR lease_until < now())
    AND (attempts >= :max_attempts::integer
        OR (type = 'rename' AND queued_at < now() - make_interval(secs => :rename_limit_seconds::integer)))
ORDER BY next_attempt_at, id LIMIT 100 FOR UPDATE SKIP LOCKED;

-- name: operation_done
UPDATE operation SET state = 'done', last_error = '', lease_until = NULL, finished_at = now() WHERE id = :id;

-- name: operation_requeue
UPDATE operation SET state = 'pending', last_error = :last_error, lease_until = NULL,
    next_attempt_at = now() + :pause_ms::bigint * interval '1 millisecond'
WHERE id = :id;

-- name: operation_fail
UPDATE operation SET state = 'failed', lease_until = NULL, finished_at = now(),
    last_error = CASE WHEN :last_error::text <> '' THEN :last_error WHEN last_error <> '' THEN last_error
        ELSE 'no mailbox agent has carried it out in time' END
WHERE id = :id;

-- name: operation_retry
UPDATE operation SET state = 'pending', attempts = 0, queued_at = now(), next_attempt_at = now(), finished_at = NULL
WHERE id = :id;

-- name: operation_expire
DELETE FROM operation
WHERE id IN (SELECT id FROM operation
             WHERE state = 'done' AND finished_at < now() - make_interval(days => :keep_days::integer) LIMIT 1000);
