/* Which connections that have logged in to send may go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "services/accounts/sql/migrations.h"
#include "services/common/testing/testing.h"
#include "services/domains/sql/migrations.h"
#include "services/mail/mail.h"
#include "services/mailboxes/sql/migrations.h"
#include "services/quotas/sql/migrations.h"

static const char seed[] =
    "INSERT INTO domains.domain (id, name, type) VALUES (1, 'example.test', 'domain');"
    "INSERT INTO domains.domain_alias (id, name, target_id) VALUES (1, 'alias.test', 1);"
    "INSERT INTO accounts.account (id, username, email, role, password_hash) VALUES"
    " (1, 'bob@example.test', 'bob@example.test', 'SimpleUsers', 'x');"
    "INSERT INTO mailboxes.mailbox (id, account_id, domain_id, local_part, full_address, home,"
    " state) VALUES (11, 1, 1, 'bob', 'bob@example.test', 'x', 'active')";

static int reseed(void **state)
{
    static const char *const schemas[] = {"accounts", "mailboxes", "quotas", "domains"};
    (void)state;
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        testing_truncate(schemas[i]);
    }
    testing_execute("mail", seed);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    testing_migrate("accounts", accounts_migrations, accounts_n_migrations);
    testing_migrate("domains", domains_migrations, domains_n_migrations);
    testing_migrate("quotas", quotas_migrations, quotas_n_migrations);
    testing_migrate("mailboxes", mailboxes_migrations, mailboxes_n_migrations);
    return mail_migrate(testing_pg_url("roost_owner")) ? 0 : -1;
}

static void assert_answer(const char *key, const char *wanted)
{
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT coalesce((SELECT mail.login_access('%s')), 'go on')", key);
    char *given = testing_select("mail", sql);
    assert_string_equal(given, wanted);
    free(given);
}

static const char refusal[] = "521 5.7.1 This login is not valid any more";

static void who_could_log_in_goes_on(void **state)
{
    (void)state;
    assert_answer("bob@example.test", "go on");
    assert_answer("BOB@example.test", "go on");
    assert_answer("ann@example.test", refusal);
    assert_answer("bob@alias.test", refusal);
    assert_answer("bob@else.test", refusal);
    assert_answer("bob", refusal);
    assert_answer("", refusal);
}

static void who_could_not_does_not(void **state)
{
    static const char *const changes[] = {
        "UPDATE accounts.account SET is_active = false",
        "UPDATE accounts.account SET state = 'deleting'",
        "UPDATE domains.domain SET enabled = false",
        "UPDATE domains.domain SET state = 'deleting'",
        "UPDATE domains.domain SET name = 'new.test', renaming_from = name",
        "UPDATE mailboxes.mailbox SET local_part = 'robert'",
        "UPDATE mailboxes.mailbox SET state = 'pending'",
        "DELETE FROM mailboxes.mailbox",
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        reseed(state);
        testing_execute("mail", changes[i]);
        assert_answer("bob@example.test", refusal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_could_log_in_goes_on, reseed),
        cmocka_unit_test_setup(who_could_not_does_not, reseed),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
