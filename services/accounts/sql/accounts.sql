-- name: account_get
SELECT id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
       secondary_email, date_joined, last_login, last_modification, etag
FROM active_account
WHERE id = :id;

-- name: account_lock
SELECT version::text, guard FROM account WHERE id = :id AND state = 'active' FOR UPDATE;

-- name: account_lock_some
SELECT id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
       secondary_email, date_joined, last_login, last_modification, etag
FROM active_account
WHERE id = ANY (:ids::bigint[])
ORDER BY id
FOR UPDATE;

-- name: account_count_guarded
SELECT count(*) FROM account WHERE id = ANY (:ids::bigint[]) AND guard <> '';

-- name: account_insert
INSERT INTO account (username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
                     secondary_email, password_hash, state)
VALUES (:username, :email, :first_name, :last_name, :is_active, :master_user, :role, :language, :phone_number,
        :secondary_email, :password_hash, :state)
RETURNING id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
          secondary_email, date_joined, last_login, last_modification, version::text AS etag;

-- name: account_activate
UPDATE account SET state = 'active' WHERE id = :id AND state = 'pending';

-- name: account_update
UPDATE account SET
    username = :username,
    email = :email,
    first_name = :first_name,
    last_name = :last_name,
    is_active = :is_active,
    master_user = :master_user,
    role = :role,
    language = :language,
    phone_number = :phone_number,
    secondary_email = :secondary_email,
    password_hash = coalesce(:password_hash, password_hash),
    session_epoch = session_epoch + CASE WHEN :ends_sessions::boolean THEN 1 ELSE 0 END,
    guard = '',
    version = version + 1,
    last_modification = now()
WHERE id = :id AND state = 'active' AND guard = :guard
RETURNING id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
          secondary_email, date_joined, last_login, last_modification, version::text AS etag;

-- name: account_set_guard
UPDATE account SET guard = :guard WHERE id = :id AND state = 'active' AND guard = '';

-- name: account_clear_guard
UPDATE account SET guard = '' WHERE id = :id AND guard = :guard;

-- name: account_set_password
UPDATE account SET
    password_hash = :password_hash,
    session_epoch = session_epoch + 1,
    version = version + 1,
    last_modification = now()
WHERE id = :id AND state = 'active'
RETURNING session_epoch;

-- name: account_mark_deleting
UPDATE account SET state = 'deleting' WHERE id = :id AND state = 'active';

-- A deleted account that may come back has its saga still to begin.
-- name: account_lock_deleted
SELECT state FROM account WHERE id = :id AND reserved_for IS NULL FOR UPDATE;

-- name: account_restore
UPDATE account SET state = 'active', session_epoch = session_epoch + 1 WHERE id = :id AND state = 'deleting';

-- name: account_mark_aborted
UPDATE account SET state = 'deleting' WHERE id = :id AND state = 'pending';

-- name: account_remove
DELETE FROM account WHERE id = :id AND state = 'deleting';

-- name: username_reserve
INSERT INTO account (username, role, password_hash, state, reserved_for)
VALUES (:username, 'SimpleUsers', '', 'pending', :account_id);

-- name: username_release
DELETE FROM account WHERE username = :username AND state = 'pending' AND reserved_for = :account_id;

-- 'deleted' is one that can still be restored.
-- name: username_state
SELECT CASE WHEN a.state = 'deleting' AND EXISTS (
                SELECT FROM saga AS s
                WHERE s.object_id = a.id AND s.kind = 'account_delete' AND s.attempts = 0
                  AND s.due_at > clock_timestamp())
       THEN 'deleted' ELSE a.state END
FROM account AS a WHERE a.username = :username;

-- name: account_state
SELECT state FROM account WHERE id = :id;

-- name: account_exists
SELECT EXISTS (SELECT FROM account WHERE email = :email AND state = 'active');

-- name: super_admins_lock
SELECT pg_advisory_xact_lock(hashtextextended('roost.accounts.super_admins', 0));

-- name: super_admins_others
SELECT count(*) FROM account
WHERE role = 'SuperAdmins' AND is_active AND state = 'active' AND guard = '' AND id <> :id;

-- name: credentials_by_username
SELECT id, username, role,
       is_active AND (role <> 'SimpleUsers' OR NOT EXISTS (
           SELECT FROM closed_domain AS c WHERE c.name = account.domain AND c.closed)) AS is_active,
       password_hash, session_epoch
FROM account
WHERE username = :username AND state = 'active';

-- name: credentials_by_id
SELECT id, username, role,
       is_active AND (role <> 'SimpleUsers' OR NOT EXISTS (
           SELECT FROM closed_domain AS c WHERE c.name = account.domain AND c.closed)) AS is_active,
       password_hash, session_epoch
FROM account
WHERE id = :id AND state = 'active';

-- name: login_record
UPDATE account SET last_login = now() WHERE id = :id AND state = 'active' AND is_active;

-- name: password_upgrade
UPDATE account SET password_hash = :password_hash WHERE id = :id AND password_hash = :old_password_hash;

-- name: account_list :list
-- orderings: username first_name last_name date_joined
-- key: id
SELECT id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
       secondary_email, date_joined, last_login, last_modification, etag
FROM active_account
WHERE (:pattern::text IS NULL OR username LIKE :pattern OR email LIKE :pattern OR folded_first_name LIKE :pattern
       OR folded_last_name LIKE :pattern)
  AND (:domain::text IS NULL OR domain = :domain)
  AND (:role::text IS NULL OR role = :role)
  AND (:is_active::boolean IS NULL OR is_active = :is_active)
  {after}
ORDER BY {order} LIMIT :limit;

-- The next rows only: enough where much matches.
-- name: account_list_near :list
-- orderings: username first_name last_name date_joined
-- key: id
SELECT id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
       secondary_email, date_joined, last_login, last_modification, version::text AS etag
FROM (SELECT * FROM account WHERE state = 'active' {after} ORDER BY {order} LIMIT 5000) AS near
WHERE (:pattern::text IS NULL OR username LIKE :pattern OR email LIKE :pattern OR folded_first_name LIKE :pattern
       OR folded_last_name LIKE :pattern)
  AND (:domain::text IS NULL OR domain = :domain)
  AND (:role::text IS NULL OR role = :role)
  AND (:is_active::boolean IS NULL OR is_active = :is_active)
ORDER BY {order} LIMIT :limit;

-- Each branch has an index of its own; OFFSET 0 keeps the planner from walking the ordering's index instead. (SELECT :x) keeps it
-- from looking at the value: it would plan anew for each call, which can take longer than all the rest.
-- name: account_list_by_search :list
-- orderings: username first_name last_name date_joined
-- key: id
SELECT id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
       secondary_email, date_joined, last_login, last_modification, etag
FROM (
    (SELECT * FROM (SELECT * FROM active_account
                    WHERE username >= (SELECT :low::text) AND username < (SELECT :high::text)
                    OFFSET 0) AS x
     WHERE ((SELECT :role::text) IS NULL OR role = (SELECT :role::text))
       AND ((SELECT :is_active::boolean) IS NULL OR is_active = (SELECT :is_active::boolean))
       {after}
     ORDER BY {order} LIMIT (SELECT :limit::bigint))
    UNION
    (SELECT * FROM (SELECT * FROM active_account
                    WHERE email >= (SELECT :low::text) AND email < (SELECT :high::text) AND email <> username AND email <> ''
                    OFFSET 0) AS x
     WHERE ((SELECT :role::text) IS NULL OR role = (SELECT :role::text))
       AND ((SELECT :is_active::boolean) IS NULL OR is_active = (SELECT :is_active::boolean))
       {after}
     ORDER BY {order} LIMIT (SELECT :limit::bigint))
    UNION
    (SELECT * FROM (SELECT * FROM active_account
                    WHERE folded_first_name >= (SELECT :low::text) AND folded_first_name < (SELECT :high::text)
                      AND folded_first_name <> ''
                    OFFSET 0) AS x
     WHERE ((SELECT :role::text) IS NULL OR role = (SELECT :role::text))
       AND ((SELECT :is_active::boolean) IS NULL OR is_active = (SELECT :is_active::boolean))
       {after}
     ORDER BY {order} LIMIT (SELECT :limit::bigint))
    UNION
    (SELECT * FROM (SELECT * FROM active_account
                    WHERE folded_last_name >= (SELECT :low::text) AND folded_last_name < (SELECT :high::text)
                      AND folded_last_name <> ''
                    OFFSET 0) AS x
     WHERE ((SELECT :role::text) IS NULL OR role = (SELECT :role::text))
       AND ((SELECT :is_active::boolean) IS NULL OR is_active = (SELECT :is_active::boolean))
       {after}
     ORDER BY {order} LIMIT (SELECT :limit::bigint))
) AS found
ORDER BY {order} LIMIT (SELECT :limit::bigint);

-- The order of user names, where the names that begin with the search are few different ones, however many people have them:
-- the index gives each one's people in that order, so every branch stops after the page.
-- name: account_list_by_value :list
-- orderings: username
-- key: id
WITH RECURSIVE first_value (v) AS (
    (SELECT folded_first_name FROM account
     WHERE folded_first_name >= (SELECT :low::text) AND folded_first_name < (SELECT :high::text) AND folded_first_name <> ''
     ORDER BY folded_first_name LIMIT 1)
    UNION ALL
    SELECT (SELECT folded_first_name FROM account
            WHERE folded_first_name > v AND folded_first_name < (SELECT :high::text) AND folded_first_name <> ''
            ORDER BY folded_first_name LIMIT 1)
    FROM first_value WHERE v IS NOT NULL
), last_value (v) AS (
    (SELECT folded_last_name FROM account
     WHERE folded_last_name >= (SELECT :low::text) AND folded_last_name < (SELECT :high::text) AND folded_last_name <> ''
     ORDER BY folded_last_name LIMIT 1)
    UNION ALL
    SELECT (SELECT folded_last_name FROM account
            WHERE folded_last_name > v AND folded_last_name < (SELECT :high::text) AND folded_last_name <> ''
            ORDER BY folded_last_name LIMIT 1)
    FROM last_value WHERE v IS NOT NULL
)
SELECT id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
       secondary_email, date_joined, last_login, last_modification, etag
FROM (
    (SELECT * FROM active_account
     WHERE username >= (SELECT :low::text) AND username < (SELECT :high::text)
       AND ((SELECT :role::text) IS NULL OR role = (SELECT :role::text))
       AND ((SELECT :is_active::boolean) IS NULL OR is_active = (SELECT :is_active::boolean))
       {after}
     ORDER BY {order} LIMIT (SELECT :limit::bigint))
    UNION
    (SELECT * FROM (SELECT * FROM active_account
                    WHERE email >= (SELECT :low::text) AND email < (SELECT :high::text) AND email <> username AND email <> ''
                    OFFSET 0) AS x
     WHERE ((SELECT :role::text) IS NULL OR role = (SELECT :role::text))
       AND ((SELECT :is_active::boolean) IS NULL OR is_active = (SELECT :is_active::boolean))
       {after}
     ORDER BY {order} LIMIT (SELECT :limit::bigint))
    UNION
    (SELECT a.* FROM first_value CROSS JOIN LATERAL (
         SELECT * FROM active_account
         WHERE folded_first_name = v AND folded_first_name <> ''
           AND ((SELECT :role::text) IS NULL OR role = (SELECT :role::text))
           AND ((SELECT :is_active::boolean) IS NULL OR is_active = (SELECT :is_active::boolean))
           {after}
         ORDER BY {order} LIMIT (SELECT :limit::bigint)) AS a
     ORDER BY {order} LIMIT (SELECT :limit::bigint))
    UNION
    (SELECT a.* FROM last_value CROSS JOIN LATERAL (
         SELECT * FROM active_account
         WHERE folded_last_name = v AND folded_last_name <> ''
           AND ((SELECT :role::text) IS NULL OR role = (SELECT :role::text))
           AND ((SELECT :is_active::boolean) IS NULL OR is_active = (SELECT :is_active::boolean))
           {after}
         ORDER BY {order} LIMIT (SELECT :limit::bigint)) AS a
     ORDER BY {order} LIMIT (SELECT :limit::bigint))
) AS found
ORDER BY {order} LIMIT (SELECT :limit::bigint);

-- Where they are many different ones: the first that match, in whatever state and role, found without a look at the table; if
-- those that are left of them do not fill the page, there may be more.
-- name: account_list_by_key :list
-- orderings: username
-- key: id
SELECT id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
       secondary_email, date_joined, last_login, last_modification, etag
FROM (
    (SELECT id, username FROM account
     WHERE username >= (SELECT :low::text) AND username < (SELECT :high::text) {after}
     ORDER BY {order} LIMIT (SELECT :limit::bigint + 50))
    UNION
    (SELECT id, username FROM (SELECT id, username FROM account
         WHERE email >= (SELECT :low::text) AND email < (SELECT :high::text) AND email <> username AND email <> ''
         OFFSET 0) AS x
     WHERE true {after}
     ORDER BY {order} LIMIT (SELECT :limit::bigint + 50))
    UNION
    (SELECT id, username FROM (SELECT id, username FROM account
         WHERE folded_first_name >= (SELECT :low::text) AND folded_first_name < (SELECT :high::text)
           AND folded_first_name <> ''
         OFFSET 0) AS x
     WHERE true {after}
     ORDER BY {order} LIMIT (SELECT :limit::bigint + 50))
    UNION
    (SELECT id, username FROM (SELECT id, username FROM account
         WHERE folded_last_name >= (SELECT :low::text) AND folded_last_name < (SELECT :high::text)
           AND folded_last_name <> ''
         OFFSET 0) AS x
     WHERE true {after}
     ORDER BY {order} LIMIT (SELECT :limit::bigint + 50))
    ORDER BY {order} LIMIT (SELECT :limit::bigint + 50)
) AS found JOIN active_account USING (id, username)
WHERE ((SELECT :role::text) IS NULL OR role = (SELECT :role::text))
  AND ((SELECT :is_active::boolean) IS NULL OR is_active = (SELECT :is_active::boolean))
ORDER BY {order} LIMIT (SELECT :limit::bigint);

-- name: account_list_by_domain :list
-- orderings: username first_name last_name date_joined
-- key: id
SELECT id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
       secondary_email, date_joined, last_login, last_modification, etag
FROM active_account
WHERE domain = :domain AND domain <> ''
  AND (:pattern::text IS NULL OR username LIKE :pattern OR email LIKE :pattern OR folded_first_name LIKE :pattern
       OR folded_last_name LIKE :pattern)
  AND (:role::text IS NULL OR role = :role)
  AND (:is_active::boolean IS NULL OR is_active = :is_active)
  {after}
ORDER BY {order} LIMIT :limit;

-- name: account_list_by_role :list
-- orderings: username first_name last_name date_joined
-- key: id
SELECT id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
       secondary_email, date_joined, last_login, last_modification, etag
FROM active_account
WHERE role = :role AND role <> 'SimpleUsers'
  AND (:pattern::text IS NULL OR username LIKE :pattern OR email LIKE :pattern OR folded_first_name LIKE :pattern
       OR folded_last_name LIKE :pattern)
  AND (:domain::text IS NULL OR domain = :domain)
  AND (:is_active::boolean IS NULL OR is_active = :is_active)
  {after}
ORDER BY {order} LIMIT :limit;

-- name: account_list_disabled :list
-- orderings: username first_name last_name date_joined
-- key: id
SELECT id, username, email, first_name, last_name, is_active, master_user, role, language, phone_number,
       secondary_email, date_joined, last_login, last_modification, etag
FROM active_account
WHERE NOT is_active
  AND (:pattern::text IS NULL OR username LIKE :pattern OR email LIKE :pattern OR folded_first_name LIKE :pattern
       OR folded_last_name LIKE :pattern)
  AND (:domain::text IS NULL OR domain = :domain)
  AND (:role::text IS NULL OR role = :role)
  {after}
ORDER BY {order} LIMIT :limit;

-- Whether no column has more than 2,000 rows that begin with the search. The order makes the planner walk the index, whatever it
-- believes about the number of matches.
-- name: few_by_search
SELECT NOT (
    EXISTS (SELECT FROM account WHERE username >= (SELECT :low::text) AND username < (SELECT :high::text)
            ORDER BY username OFFSET 1000)
    OR EXISTS (SELECT FROM account
               WHERE email >= (SELECT :low::text) AND email < (SELECT :high::text) AND email <> username AND email <> ''
               ORDER BY email OFFSET 1000)
    OR EXISTS (SELECT FROM account
               WHERE folded_first_name >= (SELECT :low::text) AND folded_first_name < (SELECT :high::text)
                 AND folded_first_name <> ''
               ORDER BY folded_first_name OFFSET 1000)
    OR EXISTS (SELECT FROM account
               WHERE folded_last_name >= (SELECT :low::text) AND folded_last_name < (SELECT :high::text)
                 AND folded_last_name <> ''
               ORDER BY folded_last_name OFFSET 1000));

-- Whether the first and last names that begin with the search are at most 50 different ones each.
-- name: few_by_value
WITH RECURSIVE first_value (v) AS (
    (SELECT folded_first_name FROM account
     WHERE folded_first_name >= (SELECT :low::text) AND folded_first_name < (SELECT :high::text) AND folded_first_name <> ''
     ORDER BY folded_first_name LIMIT 1)
    UNION ALL
    SELECT (SELECT folded_first_name FROM account
            WHERE folded_first_name > v AND folded_first_name < (SELECT :high::text) AND folded_first_name <> ''
            ORDER BY folded_first_name LIMIT 1)
    FROM first_value WHERE v IS NOT NULL
), last_value (v) AS (
    (SELECT folded_last_name FROM account
     WHERE folded_last_name >= (SELECT :low::text) AND folded_last_name < (SELECT :high::text) AND folded_last_name <> ''
     ORDER BY folded_last_name LIMIT 1)
    UNION ALL
    SELECT (SELECT folded_last_name FROM account
            WHERE folded_last_name > v AND folded_last_name < (SELECT :high::text) AND folded_last_name <> ''
            ORDER BY folded_last_name LIMIT 1)
    FROM last_value WHERE v IS NOT NULL
)
SELECT NOT (EXISTS (SELECT FROM first_value WHERE v IS NOT NULL OFFSET 50)
            OR EXISTS (SELECT FROM last_value WHERE v IS NOT NULL OFFSET 50));

-- Whether a filter leaves at most 2,000 rows.
-- name: few_by_domain
SELECT NOT EXISTS (SELECT FROM account WHERE domain = :domain AND domain <> '' ORDER BY username OFFSET 2000);

-- name: few_by_role
SELECT NOT EXISTS (SELECT FROM account WHERE role = :role AND role <> 'SimpleUsers' ORDER BY id OFFSET 2000);

-- name: few_disabled
SELECT NOT EXISTS (SELECT FROM account WHERE NOT is_active ORDER BY id OFFSET 2000);

-- name: search_fold
SELECT lower(:search::text COLLATE "und-x-icu");

-- name: account_tally
SELECT coalesce(sum(accounts), 0)::bigint FROM tally;

-- name: account_count
SELECT count(*)
FROM active_account
WHERE (:pattern::text IS NULL OR username LIKE :pattern OR email LIKE :pattern OR folded_first_name LIKE :pattern
       OR folded_last_name LIKE :pattern)
  AND (:domain::text IS NULL OR domain = :domain)
  AND (:role::text IS NULL OR role = :role)
  AND (:is_active::boolean IS NULL OR is_active = :is_active);

-- The next accounts of a bulk change: its pages add up to one walk over the table.
-- name: bulk_by_filter
SELECT id
FROM active_account
WHERE id > :after
  AND (:pattern::text IS NULL OR username LIKE :pattern OR email LIKE :pattern OR folded_first_name LIKE :pattern
       OR folded_last_name LIKE :pattern)
  AND (:domain::text IS NULL OR domain = :domain)
  AND (:role::text IS NULL OR role = :role)
  AND (:is_active::boolean IS NULL OR is_active = :is_active)
ORDER BY id LIMIT :limit;

-- name: addresses_rewrite
UPDATE account AS a SET
    username = CASE WHEN a.username = i.old_address AND NOT EXISTS (
                         SELECT FROM account AS other WHERE other.username = i.new_address)
               THEN i.new_address ELSE a.username END,
    email = CASE WHEN a.email = i.old_address THEN i.new_address ELSE a.email END,
    version = version + 1,
    last_modification = now()
FROM unnest(:ids::bigint[], :old_addresses::text[], :new_addresses::text[]) AS i (id, old_address, new_address)
WHERE a.id = i.id AND i.old_address <> i.new_address AND a.reserved_for IS NULL
  AND (a.username = i.old_address OR a.email = i.old_address)
RETURNING a.id, a.username, a.email, a.first_name, a.last_name, a.is_active, a.master_user, a.role, a.language,
          a.phone_number, a.secondary_email, a.date_joined, a.last_login, a.last_modification, a.version::text AS etag;

-- name: accounts_remove
DELETE FROM account WHERE id = ANY (:ids::bigint[]) AND role = 'SimpleUsers';

-- name: mailboxes_detach
UPDATE account SET email = '', version = version + 1, last_modification = now()
WHERE id = ANY (:ids::bigint[]) AND role <> 'SimpleUsers' AND email <> '';

-- What is open again is kept for a day, to recognise what comes late.
-- name: closed_domain_put
WITH expired AS (
    DELETE FROM closed_domain
    WHERE NOT closed AND changed_at < now() - interval '1 day' AND domain_id <> :domain_id
)
INSERT INTO closed_domain AS c (domain_id, name, closed, version) VALUES (:domain_id, :name, :closed, :version)
ON CONFLICT (domain_id) DO UPDATE SET closed = excluded.closed, version = excluded.version, changed_at = now()
WHERE c.version < excluded.version;

-- name: token_list :list
-- orderings: created_at
-- key: id
SELECT id, name, expires_at, created_at, last_used_at FROM api_token
WHERE account_id = :account_id {after}
ORDER BY {order} LIMIT :limit;

-- Locks the account, so that two at once cannot both take the last place.
-- name: token_owner_lock
SELECT FROM account WHERE id = :account_id AND state = 'active' FOR UPDATE;

-- name: token_count
SELECT count(*) FROM api_token WHERE account_id = :account_id;

-- name: token_ends_before
SELECT coalesce(expires_at < coalesce(:expires_at::timestamptz, 'infinity'), false)
FROM api_token WHERE id = :token_id AND account_id = :account_id;

-- name: token_insert
INSERT INTO api_token (account_id, name, key_hash, expires_at)
VALUES (:account_id, :name, :key_hash, :expires_at)
RETURNING id, name, expires_at, created_at, last_used_at;

-- name: token_delete
DELETE FROM api_token WHERE id = :id AND account_id = :account_id
RETURNING id, name, expires_at, created_at, last_used_at;

-- name: token_authenticate
SELECT t.id, a.id, a.username, a.role,
       a.is_active AND (a.role <> 'SimpleUsers' OR NOT EXISTS (
           SELECT FROM closed_domain AS c WHERE c.name = a.domain AND c.closed)),
       t.expires_at IS NOT NULL AND t.expires_at <= now(),
       t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute'
FROM api_token AS t JOIN account AS a ON a.id = t.account_id
WHERE t.key_hash = :key_hash AND a.state = 'active';

-- name: token_touch
UPDATE api_token SET last_used_at = now()
WHERE id = :id AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');
