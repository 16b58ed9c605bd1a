-- The database roles of Roost, for a superuser of the server; safe to run again. Passwords are set by whoever installs.
-- roost_owner owns the database and all schemas and runs the migrations. Each service has a role that can use its own
-- schema and nothing else: the migrations grant that. roost_mail is for Postfix and Dovecot: schema mail, nothing else.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['roost_owner', 'roost_accounts', 'roost_domains', 'roost_mailboxes', 'roost_quotas',
                                'roost_dnschecks', 'roost_mail']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT', name);
        END IF;
    END LOOP;
END
$$;

-- Configuration written for Modoboa names tables without a schema.
ALTER ROLE roost_mail SET search_path = mail;
-- It looks up single addresses, unprepared: the joins are as they are written, by index, and planning takes most of the
-- time, so the planner is told what not to try.
ALTER ROLE roost_mail SET join_collapse_limit = 1;
ALTER ROLE roost_mail SET enable_hashjoin = off;
ALTER ROLE roost_mail SET enable_mergejoin = off;
ALTER ROLE roost_mail SET enable_bitmapscan = off;
ALTER ROLE roost_mail SET enable_material = off;
ALTER ROLE roost_mail SET enable_memoize = off;
ALTER ROLE roost_mail SET max_parallel_workers_per_gather = 0;
ALTER ROLE roost_mail SET jit = off;
