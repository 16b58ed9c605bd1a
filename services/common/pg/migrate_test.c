#include "services/common/pg/migrate.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "services/common/pg/pg.h"
#include "services/common/testing/testing.h"

static const struct pg_migration first[] = {
    {"0001_create", "CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, name text);"
                    "CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS 'SELECT 42'"},
};
static const struct pg_migration both[] = {
    {"0001_create", "CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, name text);"
                    "CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS 'SELECT 42'"},
    {"0002_widen",
     "ALTER TABLE thing ADD size int; INSERT INTO thing (name) VALUES ('from the migration')"},
};
static const struct pg_migration edited[] = {
    {"0001_create", "CREATE TABLE thing (id int)"},
};
static const struct pg_migration faulty[] = {
    {"0001_create", "CREATE TABLE thing (id int); SELECT 1 / 0"},
};

static bool migrate(const char *schema, const struct pg_migration *migrations, size_t n)
{
    return pg_migrate(testing_pg_url("roost_owner"), schema, migrations, n);
}

static void assert_selected(const char *schema, const char *sql, const char *expected)
{
    char *text = testing_select(schema, sql);

    assert_string_equal(text, expected);
    free(text);
}

static void new_migrations_run_once(void **state)
{
    (void)state;
    assert_true(migrate("domains", first, 1));
    assert_true(migrate("domains", both, 2));
    assert_true(migrate("domains", both, 2));
    assert_selected("domains", "SELECT count(*) FROM thing", "1");
    assert_selected("domains",
                    "SELECT string_agg(name, ' ' ORDER BY applied_at, name) FROM migration",
                    "common/0001_common common/0002_saga_object 0001_create 0002_widen");
}

static void edited_migration_is_refused(void **state)
{
    (void)state;
    assert_true(migrate("quotas", first, 1));
    assert_false(migrate("quotas", edited, 1));
    assert_selected("quotas",
                    "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'quotas' "
                    "AND table_name = 'thing'",
                    "2");
}

static void failed_migration_leaves_nothing(void **state)
{
    (void)state;
    assert_false(migrate("mailboxes", faulty, 1));
    assert_selected("mailboxes", "SELECT to_regclass('mailboxes.thing') IS NULL", "t");
    assert_selected("mailboxes", "SELECT count(*) FROM migration WHERE name = '0001_create'", "0");
    assert_true(migrate("mailboxes", first, 1));
}

/* The service's role can use the schema, not change it; nobody else can see it. */
static void role_gets_what_it_needs_only(void **state)
{
    static const struct {
        const char *role;
        const char *sql;
        bool is_allowed;
    } cases[] = {
        {"roost_accounts", "INSERT INTO accounts.thing (name) VALUES ('x')", true},
        {"roost_accounts", "UPDATE accounts.thing SET name = 'y'", true},
        {"roost_accounts", "DELETE FROM accounts.thing", true},
        {"roost_accounts", "SELECT accounts.answer()", true},
        {"roost_accounts", "SELECT nextval('accounts.outbox_batch')", true},
        {"roost_accounts", "SELECT last_value FROM accounts.outbox_batch", true},
        {"roost_accounts", "SELECT * FROM accounts.migration", false},
        {"roost_accounts", "CREATE TABLE accounts.other (id int)", false},
        {"roost_accounts", "ALTER TABLE accounts.thing ADD other int", false},
        {"roost_accounts", "TRUNCATE accounts.thing", false},
        {"roost_domains", "SELECT * FROM accounts.thing", false},
        {"roost_domains", "SELECT accounts.answer()", false},
        {"roost_mail", "SELECT * FROM accounts.outbox", false},
    };
    struct arena *arena = arena_new(4096);

    (void)state;
    assert_true(migrate("accounts", first, 1));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pg *pg = pg_new(testing_pg_url(cases[i].role), "test", "public");

        pg_set_call(pg, arena, 0);
        if ((pg_execute_sql(pg, cases[i].sql) == NULL) != cases[i].is_allowed) {
            fail_msg("%s: %s", cases[i].role, cases[i].sql);
        }
        pg_free(pg);
    }
    arena_free(arena);
}

static void mail_schema_has_no_service_tables(void **state)
{
    (void)state;
    assert_true(migrate("mail", first, 1));
    assert_selected("mail",
                    "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables "
                    "WHERE schemaname = 'mail'",
                    "migration thing");
    assert_selected("mail", "SELECT has_schema_privilege('roost_mail', 'mail', 'USAGE')", "f");
}

static void missing_role_or_database_is_refused(void **state)
{
    (void)state;
    assert_false(migrate("nobody", first, 1));
    assert_selected("public", "SELECT count(*) FROM pg_namespace WHERE nspname = 'nobody'", "0");
    assert_false(pg_migrate("postgresql:///roost?host=/nonexistent", "domains", first, 1));
}

static void *migrate_in_thread(void *ctx)
{
    (void)ctx;
    return migrate("dnschecks", both, 2) ? (void *)both : NULL;
}

static void concurrent_runs_wait_for_each_other(void **state)
{
    pthread_t threads[4];
    void *result;

    (void)state;
    (void)testing_pg_url("roost_owner");
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, migrate_in_thread, NULL), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        assert_non_null(result);
    }
    assert_selected("dnschecks", "SELECT count(*) FROM thing", "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_migrations_run_once),
        cmocka_unit_test(edited_migration_is_refused),
        cmocka_unit_test(failed_migration_leaves_nothing),
        cmocka_unit_test(role_gets_what_it_needs_only),
        cmocka_unit_test(mail_schema_has_no_service_tables),
        cmocka_unit_test(missing_role_or_database_is_refused),
        cmocka_unit_test(concurrent_runs_wait_for_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
