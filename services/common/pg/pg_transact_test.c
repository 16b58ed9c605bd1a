#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"
#include "services/common/pg/pg.h"
#include "services/common/testing/testing.h"

static const struct pg_statement insert = {
    .name = "insert",
    .sql = "INSERT INTO thing (name) VALUES ('x')",
};
static const struct pg_statement fail_serialization = {
    .name = "fail_serialization",
    .sql = "SELECT raise_error('40001')",
};
static const struct pg_statement fail_other = {.name = "fail_other", .sql = "SELECT 1 / 0"};

/* What one test's transaction does; it counts its runs. */
struct plan {
    int n_runs;
    int n_collisions;
    struct call *call;
};

static int64_t count_things(void)
{
    char *text = testing_select("accounts", "SELECT count(*) FROM thing");
    int64_t n = strtoll(text, NULL, 10);

    free(text);
    return n;
}

static const struct error *insert_two(struct pg *pg, void *ctx)
{
    struct plan *plan = ctx;
    const struct error *err;

    plan->n_runs++;
    err = pg_run(pg, &insert, NULL, NULL);
    if (err) {
        return err;
    }
    return pg_run(pg, &insert, NULL, NULL);
}

static void transaction_commits(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};

    assert_null(pg_transact(call->pg, insert_two, &plan));
    assert_int_equal(plan.n_runs, 1);
    assert_int_equal(count_things(), 2);
}

static const struct error *insert_and_refuse(struct pg *pg, void *ctx)
{
    const struct error *err = insert_two(pg, ctx);

    return err ? err : error_new(pg_arena(pg), REASON_OWN_DOMAIN, "No.");
}

static void refusal_rolls_back(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};

    assert_true(error_is(pg_transact(call->pg, insert_and_refuse, &plan), REASON_OWN_DOMAIN));
    assert_int_equal(plan.n_runs, 1);
    assert_int_equal(count_things(), 0);
    assert_null(pg_transact(call->pg, insert_two, &plan));
}

static const struct error *collide(struct pg *pg, void *ctx)
{
    struct plan *plan = ctx;
    const struct error *err = insert_two(pg, plan);

    if (err || plan->n_runs > plan->n_collisions) {
        return err;
    }
    return pg_run(pg, &fail_serialization, NULL, NULL);
}

static void collision_runs_again(void **state)
{
    static const struct {
        const char *name;
        int n_collisions;
        int n_runs;
        bool is_done;
    } cases[] = {{"never", 0, 1, true},
                 {"twice", 2, 3, true},
                 {"four times", 4, 5, true},
                 {"always", 99, 5, false}};
    struct call *call = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct plan plan = {.n_collisions = cases[i].n_collisions};
        const struct error *err = pg_transact(call->pg, collide, &plan);

        assert_int_equal(plan.n_runs, cases[i].n_runs);
        assert_int_equal(error_is(err, REASON_SERIALIZATION_FAILED), !cases[i].is_done);
    }
    assert_int_equal(count_things(), 6);
}

static const struct error *drop_an_error(struct pg *pg, void *ctx)
{
    const struct error *err = insert_two(pg, ctx);

    assert_null(err);
    assert_non_null(pg_run(pg, &fail_other, NULL, NULL));
    return NULL;
}

static void dropped_error_does_not_commit(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};

    assert_true(error_is(pg_transact(call->pg, drop_an_error, &plan), REASON_INTERNAL));
    assert_int_equal(count_things(), 0);
}

static const struct error *lose_connection(struct pg *pg, void *ctx)
{
    struct plan *plan = ctx;
    const struct error *err = insert_two(pg, plan);

    assert_null(err);
    testing_execute("accounts", "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                                "WHERE usename = 'roost_accounts'");
    err = pg_run(pg, &insert, NULL, NULL);
    assert_true(error_is(err, REASON_DATABASE_UNAVAILABLE));
    /* No new connection inside the same transaction: this one would not be part of it. */
    err = pg_run(pg, &insert, NULL, NULL);
    assert_true(error_is(err, REASON_DATABASE_UNAVAILABLE));
    return plan->call ? NULL : err;
}

static void lost_connection_stores_nothing(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};

    assert_true(
        error_is(pg_transact(call->pg, lose_connection, &plan), REASON_DATABASE_UNAVAILABLE));
    plan.call = call; /* the same, with the error dropped */
    assert_true(
        error_is(pg_transact(call->pg, lose_connection, &plan), REASON_DATABASE_UNAVAILABLE));
    assert_int_equal(count_things(), 0);
    assert_null(pg_transact(call->pg, insert_two, &plan));
    assert_int_equal(count_things(), 2);
}

static void begin_survives_a_dead_connection(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};

    assert_null(pg_transact(call->pg, insert_two, &plan));
    testing_pg_stop();
    testing_pg_start();
    assert_null(pg_transact(call->pg, insert_two, &plan));
    assert_int_equal(count_things(), 4);
}

/* A deferred trigger runs inside COMMIT. */
static void set_commit_trigger(const char *body)
{
    char *sql = NULL;

    testing_execute("accounts", "DROP TRIGGER IF EXISTS at_commit ON thing");
    assert_true(asprintf(&sql,
                         "CREATE OR REPLACE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql "
                         "SECURITY DEFINER AS "
                         "$$ BEGIN %s; RETURN NULL; END $$;"
                         "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON thing DEFERRABLE "
                         "INITIALLY DEFERRED "
                         "FOR EACH ROW EXECUTE FUNCTION at_commit()",
                         body) > 0);
    testing_execute("accounts", sql);
    free(sql);
}

static void lost_commit_is_uncertain(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};
    const struct error *err;

    set_commit_trigger("PERFORM pg_terminate_backend(pg_backend_pid())");
    err = pg_transact(call->pg, insert_two, &plan);
    assert_true(error_is(err, REASON_COMMIT_UNCERTAIN));
    assert_int_equal(err->code, ERROR_UNAVAILABLE);
    assert_int_equal(plan.n_runs, 1);
}

static void refused_commit_is_what_the_server_says(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};
    const struct error *err;

    set_commit_trigger(
        "RAISE EXCEPTION 'no' USING ERRCODE = '23514', CONSTRAINT = 'at_commit_check'");
    err = pg_transact(call->pg, insert_two, &plan);
    assert_true(error_is(err, REASON_CONSTRAINT_VIOLATED));
    assert_string_equal(err->constraint, "at_commit_check");
    set_commit_trigger("RAISE EXCEPTION 'no' USING ERRCODE = '40001'");
    assert_true(error_is(pg_transact(call->pg, insert_two, &plan), REASON_SERIALIZATION_FAILED));
    assert_int_equal(plan.n_runs, 6);
    assert_int_equal(count_things(), 0);
}

static const struct error *outlive_the_deadline(struct pg *pg, void *ctx)
{
    const struct error *err = insert_two(pg, ctx);

    pg_set_call(pg, pg_arena(pg), clock_monotonic_us() - 1);
    return err;
}

static void passed_deadline_does_not_commit(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};

    assert_true(
        error_is(pg_transact(call->pg, outlive_the_deadline, &plan), REASON_DEADLINE_EXCEEDED));
    assert_int_equal(count_things(), 0);
}

static const struct error *do_nothing(struct pg *pg, void *ctx)
{
    struct plan *plan = ctx;

    (void)pg;
    plan->n_runs++;
    return plan->call ? error_new(plan->call->arena, REASON_OWN_DOMAIN, "No.") : NULL;
}

static void empty_transaction_is_nothing(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};

    assert_null(pg_transact(call->pg, do_nothing, &plan));
    plan.call = call;
    assert_true(error_is(pg_transact(call->pg, do_nothing, &plan), REASON_OWN_DOMAIN));
    assert_null(pg_transact(call->pg, insert_two, &plan));
    assert_int_equal(count_things(), 2);
}

static const struct error *kill_then_insert(struct pg *pg, void *ctx)
{
    testing_execute("accounts", "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                                "WHERE usename = 'roost_accounts'");
    return insert_two(pg, ctx);
}

/* Nothing had been done yet: with the first statement the transaction begins, once more if need be.
 */
static void connection_lost_before_the_first_statement_does_not_matter(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};

    for (int i = 0; i < 3; i++) {
        assert_null(pg_transact(call->pg, kill_then_insert, &plan));
    }
    assert_int_equal(plan.n_runs, 3);
    assert_int_equal(count_things(), 6);
}

static const struct error *fail_first(struct pg *pg, void *ctx)
{
    (void)ctx;
    return pg_run(pg, &fail_other, NULL, NULL);
}

static const struct error *sleep_first(struct pg *pg, void *ctx)
{
    static const struct pg_statement slow = {.name = "slow", .sql = "SELECT pg_sleep(20)"};

    (void)ctx;
    return pg_run(pg, &slow, NULL, NULL);
}

/* The first statement goes out together with BEGIN: whatever becomes of it, the connection serves
 * on. */
static void first_statement_may_fail(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};

    for (int i = 0; i < 3; i++) {
        assert_true(error_is(pg_transact(call->pg, fail_first, NULL), REASON_INTERNAL));
        assert_null(pg_transact(call->pg, insert_two, &plan));
    }
    assert_int_equal(count_things(), 6);
}

struct attempt {
    struct call *call;
    const struct error *err;
};

static void transact_slowly(void *ctx)
{
    struct attempt *attempt = ctx;

    attempt->err = pg_transact(attempt->call->pg, sleep_first, NULL);
}

static void first_statement_may_take_too_long(void **state)
{
    struct call *call = *state;
    struct plan plan = {0};

    for (int i = 0; i < 3; i++) {
        struct attempt attempt = {.call = call};

        assert_true(testing_pass_deadline_when(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')", call,
            transact_slowly, &attempt));
        assert_true(error_is(attempt.err, REASON_DEADLINE_EXCEEDED));
        pg_set_call(call->pg, call->arena, 0);
        assert_null(pg_transact(call->pg, insert_two, &plan));
    }
    assert_int_equal(count_things(), 6);
}

static int set_up_group(void **state)
{
    (void)state;
    testing_migrate("accounts", NULL, 0);
    testing_execute("accounts",
                    "CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, name text);"
                    "GRANT ALL ON thing TO roost_accounts;"
                    "CREATE FUNCTION raise_error(state text) RETURNS int LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = state; END $$");
    return 0;
}

static int set_up(void **state)
{
    testing_execute("accounts", "DROP TRIGGER IF EXISTS at_commit ON thing");
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
        TEST(transaction_commits),
        TEST(refusal_rolls_back),
        TEST(collision_runs_again),
        TEST(dropped_error_does_not_commit),
        TEST(lost_connection_stores_nothing),
        TEST(begin_survives_a_dead_connection),
        TEST(lost_commit_is_uncertain),
        TEST(refused_commit_is_what_the_server_says),
        TEST(passed_deadline_does_not_commit),
        TEST(empty_transaction_is_nothing),
        TEST(connection_lost_before_the_first_statement_does_not_matter),
        TEST(first_statement_may_fail),
        TEST(first_statement_may_take_too_long),
    };

    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
