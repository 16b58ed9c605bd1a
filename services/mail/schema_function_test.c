/* The functions of all schemas: what a caller brings along does not come before what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "services/accounts/sql/migrations.h"
#include "services/common/pg/pg.h"
#include "services/common/testing/testing.h"
#include "services/domains/sql/migrations.h"
#include "services/mail/mail.h"
#include "services/mailboxes/sql/migrations.h"
#include "services/quotas/sql/migrations.h"

static int setup(void **state)
{
    (void)state;
    testing_migrate("accounts", accounts_migrations, accounts_n_migrations);
    testing_migrate("domains", domains_migrations, domains_n_migrations);
    testing_migrate("quotas", quotas_migrations, quotas_n_migrations);
    testing_migrate("mailboxes", mailboxes_migrations, mailboxes_n_migrations);
    return mail_migrate(testing_pg_url("roost_owner")) ? 0 : -1;
}

static void assert_selects(const char *sql, const char *wanted)
{
    char *given = testing_select("mail", sql);
    assert_string_equal(given, wanted);
    free(given);
}

/* pg_temp comes first where it is not named. */
static void temporary_tables_come_last(void **state)
{
    (void)state;
    assert_selects("SELECT coalesce(string_agg(oid::regprocedure::text, ' '), '') FROM pg_proc,"
                   " LATERAL (SELECT string_agg(c, '') AS path FROM unnest(proconfig) AS c"
                   " WHERE c LIKE 'search_path=%') AS p"
                   " WHERE pronamespace IN ('accounts'::regnamespace, 'domains'::regnamespace,"
                   " 'mailboxes'::regnamespace, 'quotas'::regnamespace, 'mail'::regnamespace)"
                   " AND (path NOT LIKE '%, pg_temp' OR (prosecdef AND path IS NULL))",
                   "");
    assert_selects("SELECT count(*) > 0 FROM pg_proc WHERE prosecdef"
                   " AND pronamespace = 'quotas'::regnamespace",
                   "t");
}

/* Dovecot's role gives a name in no mailbox of ours a mailbox of its own making. */
static void a_temporary_table_changes_nothing(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    struct pg *pg = pg_new(testing_pg_url("roost_mail"), "schema_function_test", "mail");
    pg_set_call(pg, arena, 0);
    testing_execute("mail", "INSERT INTO quotas.domain_quota (domain_id, quota_mb) VALUES (1, 0);"
                            "INSERT INTO quotas.mailbox_quota (mailbox_id, domain_id, address,"
                            " use_domain_quota, quota_mb, state)"
                            " VALUES (11, 1, 'bob@example.test', false, 5, 'active')");
    const struct error *err = pg_execute_sql(
        pg, "CREATE TEMP TABLE mailbox_quota (mailbox_id bigint, address text, state text,"
            " quota_mb bigint);"
            "INSERT INTO mailbox_quota VALUES (11, 'eve@example.test', 'active', 1);"
            "GRANT ALL ON mailbox_quota TO PUBLIC;"
            "INSERT INTO mail.admin_quota (bytes, username) VALUES (100, 'eve@example.test')");
    if (err) {
        fail_msg("%s", err->cause ? err->cause : err->detail);
    }
    assert_selects("SELECT count(*) FROM quotas.usage", "0");
    pg_free(pg);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temporary_tables_come_last),
        cmocka_unit_test(a_temporary_table_changes_nothing),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
