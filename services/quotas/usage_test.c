/* What Dovecot 2.3 writes through the view of schema mail, statement by statement as its dict sends
 * them, and the plain INSERT of older ones. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/pg/pg.h"
#include "services/common/testing/testing.h"
#include "services/quotas/quota_store.h"
#include "services/quotas/sql/migrations.h"

static struct arena *arena;
static struct pg *dovecot;

#define UPSERT_28_1(name)                                                       \
    "INSERT INTO admin_quota (bytes,messages,username) VALUES ('28','1','" name \
    "') ON CONFLICT (username) DO UPDATE SET bytes='28',messages='1'"
#define ADD_28_1(name) \
    "UPDATE admin_quota SET bytes=bytes+28,messages=messages+1 WHERE username = '" name "'"
#define PLAIN_28_1(name) \
    "INSERT INTO admin_quota (bytes,messages,username) VALUES (28,1,'" name "')"

static struct pg *connect_as_dovecot(struct arena *memory)
{
    struct pg *pg = pg_new(testing_pg_url("roost_mail"), "dovecot", "mail");
    pg_set_call(pg, memory, 0);
    return pg;
}

static int open_all(void **state)
{
    (void)state;
    testing_migrate("quotas", quotas_migrations, quotas_n_migrations);
    testing_execute("public", "CREATE SCHEMA mail AUTHORIZATION roost_owner;"
                              "CREATE VIEW mail.admin_quota AS "
                              "SELECT username, bytes, messages FROM quotas.usage;"
                              "ALTER VIEW mail.admin_quota OWNER TO roost_owner;"
                              "GRANT USAGE ON SCHEMA mail TO roost_mail;"
                              "GRANT ALL ON mail.admin_quota TO roost_mail");
    arena = arena_new(4096);
    dovecot = connect_as_dovecot(arena);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    pg_free(dovecot);
    arena_free(arena);
    return 0;
}

static int start_with_two_mailboxes(void **state)
{
    (void)state;
    testing_truncate("quotas");
    testing_execute(
        "quotas", "DROP FUNCTION IF EXISTS mail.mailbox_id_of(text);"
                  "INSERT INTO domain_quota (domain_id) VALUES (1);"
                  "INSERT INTO mailbox_quota VALUES (10, 1, 'bob@example.test', true, 0, 'active'),"
                  "    (11, 1, 'eve@example.test', true, 0, 'active');"
                  "INSERT INTO usage (mailbox_id, username, bytes, messages) VALUES "
                  "    (10, 'bob@example.test', 100, 4), (11, 'eve@example.test', 7, 1)");
    return 0;
}

static void sends(const char *sql)
{
    const struct error *err = pg_execute_sql(dovecot, sql);
    if (err) {
        fail_msg("%s: %s", sql, err->cause ? err->cause : err->detail);
    }
}

static void usage_is(const char *wanted)
{
    char *found = testing_select(
        "quotas", "SELECT string_agg(concat_ws(' ', mailbox_id, username, bytes, messages), ', ' "
                  "ORDER BY mailbox_id) FROM usage");
    assert_string_equal(found, wanted);
    free(found);
}

static void delivery_adds(void **state)
{
    (void)state;
    sends(ADD_28_1("bob@example.test"));
    sends(ADD_28_1("bob@example.test"));
    usage_is("10 bob@example.test 156 6, 11 eve@example.test 7 1");
}

static void percent_is(const char *wanted)
{
    char *found = testing_select("quotas", "SELECT percent FROM usage WHERE mailbox_id = 10");
    assert_string_equal(found, wanted);
    free(found);
}

static void percentage_follows_usage_and_quota(void **state)
{
    (void)state;
    percent_is("0");
    testing_execute("quotas", "UPDATE mailbox_quota SET quota_mb = 1 WHERE mailbox_id = 10");
    percent_is("0");
    sends("UPDATE admin_quota SET bytes=bytes+524188 WHERE username = 'bob@example.test'");
    percent_is("50");
    testing_execute("quotas", "UPDATE mailbox_quota SET quota_mb = 2 WHERE mailbox_id = 10");
    percent_is("25");
    /* Counting anew. */
    sends("DELETE FROM admin_quota WHERE username = 'bob@example.test'");
    percent_is("");
    sends("INSERT INTO admin_quota (bytes,messages,username) VALUES ('4194304','1',"
          "'bob@example.test') ON CONFLICT (username) DO UPDATE SET bytes='4194304'");
    percent_is("200");
    sends("INSERT INTO admin_quota (bytes,messages,username) VALUES ('2097151','1',"
          "'bob@example.test') ON CONFLICT (username) DO UPDATE SET bytes='2097151'");
    percent_is("99");
    testing_execute("quotas", "UPDATE usage SET bytes = 9223372036854775807 WHERE mailbox_id = 10");
    percent_is("2147483647");
    sends("UPDATE admin_quota SET bytes=-1 WHERE username = 'bob@example.test'");
    percent_is("0");
    testing_execute("quotas", "UPDATE usage SET bytes = 1048576 WHERE mailbox_id = 10;"
                              "UPDATE mailbox_quota SET quota_mb = 0 WHERE mailbox_id = 10");
    percent_is("0");
}

static void change_is_dated(void **state)
{
    (void)state;
    testing_execute("quotas", "UPDATE usage SET updated_at = 'epoch'");
    sends(ADD_28_1("bob@example.test"));
    char *found = testing_select("quotas", "SELECT mailbox_id FROM usage WHERE updated_at > "
                                           "now() - interval '1 minute'");
    assert_string_equal(found, "10");
    free(found);
}

static void count_anew_replaces(void **state)
{
    (void)state;
    sends("BEGIN");
    sends("DELETE FROM admin_quota WHERE username = 'bob@example.test'");
    sends("DELETE FROM admin_quota WHERE username = 'bob@example.test'");
    sends(UPSERT_28_1("bob@example.test"));
    sends("COMMIT");
    usage_is("10 bob@example.test 28 1, 11 eve@example.test 7 1");
}

static void upsert_sets_what_is_there(void **state)
{
    (void)state;
    sends(UPSERT_28_1("bob@example.test"));
    sends(UPSERT_28_1("bob@example.test"));
    usage_is("10 bob@example.test 28 1, 11 eve@example.test 7 1");
    sends("insert into admin_quota (bytes,username) values ('9','bob@example.test')\n"
          "on  conflict(username) do update set bytes='9'");
    usage_is("10 bob@example.test 9 1, 11 eve@example.test 7 1");
}

static void first_write_makes_the_row(void **state)
{
    (void)state;
    testing_execute("quotas", "DELETE FROM usage WHERE mailbox_id = 10");
    sends("INSERT INTO admin_quota (bytes,username) VALUES ('28','bob@example.test') "
          "ON CONFLICT (username) DO UPDATE SET bytes='28'");
    usage_is("10 bob@example.test 28 0, 11 eve@example.test 7 1");
    testing_execute("quotas", "DELETE FROM usage WHERE mailbox_id = 10");
    sends(PLAIN_28_1("bob@example.test"));
    usage_is("10 bob@example.test 28 1, 11 eve@example.test 7 1");
}

static void plain_insert_adds(void **state)
{
    (void)state;
    sends(PLAIN_28_1("bob@example.test"));
    sends("INSERT INTO admin_quota (username, messages) VALUES ('bob@example.test', 2)");
    usage_is("10 bob@example.test 128 7, 11 eve@example.test 7 1");
}

static void unknown_user_is_skipped(void **state)
{
    (void)state;
    sends(UPSERT_28_1("nobody@example.test"));
    sends(PLAIN_28_1("nobody@example.test"));
    sends(ADD_28_1("nobody@example.test"));
    sends(PLAIN_28_1("x'' on conflict y"));
    usage_is("10 bob@example.test 100 4, 11 eve@example.test 7 1");
}

static void row_moves_to_the_name_after_a_rename(void **state)
{
    (void)state;
    testing_execute("quotas",
                    "UPDATE mailbox_quota SET address = 'bob@new.test' WHERE mailbox_id = 10");
    sends("BEGIN");
    sends("DELETE FROM admin_quota WHERE username = 'bob@new.test'");
    sends(UPSERT_28_1("bob@new.test"));
    sends("COMMIT");
    usage_is("10 bob@new.test 28 1, 11 eve@example.test 7 1");
    testing_execute("quotas",
                    "UPDATE mailbox_quota SET address = 'bob@newer.test' WHERE mailbox_id = 10");
    sends(PLAIN_28_1("bob@newer.test"));
    usage_is("10 bob@newer.test 56 2, 11 eve@example.test 7 1");
}

static void schema_mail_knows_a_renamed_domain_at_once(void **state)
{
    (void)state;
    testing_execute("mail",
                    "CREATE FUNCTION mail.mailbox_id_of(name text) RETURNS bigint LANGUAGE sql AS "
                    "$$ SELECT CASE name WHEN 'bob@new.test' THEN 10 "
                    "WHEN 'gone@new.test' THEN 99 END::bigint $$;"
                    "ALTER FUNCTION mail.mailbox_id_of OWNER TO roost_owner");
    sends(UPSERT_28_1("bob@new.test"));
    sends(ADD_28_1("bob@new.test"));
    sends(UPSERT_28_1("gone@new.test"));
    sends(UPSERT_28_1("nobody@new.test"));
    usage_is("10 bob@new.test 56 2, 11 eve@example.test 7 1");
    /* A session that knows only the former name. */
    sends(UPSERT_28_1("bob@example.test"));
    usage_is("10 bob@example.test 28 1, 11 eve@example.test 7 1");
}

static void settle(void)
{
    struct call *call = testing_call_new("quotas");
    assert_null(usage_store_settle(call));
    testing_call_free(call);
}

static void usage_under_a_former_name_settles(void **state)
{
    (void)state;
    testing_execute("mail",
                    "CREATE FUNCTION mail.mailbox_id_of(name text) RETURNS bigint LANGUAGE sql AS "
                    "$$ SELECT CASE name WHEN 'bob@former.test' THEN 10 END::bigint $$;"
                    "ALTER FUNCTION mail.mailbox_id_of OWNER TO roost_owner");
    sends(UPSERT_28_1("bob@former.test"));
    sends(ADD_28_1("bob@former.test"));
    settle();
    usage_is("10 bob@former.test 56 2, 11 eve@example.test 7 1");
    testing_execute("quotas", "UPDATE usage SET updated_at = 'epoch'");
    settle();
    usage_is("10 bob@example.test 56 2, 11 eve@example.test 7 1");
    /* Written under the address itself nothing is astray. */
    sends(UPSERT_28_1("bob@former.test"));
    sends(UPSERT_28_1("bob@example.test"));
    char *found = testing_select("quotas", "SELECT count(*) FROM usage WHERE is_astray");
    assert_string_equal(found, "0");
    free(found);
}

static void name_that_changed_hands_is_the_new_owners(void **state)
{
    (void)state;
    testing_execute("quotas",
                    "UPDATE mailbox_quota SET address = 'old@example.test' WHERE mailbox_id = 11;"
                    "UPDATE mailbox_quota SET address = 'eve@example.test' WHERE mailbox_id = 10");
    sends(UPSERT_28_1("eve@example.test"));
    usage_is("10 eve@example.test 28 1, 11 #11 7 1");
    testing_execute("quotas", "UPDATE usage SET updated_at = 'epoch'");
    settle();
    usage_is("10 eve@example.test 28 1, 11 old@example.test 7 1");
    sends(UPSERT_28_1("old@example.test"));
    usage_is("10 eve@example.test 28 1, 11 old@example.test 28 1");
}

/* Says what PostgreSQL said. */
static bool does(struct pg *pg, const char *sql)
{
    const struct error *err = pg_execute_sql(pg, sql);
    if (err) {
        print_error("%s: %s: %s\n", sql, err->detail, err->cause ? err->cause : "");
    }
    return !err;
}

enum outcome { UNDER_WAY, DONE, FAILED };

static void *halve_quota(void *ctx)
{
    struct arena *memory = arena_new(4096);
    struct pg *pg = pg_new(testing_pg_url("roost_quotas"), "change", "quotas");
    atomic_int *ret_outcome = ctx;
    pg_set_call(pg, memory, 0);
    *ret_outcome =
        does(pg, "UPDATE mailbox_quota SET quota_mb = 1 WHERE mailbox_id = 10") ? DONE : FAILED;
    pg_free(pg);
    arena_free(memory);
    return NULL;
}

/* Dovecot has written and not yet committed when the quota changes from 2 MB to 1. */
static void percentage_is_right_after_a_race(const char *write, const char *wanted)
{
    atomic_int outcome = UNDER_WAY;
    pthread_t thread;
    bool is_blocked = false;
    testing_execute("quotas", "UPDATE mailbox_quota SET quota_mb = 2 WHERE mailbox_id = 10");
    sends("BEGIN");
    sends(write);
    assert_int_equal(pthread_create(&thread, NULL, halve_quota, &outcome), 0);
    while (outcome == UNDER_WAY && !is_blocked) {
        char *found = testing_select("quotas", "SELECT count(*) FROM pg_stat_activity WHERE "
                                               "application_name = 'change' AND "
                                               "wait_event_type = 'Lock'");
        is_blocked = strcmp(found, "1") == 0;
        free(found);
    }
    sends("COMMIT");
    pthread_join(thread, NULL);
    assert_int_equal(outcome, DONE);
    percent_is(wanted);
}

static void percentage_survives_a_delivery_while_the_quota_changes(void **state)
{
    (void)state;
    testing_execute("quotas", "UPDATE usage SET bytes = 0 WHERE mailbox_id = 10");
    percentage_is_right_after_a_race(
        "UPDATE admin_quota SET bytes=bytes+524288 WHERE username = 'bob@example.test'", "50");
}

static void percentage_survives_a_first_write_while_the_quota_changes(void **state)
{
    (void)state;
    testing_execute("quotas", "DELETE FROM usage WHERE mailbox_id = 10");
    percentage_is_right_after_a_race(
        "INSERT INTO admin_quota (bytes,messages,username) VALUES ('524288','1',"
        "'bob@example.test') ON CONFLICT (username) DO UPDATE SET bytes='524288'",
        "50");
}

static void *write_first(void *ctx)
{
    struct arena *memory = arena_new(4096);
    struct pg *pg = connect_as_dovecot(memory);
    bool *ret_ok = ctx;
    *ret_ok = true;
    for (int i = 0; i < 20 && *ret_ok; i++) {
        *ret_ok = does(pg, "BEGIN") &&
                  does(pg, "DELETE FROM admin_quota WHERE username = 'bob@example.test'") &&
                  does(pg, UPSERT_28_1("bob@example.test")) && does(pg, "COMMIT");
    }
    pg_free(pg);
    arena_free(memory);
    return NULL;
}

static void first_writes_of_many_make_one_row(void **state)
{
    enum { N = 8 };
    pthread_t threads[N];
    bool is_ok[N];
    (void)state;
    testing_execute("quotas", "DELETE FROM usage WHERE mailbox_id = 10");
    for (int i = 0; i < N; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_first, &is_ok[i]), 0);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < N; i++) {
        assert_true(is_ok[i]);
    }
    usage_is("10 bob@example.test 28 1, 11 eve@example.test 7 1");
}

static void dovecot_reaches_nothing_else(void **state)
{
    (void)state;
    static const char *const forbidden[] = {
        "SELECT * FROM quotas.usage",
        "UPDATE quotas.mailbox_quota SET quota_mb = 0",
        "SELECT quotas.usage_displace('bob@example.test', 1)",
    };
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        assert_non_null(pg_execute_sql(dovecot, forbidden[i]));
    }
}

#define TEST(name) cmocka_unit_test_setup(name, start_with_two_mailboxes)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(delivery_adds),
        TEST(percentage_follows_usage_and_quota),
        TEST(percentage_survives_a_delivery_while_the_quota_changes),
        TEST(percentage_survives_a_first_write_while_the_quota_changes),
        TEST(change_is_dated),
        TEST(count_anew_replaces),
        TEST(upsert_sets_what_is_there),
        TEST(first_write_makes_the_row),
        TEST(plain_insert_adds),
        TEST(unknown_user_is_skipped),
        TEST(row_moves_to_the_name_after_a_rename),
        TEST(schema_mail_knows_a_renamed_domain_at_once),
        TEST(usage_under_a_former_name_settles),
        TEST(name_that_changed_hands_is_the_new_owners),
        TEST(first_writes_of_many_make_one_row),
        TEST(dovecot_reaches_nothing_else),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
