-- name: domain_get
SELECT id, name, type, enabled, enable_dns_checks, alias_count AS domainalias_count, creation, last_modification,
       version::text AS etag, renaming_from IS NOT NULL AS rename_in_progress
FROM domain WHERE id = :id AND state = 'active';

-- name: domain_list :list
-- orderings: name creation last_modification
SELECT id, name, type, enabled, enable_dns_checks, alias_count AS domainalias_count, creation, last_modification,
       version::text AS etag, renaming_from IS NOT NULL AS rename_in_progress
FROM domain
WHERE state = 'active' AND (:search::text IS NULL OR name LIKE :search)
    AND (:enabled::boolean IS NULL OR enabled = :enabled) AND (:type::text IS NULL OR type = :type) {after}
ORDER BY {order} LIMIT :limit;

-- name: domain_count
SELECT count(*) FROM domain
WHERE state = 'active' AND (:search::text IS NULL OR name LIKE :search)
    AND (:enabled::boolean IS NULL OR enabled = :enabled) AND (:type::text IS NULL OR type = :type);

-- The next domains of a bulk change. The pages of one selection add up to one walk over the table.
-- name: domain_bulk
SELECT id FROM domain
WHERE id > :after_id AND state = 'active' AND (:search::text IS NULL OR name LIKE :search)
    AND (:enabled::boolean IS NULL OR enabled = :enabled) AND (:type::text IS NULL OR type = :type)
ORDER BY id LIMIT :limit;

-- name: domain_total
SELECT coalesce(sum(n), 0)::bigint FROM tally WHERE kind = 'domain';

-- name: domain_insert
INSERT INTO domain (name, type, enabled, enable_dns_checks, state)
VALUES (:name, :type, :enabled, :enable_dns_checks, 'pending') RETURNING id;

-- name: domain_lock
SELECT state, coalesce(renaming_from, ''), coalesce(saga_id, 0), change_no
FROM domain WHERE id = :id FOR UPDATE;

-- Its process and the finisher may both think that the write is theirs: it is until one of them has ended it.
-- name: domain_begin_change
UPDATE domain SET saga_id = :saga_id WHERE id = :id;

-- name: domain_number_change
UPDATE domain SET change_no = change_no + 1 WHERE id = :id RETURNING change_no;

-- name: domain_end_change
UPDATE domain SET saga_id = NULL
FROM (SELECT id, saga_id FROM domain WHERE id = :id AND saga_id IS NOT NULL AND change_no = :change_no FOR UPDATE)
    AS open
WHERE domain.id = open.id
RETURNING open.saga_id;

-- name: domain_change_is_open
SELECT EXISTS (SELECT FROM domain WHERE id = :id AND saga_id IS NOT NULL AND change_no = :change_no);

-- name: domain_activate
UPDATE domain SET state = 'active', saga_id = NULL WHERE id = :id AND state = 'pending';

-- Also one that an earlier try has abandoned; not one that was active and is being deleted.
-- name: domain_abandon
UPDATE domain SET state = 'deleting' WHERE id = :id AND saga_id IS NOT NULL AND state IN ('pending', 'deleting');

-- name: domain_update
UPDATE domain SET type = :type, enabled = :enabled, enable_dns_checks = :enable_dns_checks,
    last_modification = now(), version = version + 1
WHERE id = :id AND state = 'active';

-- name: domain_rename
UPDATE domain SET name = :name, renaming_from = name WHERE id = :id AND state = 'active' AND renaming_from IS NULL;

-- name: domain_end_rename
UPDATE domain SET renaming_from = NULL WHERE id = :id AND renaming_from = :name;

-- name: domain_is_renaming
SELECT EXISTS (SELECT FROM domain WHERE id = :id AND renaming_from = :name AND state = 'active');

-- name: domain_mark_deleting
UPDATE domain SET state = 'deleting', last_modification = now(), version = version + 1
WHERE id = :id AND state = 'active' AND saga_id IS NULL;

-- What accounts has to know of it.
-- name: domain_closure
SELECT id AS domain_id, name, state = 'deleting' AS closed, version FROM domain WHERE id = :id;

-- Not one whose creation was abandoned: that was never there.
-- name: domain_restore
UPDATE domain SET state = 'active', last_modification = now(), version = version + 1
WHERE id = :id AND state = 'deleting' AND saga_id IS NULL;

-- name: domain_delete
DELETE FROM domain WHERE id = :id AND state = 'deleting';

-- name: name_reserve
SELECT name_claim(:name, 'reserved', :id);

-- name: name_release
DELETE FROM domain_name WHERE name = :name AND owner_id = :id AND kind = 'reserved';

-- name: former_name_put
INSERT INTO former_name (name, domain_id, until) VALUES (:name, :id, now() + interval '5 days')
ON CONFLICT (name) DO UPDATE SET domain_id = excluded.domain_id, until = excluded.until;

-- name: former_name_expire
DELETE FROM former_name WHERE until < now();

-- name: domain_resolve
SELECT d.id, d.name, d.enabled, d.type, false AS is_alias, d.name AS asked_name, d.enable_dns_checks,
       d.renaming_from IS NOT NULL AS rename_in_progress
FROM domain AS d
WHERE (d.name = ANY (:names::text[]) OR d.id = ANY (:ids::bigint[])) AND d.state = 'active'
UNION ALL
SELECT d.id, d.name, d.enabled AND a.enabled, d.type, true, a.name, d.enable_dns_checks, d.renaming_from IS NOT NULL
FROM domain_alias AS a JOIN domain AS d ON d.id = a.target_id
WHERE a.name = ANY (:names::text[]) AND d.state = 'active';

-- name: domain_list_checked
SELECT id, name, enabled, type, name AS asked_name, enable_dns_checks, renaming_from IS NOT NULL AS rename_in_progress
FROM domain
WHERE id > :after_id AND state = 'active' AND enabled AND enable_dns_checks
ORDER BY id LIMIT :limit;

-- name: alias_get
SELECT id, name, target_id AS target, enabled, creation, last_modification, version::text AS etag
FROM domain_alias WHERE id = :id;

-- name: alias_lock
SELECT id, name, target_id AS target, enabled, creation, last_modification, version::text AS etag
FROM domain_alias WHERE id = :id FOR UPDATE;

-- name: alias_list :list
-- orderings: name creation
SELECT id, name, target_id AS target, enabled, creation, last_modification, version::text AS etag
FROM domain_alias
WHERE (:search::text IS NULL OR name LIKE :search) AND (:target_id::bigint IS NULL OR target_id = :target_id) {after}
ORDER BY {order} LIMIT :limit;

-- name: alias_count
SELECT count(*) FROM domain_alias
WHERE (:search::text IS NULL OR name LIKE :search) AND (:target_id::bigint IS NULL OR target_id = :target_id);

-- name: alias_total
SELECT coalesce(sum(n), 0)::bigint FROM tally WHERE kind = 'alias';

-- name: alias_target_lock
SELECT id FROM domain WHERE id = :target AND state = 'active' FOR KEY SHARE;

-- name: alias_insert
INSERT INTO domain_alias (name, target_id, enabled) VALUES (:name, :target, :enabled) RETURNING id;

-- name: alias_update
UPDATE domain_alias SET name = :name, target_id = :target, enabled = :enabled, last_modification = now(),
    version = version + 1
WHERE id = :id;

-- name: alias_delete
DELETE FROM domain_alias WHERE id = :id;

-- name: alias_delete_all
DELETE FROM domain_alias WHERE target_id = :id
RETURNING id, name, target_id AS target, enabled, creation, last_modification, version::text AS etag;

-- name: deleted_alias_keep
INSERT INTO deleted_alias (id, name, target_id, enabled, creation, last_modification, version)
SELECT id, name, target_id, enabled, creation, last_modification, version FROM domain_alias WHERE target_id = :id;

-- name: deleted_alias_reserve
SELECT name_claim(name, 'reserved', target_id) FROM deleted_alias WHERE target_id = :id;

-- name: deleted_alias_release
DELETE FROM domain_name
WHERE owner_id = :id AND kind = 'reserved' AND name IN (SELECT name FROM deleted_alias WHERE target_id = :id);

-- name: deleted_alias_restore
INSERT INTO domain_alias (id, name, target_id, enabled, creation, last_modification, version)
SELECT id, name, target_id, enabled, creation, last_modification, version FROM deleted_alias WHERE target_id = :id
RETURNING id, name, target_id AS target, enabled, creation, last_modification, version::text AS etag;

-- name: deleted_alias_forget
DELETE FROM deleted_alias WHERE target_id = :id;

-- name: domain_id_by_name
SELECT id FROM domain WHERE name = :name AND state = 'active';
