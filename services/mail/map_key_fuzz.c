/* Postfix hands its maps whatever a stranger has said: no key makes a lookup fail, whichever
 * function gets it. */
#include <stdlib.h>

#include "services/accounts/sql/migrations.h"
#include "services/common/fuzz/fuzz.h"
#include "services/common/pg/pg.h"
#include "services/common/testing/testing.h"
#include "services/domains/sql/migrations.h"
#include "services/mail/mail.h"
#include "services/mailboxes/sql/migrations.h"
#include "services/quotas/sql/migrations.h"

static const char seed[] =
    "INSERT INTO domains.domain (id, name) VALUES (1, 'a.b');"
    "INSERT INTO domains.domain_alias (name, target_id) VALUES ('b.a', 1);"
    "INSERT INTO accounts.account (id, username, email, role, password_hash) VALUES (1, 'a@a.b', "
    "'a@a.b', "
    "'SimpleUsers', '');"
    "INSERT INTO mailboxes.mailbox (id, account_id, domain_id, local_part, full_address, home, "
    "state) VALUES "
    "(1, 1, 1, 'a', 'a@a.b', 'a.b/a', 'active');"
    "INSERT INTO mailboxes.alias (id, domain_id, local_part, address) VALUES (2, 1, '', '@a.b');"
    "INSERT INTO mailboxes.alias_recipient (alias_id, address, mailbox_id) VALUES (2, 'a@a.b', 1);";

static const struct pg_statement lookups = {
    .name = "lookups",
    .sql =
        "SELECT f.* FROM (VALUES ($1::text)) AS k (key), LATERAL (SELECT mail.domain(key) UNION "
        "ALL SELECT "
        "mail.relay_domain(key) UNION ALL SELECT mail.domain_alias(key) UNION ALL SELECT "
        "mail.alias(key) UNION ALL "
        "SELECT mail.mailbox(key) UNION ALL SELECT mail.maintain(key) UNION ALL SELECT "
        "mail.sender_login(key) UNION "
        "ALL SELECT mail.transport(key) UNION ALL SELECT mail.relay_mailbox(key) UNION ALL SELECT "
        "mail.relay_verification(key) UNION ALL SELECT mail.login_access(key) UNION ALL SELECT "
        "mail.mailbox_id_of(key)::text) AS f",
    .params = (const char *const[]){"key"},
    .n_params = 1,
};

static struct pg *open_database(struct arena *arena)
{
    testing_migrate("accounts", accounts_migrations, accounts_n_migrations);
    testing_migrate("domains", domains_migrations, domains_n_migrations);
    testing_migrate("quotas", quotas_migrations, quotas_n_migrations);
    testing_migrate("mailboxes", mailboxes_migrations, mailboxes_n_migrations);
    check(mail_migrate(testing_pg_url("roost_owner")));
    testing_execute("mail", seed);
    struct pg *pg = pg_new(testing_pg_url("roost_mail"), "map_key_fuzz", "mail");
    pg_set_call(pg, arena, 0);
    /* As Postfix does, so that every byte can be sent. */
    check(!pg_execute_sql(pg, "SET client_encoding = 'LATIN1'"));
    return pg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    static struct pg *pg;
    struct pg_rows rows;
    if (!arena) {
        arena = arena_new(65536);
        pg = open_database(arena);
    }
    const char *key = arena_strndup(arena, (const char *)data, size);
    check(!pg_query(pg, &lookups, PG_ARGS(NULL, pg_text("key", key)), &rows));
    arena_reset(arena);
    return 0;
}
