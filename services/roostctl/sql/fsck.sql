-- What must not be, once everything has come to rest. Each statement gives (object, what is wrong) per finding. Reads
-- across the schemas, as their owner.

-- A deleted account that can still be restored waits for its saga to begin, with its mailbox and quota.
-- name: account_not_active
SELECT 'account ' || a.id, a.username || ' is ' || a.state
FROM accounts.account AS a
WHERE a.state <> 'active'
  AND NOT EXISTS (SELECT FROM accounts.saga AS s
                  WHERE s.object_id = a.id AND s.kind = 'account_delete' AND s.attempts = 0 AND s.due_at > now());

-- name: account_without_mailbox
SELECT 'account ' || a.id, a.username || ' has the address ' || a.email || ' and no mailbox'
FROM accounts.account AS a
LEFT JOIN mailboxes.mailbox AS m ON m.account_id = a.id AND m.state = 'active'
WHERE a.state = 'active' AND a.email <> '' AND m.id IS NULL;

-- name: account_address_copy
SELECT 'account ' || a.id, 'has the address ' || a.email || ', its mailbox ' || m.full_address
FROM accounts.account AS a
JOIN mailboxes.mailbox AS m ON m.account_id = a.id AND m.state = 'active'
WHERE a.state = 'active' AND a.email <> m.full_address;

-- name: account_username
SELECT 'account ' || id, 'is called ' || username || ' and has the address ' || email
FROM accounts.account WHERE state = 'active' AND role = 'SimpleUsers' AND username <> email;

-- name: mailbox_not_active
SELECT 'mailbox ' || id, full_address || ' is ' || state
FROM mailboxes.mailbox WHERE state <> 'active';

-- name: mailbox_without_account
SELECT 'mailbox ' || m.id, m.full_address || ' belongs to no active account'
FROM mailboxes.mailbox AS m
LEFT JOIN accounts.account AS a ON a.id = m.account_id AND a.state = 'active'
WHERE a.id IS NULL
  AND NOT EXISTS (SELECT FROM accounts.saga AS s
                  WHERE s.object_id = m.account_id AND s.kind = 'account_delete' AND s.attempts = 0
                    AND s.due_at > now());

-- name: mailbox_without_domain
SELECT 'mailbox ' || m.id, m.full_address || ' is in no active domain'
FROM mailboxes.mailbox AS m
LEFT JOIN domains.domain AS d ON d.id = m.domain_id AND d.state = 'active'
WHERE d.id IS NULL
  AND NOT EXISTS (SELECT FROM domains.saga AS s
                  WHERE s.object_id = m.domain_id AND s.kind = 'remove_domain_later' AND s.attempts = 0 AND s.due_at > now());

-- name: mailbox_address_copy
SELECT 'mailbox ' || m.id, 'copy ' || m.full_address || ', address ' || m.local_part || '@' || d.name
FROM mailboxes.mailbox AS m JOIN domains.domain AS d ON d.id = m.domain_id
WHERE m.full_address <> m.local_part || '@' || d.name;

-- name: mailbox_without_quota
SELECT 'mailbox ' || m.id, m.full_address || ' has no quota'
FROM mailboxes.mailbox AS m
LEFT JOIN quotas.mailbox_quota AS q ON q.mailbox_id = m.id AND q.state = 'active'
WHERE m.state = 'active' AND q.mailbox_id IS NULL;

-- A deleted alias that can still be restored waits for its saga to begin.
-- name: alias_not_active
SELECT 'alias ' || l.id, l.address || ' is ' || l.state
FROM mailboxes.alias AS l
WHERE l.state <> 'active'
  AND NOT EXISTS (SELECT FROM mailboxes.saga AS s
                  WHERE s.object_id = l.id AND s.kind = 'remove_alias' AND s.attempts = 0 AND s.due_at > now());

-- name: alias_without_domain
SELECT 'alias ' || l.id, l.address || ' is in no active domain'
FROM mailboxes.alias AS l
LEFT JOIN domains.domain AS d ON d.id = l.domain_id AND d.state = 'active'
WHERE d.id IS NULL
  AND NOT EXISTS (SELECT FROM domains.saga AS s
                  WHERE s.object_id = l.domain_id AND s.kind = 'remove_domain_later' AND s.attempts = 0 AND s.due_at > now());

-- name: alias_address_copy
SELECT 'alias ' || l.id, 'copy ' || l.address || ', address ' || l.local_part || '@' || d.name
FROM mailboxes.alias AS l JOIN domains.domain AS d ON d.id = l.domain_id
WHERE l.address <> l.local_part || '@' || d.name;

-- name: alias_without_recipients
SELECT 'alias ' || l.id, l.address || ' has no recipient'
FROM mailboxes.alias AS l
WHERE l.state = 'active' AND NOT EXISTS (SELECT FROM mailboxes.alias_recipient AS r WHERE r.alias_id = l.id);

-- name: recipient_address_copy
SELECT 'alias ' || r.alias_id, 'names ' || r.address || ', the mailbox is ' || m.full_address
FROM mailboxes.alias_recipient AS r JOIN mailboxes.mailbox AS m ON m.id = r.mailbox_id
WHERE r.address <> m.full_address;

-- A deleted domain that can still be restored waits for its saga to begin, with all that is in it.
-- name: domain_not_active
SELECT 'domain ' || d.id, d.name || ' is ' || d.state
FROM domains.domain AS d
WHERE d.state <> 'active'
  AND NOT EXISTS (SELECT FROM domains.saga AS s
                  WHERE s.object_id = d.id AND s.kind = 'remove_domain_later' AND s.attempts = 0 AND s.due_at > now());

-- name: domain_rename
SELECT 'domain ' || id, name || ' is still being renamed from ' || renaming_from
FROM domains.domain WHERE renaming_from IS NOT NULL;

-- name: closed_domain
SELECT 'domain ' || c.domain_id, 'the accounts of ' || c.name || ' are kept out'
FROM accounts.closed_domain AS c
LEFT JOIN domains.domain AS d ON d.id = c.domain_id AND d.state = 'deleting'
WHERE c.closed AND d.id IS NULL;

-- name: domain_without_quota
SELECT 'domain ' || d.id, d.name || ' has no quota row'
FROM domains.domain AS d LEFT JOIN quotas.domain_quota AS q ON q.domain_id = d.id
WHERE d.state = 'active' AND q.domain_id IS NULL;

-- name: domain_alias_without_target
SELECT 'domain alias ' || a.id, a.name || ' has no active target'
FROM domains.domain_alias AS a
LEFT JOIN domains.domain AS d ON d.id = a.target_id AND d.state = 'active'
WHERE d.id IS NULL;

-- name: domain_alias_name
SELECT 'domain alias ' || a.id, a.name || ' is also a domain'
FROM domains.domain_alias AS a JOIN domains.domain AS d ON d.name = a.name;

-- name: quota_not_active
SELECT 'quota of mailbox ' || mailbox_id, address || ' is ' || state
FROM quotas.mailbox_quota WHERE state <> 'active';

-- name: quota_without_mailbox
SELECT 'quota of mailbox ' || q.mailbox_id, q.address || ' has no active mailbox'
FROM quotas.mailbox_quota AS q
LEFT JOIN mailboxes.mailbox AS m ON m.id = q.mailbox_id AND m.state = 'active'
WHERE m.id IS NULL;

-- name: quota_address_copy
SELECT 'quota of mailbox ' || q.mailbox_id, 'copy ' || q.address || ', address ' || m.full_address
FROM quotas.mailbox_quota AS q JOIN mailboxes.mailbox AS m ON m.id = q.mailbox_id
WHERE q.address <> m.full_address OR q.domain_id <> m.domain_id;

-- name: quota_of_domain_default
SELECT 'quota of mailbox ' || q.mailbox_id, q.quota_mb || ' MB, the domain''s default is ' || d.default_mailbox_quota_mb
FROM quotas.mailbox_quota AS q JOIN quotas.domain_quota AS d ON d.domain_id = q.domain_id
WHERE q.use_domain_quota AND q.quota_mb <> d.default_mailbox_quota_mb;

-- name: domain_quota_without_domain
SELECT 'quota of domain ' || q.domain_id, 'there is no such domain'
FROM quotas.domain_quota AS q LEFT JOIN domains.domain AS d ON d.id = q.domain_id AND d.state = 'active'
WHERE d.id IS NULL
  AND NOT EXISTS (SELECT FROM domains.saga AS s
                  WHERE s.object_id = q.domain_id AND s.kind = 'remove_domain_later' AND s.attempts = 0 AND s.due_at > now());

-- name: domain_quota_allocated
SELECT 'quota of domain ' || d.domain_id, 'says ' || d.allocated_mb || ' MB are given out, it is ' || coalesce(s.mb, 0)
FROM quotas.domain_quota AS d
LEFT JOIN (SELECT domain_id, sum(quota_mb) AS mb FROM quotas.mailbox_quota GROUP BY domain_id) AS s USING (domain_id)
WHERE d.allocated_mb <> coalesce(s.mb, 0);

-- name: usage_name
SELECT 'usage of mailbox ' || u.mailbox_id, 'is kept under ' || u.username || ', the address is ' || m.full_address
FROM quotas.usage AS u JOIN mailboxes.mailbox AS m ON m.id = u.mailbox_id
WHERE u.username <> m.full_address;

-- name: usage_without_mailbox
SELECT 'usage of mailbox ' || u.mailbox_id, u.username || ' is no mailbox'
FROM quotas.usage AS u LEFT JOIN mailboxes.mailbox AS m ON m.id = u.mailbox_id
WHERE m.id IS NULL;

-- name: counter_of_mailboxes
SELECT 'domain ' || coalesce(c.domain_id, m.domain_id), 'counts ' || coalesce(c.n, 0) || ' mailboxes, has ' || coalesce(m.n, 0)
FROM (SELECT domain_id, sum(mailboxes) AS n FROM mailboxes.counter GROUP BY domain_id) AS c
FULL JOIN (SELECT coalesce(domain_id, 0) AS domain_id, count(*) AS n FROM mailboxes.mailbox WHERE state = 'active'
           GROUP BY ROLLUP (domain_id)) AS m USING (domain_id)
WHERE coalesce(c.n, 0) <> coalesce(m.n, 0);

-- name: counter_of_aliases
SELECT 'domain ' || coalesce(c.domain_id, l.domain_id), 'counts ' || coalesce(c.n, 0) || ' aliases, has ' || coalesce(l.n, 0)
FROM (SELECT domain_id, sum(aliases) AS n FROM mailboxes.counter GROUP BY domain_id) AS c
FULL JOIN (SELECT coalesce(domain_id, 0) AS domain_id, count(*) AS n FROM mailboxes.alias WHERE state = 'active'
           GROUP BY ROLLUP (domain_id)) AS l USING (domain_id)
WHERE coalesce(c.n, 0) <> coalesce(l.n, 0);

-- name: tally_of_accounts
SELECT 'accounts', 'counts ' || t.n || ', has ' || a.n
FROM (SELECT sum(accounts) AS n FROM accounts.tally) AS t,
     (SELECT count(*) AS n FROM accounts.account WHERE state = 'active') AS a
WHERE t.n <> a.n;

-- name: tally_of_quotas
SELECT 'quotas', 'counts ' || t.n || ', has ' || q.n
FROM (SELECT coalesce(sum(mailboxes), 0) AS n FROM quotas.tally) AS t,
     (SELECT count(*) AS n FROM quotas.mailbox_quota WHERE state = 'active') AS q
WHERE t.n <> q.n;

-- A deletion that can still be undone is not unfinished.
-- name: unfinished_write
SELECT schema || ' ' || kind || ' ' || object_id, 'not finished after ' || attempts || ' attempts: ' || last_error
FROM (SELECT 'accounts' AS schema, kind, object_id, attempts, last_error FROM accounts.saga
      WHERE kind <> 'account_delete' OR attempts > 0 OR due_at <= now()
      UNION ALL SELECT 'domains', kind, object_id, attempts, last_error FROM domains.saga
      WHERE kind <> 'remove_domain_later' OR attempts > 0 OR due_at <= now()
      UNION ALL SELECT 'mailboxes', kind, object_id, attempts, last_error FROM mailboxes.saga
      WHERE kind <> 'remove_alias' OR attempts > 0 OR due_at <= now()
      UNION ALL SELECT 'quotas', kind, object_id, attempts, last_error FROM quotas.saga
      UNION ALL SELECT 'dnschecks', kind, object_id, attempts, last_error FROM dnschecks.saga) AS s;

-- name: unpublished_event
SELECT schema || ' event ' || id, event_type || ' of ' || created_at || ' is not published'
FROM (SELECT 'accounts' AS schema, id, event_type, created_at, published_at FROM accounts.outbox
      UNION ALL SELECT 'domains', id, event_type, created_at, published_at FROM domains.outbox
      UNION ALL SELECT 'mailboxes', id, event_type, created_at, published_at FROM mailboxes.outbox
      UNION ALL SELECT 'quotas', id, event_type, created_at, published_at FROM quotas.outbox
      UNION ALL SELECT 'dnschecks', id, event_type, created_at, published_at FROM dnschecks.outbox) AS o
WHERE published_at IS NULL AND created_at < now() - interval '2 seconds';

-- name: operation_overdue
SELECT 'operation ' || id, type || ' of ' || full_address || ' is ' || state || ' since ' || creation || ': ' || last_error
FROM mailboxes.operation
WHERE state IN ('pending', 'running') AND next_attempt_at < now() - interval '60 seconds';
