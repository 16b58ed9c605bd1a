-- name: check_get
SELECT result, next_check_at FROM domain_check WHERE domain_id = :domain_id;

-- name: check_list :list
-- orderings: domain_name checked_at
-- key: domain_id
SELECT domain_id, domain_name, status, checked_at, next_check_at
FROM domain_check
WHERE (:status::text IS NULL OR status = :status) AND (:search::text IS NULL OR domain_name LIKE :search)
    AND (:domains::bigint[] IS NULL OR domain_id = ANY (:domains)) {after}
ORDER BY {order} LIMIT :limit;

-- name: check_count
SELECT count(*) FROM domain_check
WHERE (:status::text IS NULL OR status = :status) AND (:search::text IS NULL OR domain_name LIKE :search)
    AND (:domains::bigint[] IS NULL OR domain_id = ANY (:domains));

-- name: check_results
SELECT domain_id, result FROM domain_check WHERE domain_id = ANY (:domain_ids::bigint[]) AND result IS NOT NULL;

-- name: check_lock
SELECT known_status, result FROM domain_check WHERE domain_id = :domain_id FOR UPDATE;

-- name: check_save
INSERT INTO domain_check (domain_id, domain_name, status, known_status, result, checked_at, next_check_at)
VALUES (:domain_id, :domain_name, :status, CASE WHEN :status IN ('ok', 'wrong') THEN :status END, :result,
        :checked_at, :next_check_at)
ON CONFLICT (domain_id) DO UPDATE SET
    domain_name = excluded.domain_name,
    status = excluded.status,
    known_status = coalesce(excluded.known_status, domain_check.known_status),
    result = excluded.result,
    checked_at = excluded.checked_at,
    next_check_at = excluded.next_check_at,
    claimed_until = NULL;

-- name: check_claim
UPDATE domain_check SET claimed_until = now() + interval '60 seconds'
WHERE domain_id IN (
    SELECT domain_id FROM domain_check
    WHERE next_check_at <= now() AND (claimed_until IS NULL OR claimed_until < now())
    ORDER BY next_check_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED)
RETURNING domain_id, domain_name;

-- name: sweep_get
SELECT after_id FROM sweep;

-- name: sweep_advance
UPDATE sweep SET after_id = :next_id WHERE after_id = :after_id;

-- What was found for a former name says nothing about the name of today.
-- name: sweep_add
INSERT INTO domain_check (domain_id, domain_name)
SELECT * FROM unnest(:ids::bigint[], :names::text[])
ON CONFLICT (domain_id) DO UPDATE SET
    domain_name = excluded.domain_name,
    status = 'pending',
    known_status = NULL,
    result = NULL,
    checked_at = '-infinity',
    next_check_at = now()
WHERE domain_check.domain_name <> excluded.domain_name;

-- name: sweep_remove
DELETE FROM domain_check
WHERE domain_id > :after_id AND domain_id <= :last_id AND NOT (domain_id = ANY (:ids::bigint[]));
