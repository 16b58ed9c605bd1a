#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"
#include "services/common/pg/pg.h"
#include "services/common/testing/testing.h"

static const struct pg_statement backend = {.name = "backend", .sql = "SELECT pg_backend_pid()"};
static const struct pg_statement insert = {
    .name = "insert",
    .sql = "INSERT INTO thing (name) VALUES ('x')",
};
static const struct pg_statement slow = {.name = "slow", .sql = "SELECT pg_sleep(20)"};

static int64_t backend_pid(struct call *call)
{
    struct pg_rows rows = {0};

    assert_null(pg_query(call->pg, &backend, NULL, &rows));
    return pg_value_int64(&rows, 0, 0);
}

static int64_t count_things(void)
{
    char *text = testing_select("accounts", "SELECT count(*) FROM thing");
    int64_t n = strtoll(text, NULL, 10);

    free(text);
    return n;
}

/* Kills the backends of this test and waits for their end. */
static void kill_backends(void)
{
    testing_execute("accounts", "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                                "WHERE usename = 'roost_accounts'");
}

static void set_deadline(struct call *call, int64_t from_now_us)
{
    pg_set_call(call->pg, call->arena, clock_monotonic_us() + from_now_us);
}

struct attempt {
    struct call *call;
    const struct error *err;
};

static void run_slow(void *ctx)
{
    struct attempt *attempt = ctx;

    attempt->err = pg_run(attempt->call->pg, &slow, NULL, NULL);
}

static void deadline_ends_a_statement(void **state)
{
    struct call *call = *state;
    struct attempt attempt = {.call = call};
    int64_t pid = backend_pid(call);

    assert_true(testing_pass_deadline_when(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')", call, run_slow,
        &attempt));
    assert_true(error_is(attempt.err, REASON_DEADLINE_EXCEEDED));
    assert_int_equal(attempt.err->code, ERROR_DEADLINE_EXCEEDED);
    /* Canceled, not cut: the connection serves on. */
    set_deadline(call, 5000000);
    assert_int_equal(backend_pid(call), pid);
}

static void passed_deadline_sends_nothing(void **state)
{
    struct call *call = *state;

    (void)backend_pid(call);
    set_deadline(call, -1);
    assert_true(error_is(pg_run(call->pg, &insert, NULL, NULL), REASON_DEADLINE_EXCEEDED));
    assert_int_equal(count_things(), 0);
}

static void wait_for_lock(void *ctx)
{
    struct attempt *attempt = ctx;

    attempt->err = pg_execute_sql(attempt->call->pg, "SELECT pg_advisory_lock(1)");
}

/* The lock is held by another session until this test ends it. */
static void deadline_ends_a_wait_for_a_lock(void **state)
{
    struct call *call = *state;
    struct attempt attempt = {.call = call};
    struct arena *arena = arena_new(4096);
    struct pg *other = pg_new(testing_pg_url("roost_accounts"), "other", "accounts");

    pg_set_call(other, arena, 0);
    assert_null(pg_execute_sql(other, "SELECT pg_advisory_lock(1)"));
    assert_true(testing_pass_deadline_when(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')", call,
        wait_for_lock, &attempt));
    assert_true(error_is(attempt.err, REASON_DEADLINE_EXCEEDED));
    pg_free(other);
    arena_free(arena);
}

static void idle_connection_that_died_is_reopened(void **state)
{
    struct call *call = *state;
    int64_t pid = backend_pid(call);

    kill_backends();
    assert_null(pg_run(call->pg, &insert, NULL, NULL));
    assert_int_not_equal(backend_pid(call), pid);
    assert_int_equal(count_things(), 1);
}

static void statement_killed_while_it_runs_fails_once(void **state)
{
    static const struct pg_statement suicide = {
        .name = "suicide",
        .sql = "SELECT pg_terminate_backend(pg_backend_pid())",
    };
    struct call *call = *state;
    const struct error *err = pg_run(call->pg, &suicide, NULL, NULL);

    assert_true(error_is(err, REASON_DATABASE_UNAVAILABLE));
    assert_int_equal(err->code, ERROR_UNAVAILABLE);
    assert_null(pg_run(call->pg, &insert, NULL, NULL));
}

static void dead_server_is_unavailable_until_it_is_back(void **state)
{
    struct call *call = *state;
    const struct error *err;

    (void)backend_pid(call);
    testing_pg_stop();
    for (int i = 0; i < 3; i++) {
        err = pg_run(call->pg, &insert, NULL, NULL);
        assert_true(error_is(err, REASON_DATABASE_UNAVAILABLE));
        assert_string_equal(err->detail, "The database is not available.");
    }
    testing_pg_start();
    assert_null(pg_run(call->pg, &insert, NULL, NULL));
    assert_int_equal(count_things(), 1);
}

static void nobody_listening_is_unavailable(void **state)
{
    static const char *const urls[] = {
        "postgresql:///roost?host=/nonexistent",
        "not a url at all =",
        "postgresql://127.0.0.1:1/roost",
        "postgresql:///nonexistent",
    };
    struct arena *arena = arena_new(4096);

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct pg *pg = pg_new(urls[i], "test", "accounts");

        pg_set_call(pg, arena, clock_monotonic_us() + 1000000);
        assert_true(error_is(pg_execute_sql(pg, "SELECT 1"), REASON_DATABASE_UNAVAILABLE));
        pg_free(pg);
    }
    arena_free(arena);
}

static void session_is_set_up_at_connect(void **state)
{
    static const struct pg_statement settings = {
        .name = "settings",
        .sql = "SELECT current_setting('search_path'), current_setting('application_name'), "
               "current_setting('statement_timeout'), current_setting('client_encoding'), "
               "current_setting('jit')",
    };
    static const char *const expected[] = {"accounts", "testing", "30s", "UTF8", "off"};
    struct call *call = *state;
    struct pg_rows rows;

    assert_null(pg_query(call->pg, &settings, NULL, &rows));
    for (int i = 0; i < 5; i++) {
        assert_string_equal(pg_value(&rows, 0, i), expected[i]);
    }
}

static void changed_column_type_is_prepared_anew(void **state)
{
    static const struct pg_statement read = {.name = "read", .sql = "SELECT * FROM changing"};
    struct call *call = *state;
    struct pg_rows rows;

    testing_execute("accounts",
                    "CREATE TABLE changing (a int); GRANT ALL ON changing TO roost_accounts");
    assert_null(pg_query(call->pg, &read, NULL, &rows));
    testing_execute("accounts", "ALTER TABLE changing ALTER a TYPE text");
    assert_null(pg_query(call->pg, &read, NULL, &rows));
    testing_execute("accounts", "DROP TABLE changing");
}

static void notification_ends_the_wait(void **state)
{
    struct call *call = *state;
    bool is_notified = true;

    assert_null(pg_execute_sql(call->pg, "LISTEN channel"));
    assert_null(pg_wait_notify(call->pg, 0, &is_notified));
    assert_false(is_notified);
    testing_execute("accounts", "NOTIFY channel");
    assert_null(pg_wait_notify(call->pg, 10000, &is_notified));
    assert_true(is_notified);
}

static int set_up_group(void **state)
{
    (void)state;
    testing_migrate("accounts", NULL, 0);
    testing_execute("accounts",
                    "CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, name text);"
                    "GRANT ALL ON thing TO roost_accounts");
    return 0;
}

static int set_up(void **state)
{
    testing_truncate("accounts");
    *state = testing_call_new("accounts");
    return 0;
}

static int tear_down(void **state)
{
    testing_call_free(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deadline_ends_a_statement),
        TEST(passed_deadline_sends_nothing),
        TEST(deadline_ends_a_wait_for_a_lock),
        TEST(idle_connection_that_died_is_reopened),
        TEST(statement_killed_while_it_runs_fails_once),
        TEST(dead_server_is_unavailable_until_it_is_back),
        TEST(nobody_listening_is_unavailable),
        TEST(session_is_set_up_at_connect),
        TEST(changed_column_type_is_prepared_anew),
        TEST(notification_ends_the_wait),
    };

    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
