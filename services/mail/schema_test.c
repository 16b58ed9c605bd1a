/* Schema mail on a real PostgreSQL with all services' schemas, asked as roost_mail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/accounts/sql/migrations.h"
#include "services/common/pg/pg.h"
#include "services/common/testing/testing.h"
#include "services/domains/sql/migrations.h"
#include "services/mail/mail.h"
#include "services/mailboxes/sql/migrations.h"
#include "services/quotas/sql/migrations.h"

/* Domain 1 with bob (account 1, mailbox 11), ann (2, 12) and the disabled tim (3, 13); domain 2 is
 * disabled, with joe (4, 14); domain 3 is relayed, with sam (5, 15). alias.test stands for domain
 * 1, off.test is a disabled domain alias. */
static const char seed[] =
    "INSERT INTO domains.domain (id, name, type, enabled) VALUES (1, 'example.test', 'domain', "
    "true),"
    " (2, 'disabled.test', 'domain', false), (3, 'relay.test', 'relaydomain', true),"
    " (4, 'plain.test', 'domain', true);"
    "INSERT INTO domains.domain_alias (id, name, target_id, enabled) VALUES (1, 'alias.test', 1, "
    "true),"
    " (2, 'off.test', 1, false), (3, 'plain-alias.test', 4, true), (4, 'disabled-alias.test', 2, "
    "true);"
    "INSERT INTO accounts.account (id, username, email, role, password_hash, is_active)"
    " SELECT i, name, name, 'SimpleUsers', '{PLAIN}pw' || i, i <> 3 FROM (VALUES (1, "
    "'bob@example.test'),"
    " (2, 'ann@example.test'), (3, 'tim@example.test'), (4, 'joe@disabled.test'), (5, "
    "'sam@relay.test'),"
    " (6, 'zoe@plain.test')) AS a (i, name);"
    "INSERT INTO mailboxes.mailbox (id, account_id, domain_id, local_part, full_address, home, "
    "state)"
    " SELECT i + 10, i, d, split_part(name, '@', 1), name, replace(name, '@', '.') || '/x', "
    "'active'"
    " FROM (VALUES (1, 1, 'bob@example.test'), (2, 1, 'ann@example.test'), (3, 1, "
    "'tim@example.test'),"
    " (4, 2, 'joe@disabled.test'), (5, 3, 'sam@relay.test'), (6, 4, 'zoe@plain.test')) AS m (i, d, "
    "name);"
    "INSERT INTO quotas.domain_quota (domain_id, quota_mb) VALUES (1, 100), (2, 0), (3, 0), (4, 0);"
    "INSERT INTO quotas.mailbox_quota (mailbox_id, domain_id, address, use_domain_quota, quota_mb, "
    "state)"
    " SELECT id, domain_id, full_address, false, 5, 'active' FROM mailboxes.mailbox;"
    "INSERT INTO mailboxes.alias (id, domain_id, local_part, address, enabled, expire_at) VALUES"
    " (1, 1, 'info', 'info@example.test', true, NULL), (2, 1, '', '@example.test', true, NULL),"
    " (3, 1, 'old', 'old@example.test', true, now() - interval '1 second'),"
    " (4, 1, 'off', 'off@example.test', false, NULL), (5, 1, 'ann', 'ann@example.test', true, "
    "NULL),"
    " (6, 4, 'tims', 'tims@plain.test', true, NULL), (7, 4, 'all', 'all@plain.test', true, NULL);"
    "INSERT INTO mailboxes.alias_recipient (alias_id, address, mailbox_id, alias_ref_id) VALUES"
    " (1, 'bob@example.test', 11, NULL), (1, 'who@else.test', NULL, NULL), (2, 'bob@example.test', "
    "11, NULL),"
    " (3, 'bob@example.test', 11, NULL), (4, 'bob@example.test', 11, NULL), (5, 'ann@else.test', "
    "NULL, NULL),"
    " (6, 'tim@example.test', 13, NULL), (7, 'bob+lists@example.test', 11, NULL),"
    " (7, 'info@example.test', NULL, 1), (7, 'zoe@plain.test', 16, NULL);";

struct fixture {
    struct arena *arena;
    struct pg *pg; /* as roost_mail */
};

static int setup(void **state)
{
    static struct fixture fixture;
    testing_migrate("accounts", accounts_migrations, accounts_n_migrations);
    testing_migrate("domains", domains_migrations, domains_n_migrations);
    testing_migrate("quotas", quotas_migrations, quotas_n_migrations);
    testing_migrate("mailboxes", mailboxes_migrations, mailboxes_n_migrations);
    if (!mail_migrate(testing_pg_url("roost_owner"))) {
        return -1;
    }
    fixture.arena = arena_new(65536);
    fixture.pg = pg_new(testing_pg_url("roost_mail"), "schema_test", "mail");
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    pg_free(fixture->pg);
    arena_free(fixture->arena);
    return 0;
}

static int reseed(void **state)
{
    struct fixture *fixture = *state;
    static const char *const schemas[] = {"accounts", "mailboxes", "quotas", "domains"};
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        testing_truncate(schemas[i]);
    }
    testing_execute(
        "mail",
        "TRUNCATE admin_senderaddress, postfix_relay_domains_relaydomain, transport_transport, "
        "relaydomains_recipientaccess");
    testing_execute("mail", seed);
    arena_reset(fixture->arena);
    pg_set_call(fixture->pg, fixture->arena, 0);
    return 0;
}

enum { MAX_QUERIES = 1000 };

/* A connection knows a statement by its address, so each query gets one of its own. */
static struct pg_statement *new_statement(const char *query)
{
    static struct pg_statement statements[MAX_QUERIES];
    static char texts[MAX_QUERIES][2][1024];
    static char huge[16384];
    static size_t n;
    struct pg_statement *stmt = &statements[n];
    static const char frame[] =
        "SELECT coalesce(string_agg(r, ' ' ORDER BY r COLLATE \"C\"), '') FROM (SELECT "
        "translate(q::text, '()\"', '') AS r FROM (%s) AS q) AS rows";
    char *sql = strlen(query) > 800 ? huge : texts[n][1];
    assert_true(n < MAX_QUERIES);
    snprintf(texts[n][0], sizeof texts[n][0], "query_%zu", n);
    snprintf(sql, sql == huge ? sizeof huge : sizeof texts[n][1], frame, query);
    *stmt = (struct pg_statement){.name = texts[n][0], .sql = sql};
    n++;
    return stmt;
}

/* All rows of all columns, sorted, columns joined by ",", rows by " "; "ERROR" if it fails. */
static const char *ask(struct fixture *fixture, const char *query)
{
    struct pg_rows rows;
    const struct error *err = pg_query(fixture->pg, new_statement(query), PG_MESSAGE(NULL), &rows);
    if (err) {
        print_message("%s\n", err->cause ? err->cause : err->detail);
        return "ERROR";
    }
    return pg_value(&rows, 0, 0);
}

static const char *quoted(struct fixture *fixture, const char *key)
{
    char *out = arena_alloc(fixture->arena, 2 * strlen(key) + 1);
    size_t n = 0;
    for (; *key; key++) {
        out[n++] = *key;
        if (*key == '\'') {
            out[n++] = '\'';
        }
    }
    return out;
}

static const char *map(struct fixture *fixture, const char *function, const char *key)
{
    return ask(fixture, arena_printf(fixture->arena, "SELECT * FROM mail.%s('%s')", function,
                                     quoted(fixture, key)));
}

struct map_case {
    const char *function;
    const char *key;
    const char *wanted;
};

static const struct map_case map_cases[] = {
    {"domain", "example.test", "example.test"},
    {"domain", "EXAMPLE.test", "example.test"},
    {"domain", "disabled.test", ""},
    {"domain", "relay.test", ""},
    {"domain", "alias.test", ""},
    {"domain", "else.test", ""},
    {"relay_domain", "relay.test", "relay.test"},
    {"relay_domain", "example.test", ""},
    {"domain_alias", "alias.test", "example.test"},
    {"domain_alias", "off.test", ""},
    {"domain_alias", "disabled-alias.test", ""},
    {"domain_alias", "example.test", ""},
    /* A mailbox is its own recipient, so the catch-all does not get its mail, not even while it is
       disabled. */
    {"alias", "bob@example.test", "bob@example.test"},
    {"alias", "BOB@Example.Test", "bob@example.test"},
    {"alias", "tim@example.test", "tim@example.test"},
    {"alias", "info@example.test", "bob@example.test who@else.test"},
    {"alias", "@example.test", "bob@example.test"},
    {"alias", "@plain.test", ""},
    {"alias", "nobody@example.test", ""},
    /* Expired, disabled. */
    {"alias", "old@example.test", ""},
    {"alias", "off@example.test", ""},
    /* A forward leaves a copy. */
    {"alias", "ann@example.test", "ann@else.test ann@example.test"},
    /* Recipients that are disabled are left out; an extension stays. */
    {"alias", "tims@plain.test", ""},
    {"alias", "all@plain.test", "bob+lists@example.test info@example.test zoe@plain.test"},
    {"alias", "joe@disabled.test", ""},
    /* Postfix asks for the extension first, then without. */
    {"alias", "bob+x@example.test", ""},
    /* Alias domains: what the target knows, and nothing else. */
    {"alias", "bob@alias.test", "bob@example.test"},
    {"alias", "info@alias.test", "info@example.test"},
    {"alias", "nobody@alias.test", ""},
    {"alias", "@alias.test", "@example.test"},
    {"alias", "@plain-alias.test", ""},
    {"alias", "bob@off.test", ""},
    {"alias", "joe@disabled-alias.test", ""},
    {"mailbox", "bob@example.test", "bob.example.test/x"},
    {"mailbox", "tim@example.test", ""},
    {"mailbox", "joe@disabled.test", ""},
    {"mailbox", "info@example.test", ""},
    {"mailbox", "@example.test", ""},
    {"maintain", "bob@example.test", ""},
    {"maintain", "tim@example.test", "550 5.2.1 Mailbox disabled, not accepting messages"},
    {"maintain", "tim@alias.test", "550 5.2.1 Mailbox disabled, not accepting messages"},
    {"maintain", "nobody@example.test", ""},
    {"maintain", "bob@", ""},
    {"maintain", "example.test", ""},
    {"sender_login", "bob@example.test", "bob@example.test"},
    {"sender_login", "bob@alias.test", "bob@example.test"},
    {"sender_login", "info@example.test", "bob@example.test"},
    {"sender_login", "tim@example.test", ""},
    {"sender_login", "old@example.test", ""},
    {"sender_login", "off@example.test", ""},
    {"sender_login", "@example.test", ""},
    {"sender_login", "who@else.test", ""},
    {"relay_mailbox", "sam@relay.test", "sam@relay.test"},
    {"relay_mailbox", "bob@example.test", ""},
    {"transport", "relay.test", ""},
    {"relay_verification", "sam@relay.test", ""},
};

static void maps_answer(void **state)
{
    for (size_t i = 0; i < sizeof map_cases / sizeof *map_cases; i++) {
        const char *given = map(*state, map_cases[i].function, map_cases[i].key);
        if (strcmp(given, map_cases[i].wanted) != 0) {
            fail_msg("%s(%s): '%s' instead of '%s'", map_cases[i].function, map_cases[i].key, given,
                     map_cases[i].wanted);
        }
    }
}

static void bad_keys_have_no_row(void **state)
{
    struct fixture *fixture = *state;
    static const char *const functions[] = {
        "domain",
        "relay_domain",
        "domain_alias",
        "alias",
        "mailbox",
        "maintain",
        "sender_login",
        "sender_login_mailbox",
        "sender_login_alias",
        "sender_login_extra",
        "transport",
        "relay_mailbox",
        "relay_verification",
    };
    char *huge = arena_alloc(fixture->arena, 10001);
    memset(huge, 'a', 10000);
    memcpy(huge + 5000, "@example.test", 13);
    const char *const keys[] = {
        "",
        "@",
        "@@",
        "bob@@example.test",
        "bob@example.test@example.test",
        "'",
        "\"",
        "\\",
        "bob'@example.test",
        "bob\"@example.test",
        "%@example.test",
        "b_b@example.test",
        "bob@example.test\n",
        "bob@exam\tple.test",
        "x@example.test; DROP TABLE x",
        "\"a@b\"@example.test",
        "\xc3\xbc@example.test",
        huge,
    };
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            const char *given = map(fixture, functions[f], keys[k]);
            if (*given) {
                fail_msg("%s(%.40s): '%s'", functions[f], keys[k], given);
            }
        }
    }
}

static void keys_may_come_as_latin1(void **state)
{
    struct fixture *fixture = *state;
    testing_execute("mailboxes", "UPDATE mailbox SET local_part = 'b\xc3\xb6"
                                 "b' WHERE id = 11");
    assert_null(pg_execute_sql(fixture->pg, "SET client_encoding = 'LATIN1'"));
    assert_string_equal(map(fixture, "alias",
                            "b\xc3\xb6"
                            "b@example.test"),
                        "b\xc3\xb6"
                        "b@example.test");
    assert_string_equal(map(fixture, "alias", "b\xff@example.test"), "");
    assert_null(pg_execute_sql(fixture->pg, "SET client_encoding = 'UTF8'"));
    assert_string_equal(map(fixture, "alias",
                            "b\xc3\xb6"
                            "b@example.test"),
                        "b\xc3\xb6"
                        "b@example.test");
}

/* As Postfix has folded it: the letter, then its accents. */
static void keys_may_come_taken_apart(void **state)
{
    struct fixture *fixture = *state;
    testing_execute("mailboxes",
                    "UPDATE mailbox SET local_part = '\xce\x90\xc3\xb6' WHERE id = 11");
    assert_string_equal(map(fixture, "alias", "\xce\xb9\xcc\x88\xcc\x81o\xcc\x88@example.test"),
                        "\xce\x90\xc3\xb6@example.test");
}

static void renamed_domain_is_followed_at_once(void **state)
{
    struct fixture *fixture = *state;
    testing_execute("domains", "UPDATE domain SET name = 'new.test', renaming_from = name "
                               "WHERE id = 1");
    assert_string_equal(map(fixture, "domain", "new.test"), "new.test");
    assert_string_equal(map(fixture, "domain", "example.test"), "");
    assert_string_equal(map(fixture, "alias", "info@new.test"), "bob@new.test who@else.test");
    assert_string_equal(map(fixture, "alias", "bob@new.test"), "bob@new.test");
    assert_string_equal(map(fixture, "alias", "bob@alias.test"), "bob@new.test");
    assert_string_equal(map(fixture, "alias", "bob@example.test"), "");
    assert_string_equal(map(fixture, "mailbox_id_of", "bob@example.test"), "11");
    assert_string_equal(map(fixture, "mailbox_id_of", "bob@new.test"), "11");
    assert_string_equal(
        ask(fixture,
            "SELECT \"user\", home FROM mail.dovecot_user('bob@example.test', '/m', NULL, NULL)"),
        "bob@new.test,/m/bob.example.test/x");
}

/* What was accepted before the rename is delivered; nothing new is accepted. */
static void former_name_of_a_domain_is_for_the_queue(void **state)
{
    struct fixture *fixture = *state;
    testing_execute("domains",
                    "UPDATE domain SET name = 'new.test' WHERE id = 1; "
                    "INSERT INTO former_name VALUES ('example.test', 1, now() + interval '1 day')");
    assert_string_equal(map(fixture, "domain", "example.test"), "example.test");
    assert_string_equal(map(fixture, "alias", "bob@example.test"), "bob@new.test");
    assert_string_equal(map(fixture, "alias", "info@example.test"), "info@new.test");
    assert_string_equal(map(fixture, "mailbox", "bob@example.test"), "");
    assert_string_equal(map(fixture, "maintain", "bob@example.test"),
                        "550 5.1.6 The domain has another name now");
    assert_string_equal(map(fixture, "maintain", "nobody@example.test"),
                        "550 5.1.6 The domain has another name now");
    assert_string_equal(map(fixture, "maintain", "bob@new.test"), "");
    assert_string_equal(map(fixture, "mailbox_id_of", "bob@example.test"), "11");
    testing_execute("domains", "UPDATE former_name SET until = now()");
    assert_string_equal(map(fixture, "domain", "example.test"), "");
    assert_string_equal(map(fixture, "alias", "bob@example.test"), "");
    assert_string_equal(map(fixture, "maintain", "bob@example.test"), "");
}

static void former_address_is_known_to_dovecot_only(void **state)
{
    struct fixture *fixture = *state;
    testing_execute(
        "mailboxes",
        "UPDATE mailbox SET local_part = 'robert', full_address = 'robert@example.test' "
        "WHERE id = 11; "
        "INSERT INTO former_address VALUES ('bob@example.test', 11, now() + interval '1 day')");
    assert_string_equal(map(fixture, "alias", "bob@example.test"), "");
    assert_string_equal(map(fixture, "mailbox", "bob@example.test"), "");
    assert_string_equal(map(fixture, "mailbox_id_of", "bob@example.test"), "11");
    assert_string_equal(
        ask(fixture,
            "SELECT \"user\" FROM mail.dovecot_user('bob@example.test', '/m', NULL, NULL)"),
        "robert@example.test");
    assert_string_equal(
        ask(fixture,
            "SELECT \"user\" FROM mail.dovecot_password('bob@example.test', '/m', NULL, NULL)"),
        "");
    /* Also when the domain is renamed after that. */
    testing_execute(
        "domains",
        "UPDATE domain SET name = 'new.test', renaming_from = 'example.test' WHERE id = 1");
    assert_string_equal(map(fixture, "mailbox_id_of", "bob@example.test"), "11");
    testing_execute("mailboxes", "UPDATE former_address SET until = now()");
    assert_string_equal(map(fixture, "mailbox_id_of", "bob@example.test"), "");
}

static void mailbox_in_motion_answers_450(void **state)
{
    struct fixture *fixture = *state;
    testing_execute(
        "mailboxes",
        "INSERT INTO operation (id, mailbox_id, full_address, type, argument, destination) "
        "VALUES (1, 11, 'x', 'rename', 'a/b', 'c/d')");
    static const char moving[] = "450 4.2.1 Mailbox is being moved, try again";
    assert_string_equal(map(fixture, "maintain", "bob@example.test"),
                        "450 4.2.1 Mailbox is being moved, try again");
    assert_string_equal(map(fixture, "maintain", "bob@alias.test"), moving);
    assert_string_equal(map(fixture, "maintain", "ann@example.test"), "");
    assert_string_equal(
        ask(fixture, "SELECT * FROM mail.dovecot_user('bob@example.test', '/m', NULL, NULL)"),
        "ERROR");
    assert_string_equal(
        ask(fixture, "SELECT * FROM mail.dovecot_password('bob@example.test', '/m', NULL, NULL)"),
        "ERROR");
    testing_execute("mailboxes", "UPDATE operation SET state = 'failed'");
    assert_string_equal(map(fixture, "maintain", "bob@example.test"), "");
}

static void dovecot_gets_users(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(
        ask(fixture,
            "SELECT * FROM mail.dovecot_password('Bob@example.test', '/m', '5000', '5001')"),
        "bob@example.test,{PLAIN}pw1,/m/bob.example.test/x,5000,5001,*:bytes=5M");
    assert_string_equal(
        ask(fixture, "SELECT * FROM mail.dovecot_password('tim@example.test', '/m', NULL, NULL)"),
        "");
    assert_string_equal(
        ask(fixture, "SELECT * FROM mail.dovecot_user('joe@disabled.test', '/m', NULL, NULL)"), "");
    assert_string_equal(ask(fixture, "SELECT * FROM mail.dovecot_users()"),
                        "ann@example.test bob@example.test sam@relay.test zoe@plain.test");
}

static void role_sees_views_only(void **state)
{
    struct fixture *fixture = *state;
    static const char *const refused[] = {
        "SELECT * FROM accounts.account",
        "SELECT * FROM mailboxes.mailbox",
        "SELECT * FROM domains.domain",
        "SELECT * FROM quotas.usage",
        "DELETE FROM mail.admin_mailbox",
        "UPDATE mail.core_user SET email = 'x'",
        "UPDATE mail.admin_quota SET username = 'ann@example.test'",
        "INSERT INTO mail.transport_transport (pattern, service, next_hop) VALUES ('a', 'b', 'c')",
        "SELECT * FROM mail.recipients(1)",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_non_null(pg_execute_sql(fixture->pg, refused[i]));
    }
}

static void dovecot_writes_usage(void **state)
{
    struct fixture *fixture = *state;
    static const char write[] =
        "INSERT INTO mail.admin_quota (bytes, username) VALUES (100, 'bob@example.test') "
        "ON CONFLICT (username) DO UPDATE SET bytes = 100";
    assert_null(pg_execute_sql(fixture->pg, write));
    assert_null(pg_execute_sql(fixture->pg, write));
    assert_string_equal(ask(fixture, "SELECT * FROM mail.admin_quota"), "bob@example.test,100,0");
    assert_null(pg_execute_sql(
        fixture->pg, "UPDATE mail.admin_quota SET bytes = bytes + 5, messages = messages + 1 "
                     "WHERE username = 'bob@example.test'"));
    assert_string_equal(ask(fixture, "SELECT * FROM mail.admin_quota"), "bob@example.test,105,1");
}

/* What configuration written for Modoboa asks: its tables and columns, unqualified. */
static const struct {
    const char *query;
    const char *wanted;
} table_cases[] = {
    {"SELECT email AS user, password FROM core_user WHERE email='bob@example.test' and is_active",
     "bob@example.test,{PLAIN}pw1"},
    {"SELECT email AS user, password FROM core_user WHERE email='tim@example.test' and is_active",
     ""},
    {"SELECT email AS user, password FROM core_user WHERE email='joe@disabled.test' and is_active",
     ""},
    {"SELECT '/m/example.test/bob' AS home, 5000 as uid, 5000 as gid, '*:bytes=' || mb.quota || "
     "'M' AS quota_rule FROM "
     "admin_mailbox mb INNER JOIN admin_domain dom ON mb.domain_id=dom.id WHERE mb.address='bob' "
     "AND "
     "dom.name='example.test'",
     "/m/example.test/bob,5000,5000,*:bytes=5M"},
    {"SELECT mb.id FROM admin_mailbox mb INNER JOIN admin_domain dom ON mb.domain_id=dom.id WHERE "
     "mb.address='tim' AND "
     "dom.name='example.test'",
     ""},
    {"SELECT email AS username FROM core_user WHERE email<>'' AND email LIKE '%@plain.test'",
     "zoe@plain.test"},
    {"SELECT d.name FROM admin_domain d WHERE d.name = 'example.test' AND d.type = 'domain' AND "
     "d.enabled",
     "example.test"},
    {"SELECT d.name FROM admin_domain d WHERE d.name = 'disabled.test' AND d.enabled", ""},
    {"SELECT d.name FROM admin_domainalias a JOIN admin_domain d ON a.target_id = d.id WHERE "
     "a.name = 'alias.test' AND "
     "a.enabled AND d.enabled",
     "example.test"},
    {"SELECT r.address FROM admin_alias a JOIN modoboa_admin_aliasrecipient r ON r.alias_id = a.id "
     "WHERE a.address = "
     "'info@example.test' AND a.enabled AND (a.expire_at IS NULL OR a.expire_at > now())",
     "bob@example.test who@else.test"},
    {"SELECT r.address FROM admin_alias a JOIN modoboa_admin_aliasrecipient r ON r.alias_id = a.id "
     "WHERE a.address = "
     "'ann@example.test' AND a.enabled",
     "ann@else.test ann@example.test"},
    {"SELECT r.address FROM admin_alias a JOIN modoboa_admin_aliasrecipient r ON r.alias_id = a.id "
     "WHERE a.address = "
     "'@alias.test' AND a.enabled",
     "@example.test"},
    {"SELECT r.address FROM admin_alias a JOIN modoboa_admin_aliasrecipient r ON r.alias_id = a.id "
     "WHERE a.address = "
     "'@off.test' AND a.enabled",
     ""},
    {"SELECT r.address FROM admin_alias a JOIN modoboa_admin_aliasrecipient r ON r.alias_id = a.id "
     "WHERE a.address = "
     "'@example.test' AND a.enabled",
     "bob@example.test"},
    {"SELECT m.id FROM admin_mailboxoperation o JOIN admin_mailbox m ON o.mailbox_id = m.id JOIN "
     "admin_domain d ON "
     "d.id = m.domain_id WHERE d.name = 'example.test' AND m.address = 'bob'",
     ""},
    {"SELECT m.address || '@' || d.name FROM admin_mailbox m JOIN admin_domain d ON d.id = "
     "m.domain_id JOIN "
     "modoboa_admin_aliasrecipient r ON r.r_mailbox_id = m.id JOIN admin_alias a ON a.id = "
     "r.alias_id WHERE a.enabled "
     "AND a.address = 'info@example.test'",
     "bob@example.test"},
    {"SELECT m.address FROM admin_senderaddress s JOIN admin_mailbox m ON m.id = s.mailbox_id "
     "WHERE s.address = 'a@b.c'",
     ""},
    {"SELECT s.name || ':[' || r.target_host || ']:' || r.target_port FROM "
     "postfix_relay_domains_service s JOIN "
     "postfix_relay_domains_relaydomain r ON r.service_id = s.id JOIN admin_domain d ON d.id = "
     "r.domain_id WHERE "
     "d.enabled AND d.name = 'relay.test'",
     ""},
    {"SELECT m.address FROM admin_mailbox m JOIN admin_domain d ON d.id = m.domain_id JOIN "
     "core_user u ON u.id = "
     "m.user_id WHERE d.type = 'relaydomain' AND d.enabled AND u.is_active AND d.name = "
     "'relay.test' AND m.address = "
     "'sam'",
     "sam"},
    {"SELECT t.service || ':' || t.next_hop FROM transport_transport t WHERE t.pattern = "
     "'relay.test'",
     ""},
    {"SELECT a.action FROM relaydomains_recipientaccess a WHERE a.pattern = 'relay.test'", ""},
    {"SELECT u.email, u.password, m.quota, m.is_send_only FROM core_user u JOIN admin_mailbox m ON "
     "m.user_id = u.id JOIN "
     "admin_domain d ON d.id = m.domain_id WHERE m.address = 'bob' AND d.name = 'example.test' AND "
     "u.is_active AND "
     "d.enabled",
     "bob@example.test,{PLAIN}pw1,5,f"},
};

static void modoboas_tables_answer(void **state)
{
    for (size_t i = 0; i < sizeof table_cases / sizeof *table_cases; i++) {
        const char *given = ask(*state, table_cases[i].query);
        if (strcmp(given, table_cases[i].wanted) != 0) {
            fail_msg("%s\n'%s' instead of '%s'", table_cases[i].query, given,
                     table_cases[i].wanted);
        }
    }
}

/* The forward of ann's mailbox lets her own mail through. */
static void alias_that_may_be_restored_is_gone(void **state)
{
    testing_execute(
        "mail", "UPDATE mailboxes.alias SET state = 'deleting' WHERE id IN (1, 5);"
                "INSERT INTO mailboxes.alias_recipient VALUES (7, 'ann@example.test', NULL, 5)");
    assert_string_equal(map(*state, "alias", "info@example.test"), "");
    assert_string_equal(map(*state, "alias", "ann@example.test"), "ann@example.test");
    assert_string_equal(map(*state, "alias", "all@plain.test"),
                        "ann@example.test bob+lists@example.test zoe@plain.test");
    assert_string_equal(map(*state, "sender_login_alias", "info@example.test"), "");
    assert_string_equal(map(*state, "sender_login", "info@example.test"), "");
    assert_string_equal(ask(*state, "SELECT id FROM admin_alias WHERE id IN (1, 5)"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(maps_answer, reseed),
        cmocka_unit_test_setup(bad_keys_have_no_row, reseed),
        cmocka_unit_test_setup(keys_may_come_as_latin1, reseed),
        cmocka_unit_test_setup(keys_may_come_taken_apart, reseed),
        cmocka_unit_test_setup(renamed_domain_is_followed_at_once, reseed),
        cmocka_unit_test_setup(former_name_of_a_domain_is_for_the_queue, reseed),
        cmocka_unit_test_setup(former_address_is_known_to_dovecot_only, reseed),
        cmocka_unit_test_setup(mailbox_in_motion_answers_450, reseed),
        cmocka_unit_test_setup(dovecot_gets_users, reseed),
        cmocka_unit_test_setup(role_sees_views_only, reseed),
        cmocka_unit_test_setup(dovecot_writes_usage, reseed),
        cmocka_unit_test_setup(modoboas_tables_answer, reseed),
        cmocka_unit_test_setup(alias_that_may_be_restored_is_gone, reseed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
