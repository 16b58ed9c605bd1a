-- name: domain_quota_add
INSERT INTO domain_quota (domain_id) VALUES (:domain_id) ON CONFLICT (domain_id) DO NOTHING;

-- name: domain_quota_lock
SELECT domain_id, quota_mb AS quota, default_mailbox_quota_mb AS default_mailbox_quota,
       allocated_mb AS allocated_quota
FROM domain_quota WHERE domain_id = :domain_id AND NOT is_closing FOR NO KEY UPDATE;

-- name: domain_quota_set
UPDATE domain_quota SET quota_mb = :quota, default_mailbox_quota_mb = :default_mailbox_quota
WHERE domain_id = :domain_id;

-- name: domain_quota_followers_set
UPDATE mailbox_quota SET quota_mb = :default_mailbox_quota
WHERE domain_id = :domain_id AND use_domain_quota AND quota_mb <> :default_mailbox_quota;

-- name: domain_quota_count_unlimited
SELECT count(*) FROM mailbox_quota WHERE domain_id = :domain_id AND quota_mb = 0;

-- name: domain_quota_batch_get
SELECT domain_id, quota_mb AS quota, default_mailbox_quota_mb AS default_mailbox_quota,
       allocated_mb AS allocated_quota
FROM domain_quota WHERE domain_id = ANY (:domain_ids::bigint[]);

-- name: domain_quota_close
UPDATE domain_quota SET is_closing = true WHERE domain_id = :domain_id;

-- name: domain_quota_remove_mailboxes
DELETE FROM mailbox_quota WHERE mailbox_id IN (
    SELECT mailbox_id FROM mailbox_quota WHERE domain_id = :domain_id LIMIT :limit);

-- name: domain_quota_remove
DELETE FROM domain_quota WHERE domain_id = :domain_id;

-- name: mailbox_quota_find
SELECT domain_id FROM mailbox_quota WHERE mailbox_id = :mailbox_id;

-- name: mailbox_quota_lock
SELECT mailbox_id, domain_id, address, use_domain_quota, quota_mb AS quota
FROM mailbox_quota WHERE mailbox_id = :mailbox_id FOR NO KEY UPDATE;

-- name: mailbox_quota_put
INSERT INTO mailbox_quota AS m (mailbox_id, domain_id, address, use_domain_quota, quota_mb, state)
VALUES (:mailbox_id, :domain_id, :address, :use_domain_quota, :quota,
        CASE WHEN :active::boolean THEN 'active' ELSE 'pending' END)
ON CONFLICT (mailbox_id) DO UPDATE SET
    domain_id = excluded.domain_id,
    address = excluded.address,
    use_domain_quota = excluded.use_domain_quota,
    quota_mb = excluded.quota_mb,
    state = CASE WHEN m.state = 'active' THEN 'active' ELSE excluded.state END;

-- name: mailbox_quota_move
UPDATE mailbox_quota SET domain_id = :domain_id, quota_mb = :quota WHERE mailbox_id = :mailbox_id;

-- name: mailbox_quota_confirm
UPDATE mailbox_quota SET state = 'active' WHERE mailbox_id = :mailbox_id AND state = 'pending';

-- name: mailbox_quota_remove
DELETE FROM mailbox_quota WHERE mailbox_id = :mailbox_id;

-- The name may still be at a row of a mailbox that had this address before.
-- name: usage_displace
SELECT usage_displace(:address, :mailbox_id);

-- name: usage_put
INSERT INTO usage (mailbox_id, username, bytes, messages) VALUES (:mailbox_id, :address, 0, 0)
ON CONFLICT (mailbox_id) DO UPDATE SET username = excluded.username, is_astray = false
WHERE usage.username <> excluded.username;

-- Also the rows of the batch itself, so that two mailboxes may swap their addresses.
-- name: usage_displace_all
UPDATE usage SET username = '#' || usage.mailbox_id, is_astray = true
FROM unnest(:mailbox_ids::bigint[], :addresses::text[]) AS item (mailbox_id, address)
WHERE usage.username = item.address AND usage.mailbox_id <> item.mailbox_id;

-- name: usage_rename_all
UPDATE usage SET username = item.address, is_astray = false
FROM unnest(:mailbox_ids::bigint[], :addresses::text[]) AS item (mailbox_id, address)
WHERE usage.mailbox_id = item.mailbox_id AND (usage.username <> item.address OR usage.is_astray);

-- Sessions that know a former name have had the time to write; the next one that does finds no row and counts anew.
-- name: usage_settle
UPDATE usage SET username = m.address, is_astray = false
FROM mailbox_quota AS m
WHERE usage.is_astray AND usage.updated_at < now() - interval '5 seconds' AND m.mailbox_id = usage.mailbox_id
    AND NOT EXISTS (SELECT FROM usage AS other WHERE other.username = m.address AND other.mailbox_id <> m.mailbox_id);

-- name: mailbox_quota_rename_all
UPDATE mailbox_quota SET address = item.address
FROM unnest(:mailbox_ids::bigint[], :addresses::text[]) AS item (mailbox_id, address)
WHERE mailbox_quota.mailbox_id = item.mailbox_id AND mailbox_quota.address <> item.address;

-- name: quota_get
SELECT m.mailbox_id, m.address, m.quota_mb AS quota, m.use_domain_quota, m.domain_id,
       coalesce(u.bytes, 0) AS bytes, coalesce(u.messages, 0) AS messages, u.updated_at
FROM mailbox_quota AS m LEFT JOIN usage AS u USING (mailbox_id)
WHERE m.mailbox_id = :mailbox_id AND (m.state = 'active' OR :with_pending::boolean);

-- name: quota_batch_get
SELECT m.mailbox_id, m.address, m.quota_mb AS quota, m.use_domain_quota, m.domain_id,
       coalesce(u.bytes, 0) AS bytes, coalesce(u.messages, 0) AS messages, u.updated_at
FROM mailbox_quota AS m LEFT JOIN usage AS u USING (mailbox_id)
WHERE m.mailbox_id = ANY (:mailbox_ids::bigint[]);

-- Where usage_over is given: for what many mailboxes have, found while the order is followed.
-- name: quota_list :list
-- orderings: address
-- key: mailbox_id
SELECT mailbox_id, address, quota_mb AS quota, use_domain_quota, domain_id,
       coalesce(bytes, 0) AS bytes, coalesce(messages, 0) AS messages, updated_at
FROM mailbox_quota LEFT JOIN usage USING (mailbox_id)
WHERE state = 'active' AND (:domain_id::bigint IS NULL OR domain_id = :domain_id)
    AND (:search::text IS NULL OR address LIKE :search)
    AND (:usage_over::integer IS NULL OR percent >= :usage_over) {after}
ORDER BY {order} LIMIT :limit;

-- Every mailbox has a row of usage from its beginning.
-- name: quota_list_by_usage :list
-- orderings: bytes
-- key: mailbox_id
SELECT mailbox_id, address, quota_mb AS quota, use_domain_quota, domain_id, bytes, messages, updated_at
FROM usage JOIN mailbox_quota USING (mailbox_id)
WHERE state = 'active' AND (:domain_id::bigint IS NULL OR domain_id = :domain_id)
    AND (:search::text IS NULL OR address LIKE :search)
    AND (:usage_over::integer IS NULL OR percent >= :usage_over) {after}
ORDER BY {order} LIMIT :limit;

-- A search, where many match: among the next rows, by what the index knows of them; if that does not fill the page, there may
-- be more. The name in usage is the address, unless it is astray.
-- name: quota_list_near :list
-- orderings: bytes
-- key: mailbox_id
SELECT mailbox_id, address, quota_mb AS quota, use_domain_quota, domain_id, bytes, messages, updated_at
FROM (SELECT bytes, mailbox_id, username, is_astray FROM usage WHERE true {after}
      ORDER BY {order} LIMIT 40000) AS near
    JOIN mailbox_quota USING (mailbox_id) JOIN usage USING (mailbox_id, bytes)
WHERE (near.username LIKE (SELECT :search::text) OR near.is_astray) AND address LIKE (SELECT :search::text)
    AND state = 'active'
    AND ((SELECT :usage_over::integer) IS NULL OR percent >= (SELECT :usage_over::integer))
ORDER BY {order} LIMIT (SELECT :limit::bigint);

-- The same for few: all of them first, then the order. OFFSET 0 keeps the planner from following the order, (SELECT :x) from
-- looking at the value: it would plan anew for each call.
-- name: quota_list_found :list
-- orderings: bytes
-- key: mailbox_id
SELECT mailbox_id, address, quota_mb AS quota, use_domain_quota, domain_id, bytes, messages, updated_at
FROM (SELECT * FROM mailbox_quota
      WHERE address >= (SELECT :prefix::text) AND address < (SELECT :prefix::text || chr(1114111)) AND state = 'active'
      OFFSET 0) AS found JOIN usage USING (mailbox_id)
WHERE ((SELECT :usage_over::integer) IS NULL OR percent >= (SELECT :usage_over::integer)) {after}
ORDER BY {order} LIMIT (SELECT :limit::bigint);

-- name: quota_are_few_found
SELECT NOT EXISTS (
    SELECT FROM mailbox_quota WHERE address >= (SELECT :prefix::text) AND address < (SELECT :prefix::text || chr(1114111))
    ORDER BY address OFFSET 1000);

-- For what few mailboxes have: all of them first, then the order.
-- name: quota_list_full :list
-- orderings: address bytes
-- key: mailbox_id
WITH full_usage AS MATERIALIZED (
    SELECT mailbox_id, bytes, messages, updated_at FROM usage WHERE percent >= :usage_over::integer AND percent > 0)
SELECT mailbox_id, address, quota_mb AS quota, use_domain_quota, domain_id, bytes, messages, updated_at
FROM full_usage JOIN mailbox_quota USING (mailbox_id)
WHERE state = 'active' AND (:domain_id::bigint IS NULL OR domain_id = :domain_id)
    AND (:search::text IS NULL OR address LIKE :search) {after}
ORDER BY {order} LIMIT :limit;

-- name: quota_are_few_full
SELECT count(*) <= :few::bigint
FROM (SELECT FROM usage WHERE percent >= :usage_over::integer AND percent > 0 LIMIT :few::bigint + 1) AS found;

-- A pending mailbox holds nothing yet.
-- name: quota_count_full
SELECT count(*) FROM usage WHERE percent >= :usage_over::integer AND percent > 0;

-- name: quota_count_full_filtered
SELECT count(*) FROM usage JOIN mailbox_quota USING (mailbox_id)
WHERE percent >= :usage_over::integer AND percent > 0 AND state = 'active'
    AND (:domain_id::bigint IS NULL OR domain_id = :domain_id) AND (:search::text IS NULL OR address LIKE :search);

-- name: quota_count
SELECT count(*) FROM mailbox_quota
WHERE state = 'active' AND (:domain_id::bigint IS NULL OR domain_id = :domain_id)
    AND (:search::text IS NULL OR address LIKE :search);

-- name: quota_total
SELECT coalesce(sum(mailboxes), 0)::bigint FROM tally;
