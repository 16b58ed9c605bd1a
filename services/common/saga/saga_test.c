#include "services/common/saga/saga.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/roost/domains/v1/domains.pb-c.h"
#include "services/common/clock/clock.h"
#include "services/common/log/log.h"
#include "services/common/testing/testing.h"

typedef Roost__Domains__V1__GetDomainRequest Payload;

/* What the step met and does; reset before each test. */
static struct {
    int n_runs;
    int n_failures;
    int64_t payload_id;
    int64_t account_id;
    char username[32];
    char trace_id[32];
    int64_t time_left_us;
    int64_t runs_saga; /* from inside the step: run this one too */
    const struct error *inner;
} seen;

static const struct saga_kind kinds[2];

static const struct error *step(struct call *call, const ProtobufCMessage *message)
{
    const Payload *payload = (const Payload *)message;

    seen.n_runs++;
    seen.payload_id = payload->id;
    seen.account_id = call->identity->account_id;
    snprintf(seen.username, sizeof(seen.username), "%s", call->identity->username);
    snprintf(seen.trace_id, sizeof(seen.trace_id), "%s", call->trace_id);
    seen.time_left_us = call->deadline_us - clock_monotonic_us();
    if (seen.runs_saga != 0) {
        struct call *other = testing_call_new("domains");

        seen.inner = saga_run(other, &kinds[0], seen.runs_saga);
        assert_true(error_is(seen.inner, REASON_REQUEST_IN_PROGRESS));
        testing_call_free(other);
    }
    if (seen.n_runs <= seen.n_failures) {
        return error_new(call->arena, REASON_SERVICE_UNAVAILABLE, "Mailboxes ünreachable.");
    }
    return NULL;
}

static const struct saga_kind kinds[2] = {
    {"test.finish", &roost__domains__v1__get_domain_request__descriptor, step},
    {"test.other", &roost__domains__v1__get_domain_request__descriptor, step},
};

struct plan {
    struct call *call;
    int64_t delay_ms;
    int64_t id;
};

static const struct error *begin_in_tx(struct pg *pg, void *ctx)
{
    struct plan *plan = ctx;
    Payload payload = ROOST__DOMAINS__V1__GET_DOMAIN_REQUEST__INIT;

    (void)pg;
    payload.id = 77;
    return saga_begin(plan->call, &kinds[0], 5, &payload.base, plan->delay_ms, &plan->id);
}

static int64_t begin(struct call *call, int64_t delay_ms)
{
    struct plan plan = {.call = call, .delay_ms = delay_ms};

    assert_null(pg_transact(call->pg, begin_in_tx, &plan));
    return plan.id;
}

static void assert_selected(const char *sql, const char *expected)
{
    char *text = testing_select("domains", sql);

    assert_string_equal(text, expected);
    free(text);
}

/* A task's call: another identity than the one that began. */
static struct call *task_call(void)
{
    static Roost__Common__V1__Identity identity = ROOST__COMMON__V1__IDENTITY__INIT;
    struct call *call = testing_call_new("domains");

    identity.service = (char *)(uintptr_t) "domains";
    call->identity = &identity;
    call->trace_id = "task-trace";
    return call;
}

static void run_does_the_step_and_forgets(void **state)
{
    struct call *call = *state;
    int64_t id = begin(call, 60000);
    int64_t deadline_us = call->deadline_us;

    assert_null(saga_run(call, &kinds[0], id));
    assert_int_equal(seen.n_runs, 1);
    assert_int_equal(seen.payload_id, 77);
    assert_int_equal(call->deadline_us, deadline_us);
    assert_in_range(seen.time_left_us, 1, 12000000);
    assert_selected("SELECT count(*) FROM saga", "0");
    /* Somebody has done it: that is success too. */
    assert_null(saga_run(call, &kinds[0], id));
    assert_int_equal(seen.n_runs, 1);
}

static void failure_leaves_it_to_the_finisher(void **state)
{
    struct call *call = *state;
    struct call *task = task_call();
    int64_t id = begin(call, 60000);
    const struct error *err;

    seen.n_failures = 1;
    err = saga_run(call, &kinds[0], id);
    assert_true(error_is(err, REASON_SERVICE_UNAVAILABLE));
    assert_selected("SELECT attempts || last_error FROM saga",
                    "1SERVICE_UNAVAILABLE: Mailboxes ??nreachable.");
    assert_selected(
        "SELECT due_at - clock_timestamp() < interval '201 ms' AND claimed_until IS NULL FROM saga",
        "t");
    testing_execute("domains", "UPDATE saga SET due_at = now()");
    assert_null(saga_finish_due(task));
    assert_int_equal(seen.n_runs, 2);
    assert_selected("SELECT count(*) FROM saga", "0");
    testing_call_free(task);
}

static void finisher_acts_for_who_began(void **state)
{
    struct call *task = task_call();

    (void)begin(*state, 0);
    assert_null(saga_finish_due(task));
    assert_int_equal(seen.n_runs, 1);
    assert_int_equal(seen.account_id, 1);
    assert_string_equal(seen.username, "admin");
    assert_string_equal(seen.trace_id, "test-trace");
    assert_string_equal(task->identity->service, "domains");
    assert_string_equal(task->trace_id, "task-trace");
    testing_call_free(task);
}

static void finisher_leaves_what_is_not_due_or_not_known(void **state)
{
    struct call *call = *state;

    (void)begin(call, 60000);
    testing_execute("domains",
                    "INSERT INTO saga (kind, object_id, payload, identity, trace_id, due_at) "
                    "VALUES ('somebody.elses', 1, '', '', '', now())");
    assert_null(saga_finish_due(call));
    assert_int_equal(seen.n_runs, 0);
    assert_selected("SELECT count(*) FROM saga", "2");
}

static void pauses_grow_up_to_five_seconds(void **state)
{
    static const char *const pauses[] = {"200", "400", "800", "1600", "3200", "5000", "5000"};
    struct call *call = *state;

    (void)begin(call, 0);
    seen.n_failures = 100;
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        char *before = testing_select("domains", "SELECT clock_timestamp()");
        const char *sql =
            arena_printf(call->arena,
                         "SELECT due_at >= timestamptz '%s' + %s * interval '1 ms' "
                         "AND due_at <= clock_timestamp() + %s * interval '1 ms' FROM saga",
                         before, pauses[i], pauses[i]);

        free(before);
        assert_null(saga_finish_due(call));
        assert_selected(sql, "t");
        testing_execute("domains", "UPDATE saga SET due_at = now()");
    }
    assert_int_equal(seen.n_runs, 7);
}

static void claimed_saga_is_not_run_twice(void **state)
{
    struct call *call = *state;
    int64_t id = begin(call, 0);

    seen.runs_saga = id;
    assert_null(saga_finish_due(call));
    assert_non_null(seen.inner);
    assert_int_equal(seen.n_runs, 1);
}

static void claim_of_a_dead_process_runs_out(void **state)
{
    struct call *call = *state;

    (void)begin(call, 0);
    testing_execute("domains", "UPDATE saga SET claimed_until = now() + interval '15 seconds'");
    assert_null(saga_finish_due(call));
    assert_int_equal(seen.n_runs, 0);
    testing_execute("domains", "UPDATE saga SET claimed_until = now() - interval '1 ms'");
    assert_null(saga_finish_due(call));
    assert_int_equal(seen.n_runs, 1);
}

/* As if the lease had run out in the middle of the step and somebody else had claimed the saga. */
static const struct error *overtaken_step(struct call *call, const ProtobufCMessage *message)
{
    (void)message;
    testing_execute("domains", "UPDATE saga SET attempts = attempts + 1");
    return error_new(call->arena, REASON_SERVICE_UNAVAILABLE, "Late.");
}

static void late_failure_does_not_disturb_a_newer_claim(void **state)
{
    static const struct saga_kind overtaken = {
        "test.finish",
        &roost__domains__v1__get_domain_request__descriptor,
        overtaken_step,
    };
    struct call *call = *state;
    int64_t id = begin(call, 0);

    assert_true(error_is(saga_run(call, &overtaken, id), REASON_SERVICE_UNAVAILABLE));
    assert_selected("SELECT claimed_until > now() AND last_error = '' FROM saga", "t");
}

static const struct error *cancel_in_tx(struct pg *pg, void *ctx)
{
    struct plan *plan = ctx;

    (void)pg;
    return saga_cancel(plan->call, plan->id);
}

static void canceled_saga_never_runs(void **state)
{
    struct call *call = *state;
    struct plan plan = {.call = call, .id = begin(call, 0)};

    assert_null(pg_transact(call->pg, cancel_in_tx, &plan));
    assert_null(saga_finish_due(call));
    assert_int_equal(seen.n_runs, 0);
}

struct withdrawal {
    struct call *call;
    const struct saga_kind *kind;
    int64_t object_id;
    bool is_done;
    bool is_refused; /* by what comes after it in the transaction */
    int64_t claims;  /* meanwhile somebody else tries to run this one */
};

static const struct error *withdraw_in_tx(struct pg *pg, void *ctx)
{
    struct withdrawal *w = ctx;
    const struct error *err = saga_withdraw(w->call, w->kind, w->object_id, &w->is_done);

    if (!err && w->claims) {
        struct call *other = testing_call_new("domains");

        assert_null(saga_finish_due(other));
        testing_call_free(other);
    }
    return err || !w->is_refused ? err : error_new(pg_arena(pg), REASON_OWN_DOMAIN, "No.");
}

static bool withdraw(struct call *call, const struct saga_kind *kind, int64_t object_id)
{
    struct withdrawal w = {.call = call, .kind = kind, .object_id = object_id};

    assert_null(pg_transact(call->pg, withdraw_in_tx, &w));
    return w.is_done;
}

static void withdrawn_saga_never_runs(void **state)
{
    struct call *call = *state;

    (void)begin(call, 60000);
    assert_false(withdraw(call, &kinds[1], 5));
    assert_false(withdraw(call, &kinds[0], 6));
    assert_true(withdraw(call, &kinds[0], 5));
    assert_false(withdraw(call, &kinds[0], 5));
    assert_selected("SELECT count(*) FROM saga", "0");
    assert_null(saga_finish_due(call));
    assert_int_equal(seen.n_runs, 0);
}

/* Due, but nobody has come to it yet. The finisher does not wait for the transaction either. */
static void withdrawing_wins_over_a_later_claim(void **state)
{
    struct call *call = *state;
    struct withdrawal w = {.call = call, .kind = &kinds[0], .object_id = 5};

    w.claims = begin(call, 0);
    assert_null(pg_transact(call->pg, withdraw_in_tx, &w));
    assert_true(w.is_done);
    assert_int_equal(seen.n_runs, 0);
}

static void withdrawing_is_undone_with_its_transaction(void **state)
{
    struct call *call = *state;
    struct withdrawal w = {.call = call, .kind = &kinds[0], .object_id = 5, .is_refused = true};

    (void)begin(call, 0);
    assert_true(error_is(pg_transact(call->pg, withdraw_in_tx, &w), REASON_OWN_DOMAIN));
    assert_null(saga_finish_due(call));
    assert_int_equal(seen.n_runs, 1);
}

/* From inside the step, which is where the finisher is while it has a claim. */
static const struct error *withdrawn_step(struct call *call, const ProtobufCMessage *message)
{
    struct call *other = testing_call_new("domains");

    (void)message;
    assert_false(withdraw(other, &kinds[0], 5));
    testing_call_free(other);
    return error_new(call->arena, REASON_SERVICE_UNAVAILABLE, "Later.");
}

static void saga_that_has_begun_is_not_withdrawn(void **state)
{
    static const struct saga_kind watching = {
        "test.finish",
        &roost__domains__v1__get_domain_request__descriptor,
        withdrawn_step,
    };
    struct call *call = *state;
    int64_t id = begin(call, 0);

    assert_true(error_is(saga_run(call, &watching, id), REASON_SERVICE_UNAVAILABLE));
    /* Nor when it failed and waits for its next attempt. */
    assert_false(withdraw(call, &kinds[0], 5));
    assert_selected("SELECT count(*) FROM saga", "1");
}

static const struct error *begin_and_refuse(struct pg *pg, void *ctx)
{
    const struct error *err = begin_in_tx(pg, ctx);

    return err ? err : error_new(pg_arena(pg), REASON_OWN_DOMAIN, "No.");
}

static void rolled_back_saga_never_runs(void **state)
{
    struct call *call = *state;
    struct plan plan = {.call = call};

    assert_true(error_is(pg_transact(call->pg, begin_and_refuse, &plan), REASON_OWN_DOMAIN));
    assert_null(saga_finish_due(call));
    assert_int_equal(seen.n_runs, 0);
}

static void damaged_payload_is_a_failure_not_a_crash(void **state)
{
    struct call *call = *state;

    (void)begin(call, 0);
    testing_execute("domains", "UPDATE saga SET payload = '\\xffffffff'");
    assert_null(saga_finish_due(call));
    assert_int_equal(seen.n_runs, 0);
    assert_selected("SELECT left(last_error, 8) FROM saga", "INTERNAL");
}

/* The outcome is written down although the step has used up the call's time. */
static const struct error *slow_step(struct call *call, const ProtobufCMessage *message)
{
    (void)message;
    seen.n_runs++;
    clock_set_monotonic_for_test(call->deadline_us);
    assert_true(call_is_cancelled(call));
    return error_new(call->arena, REASON_DEADLINE_EXCEEDED, "Too slow.");
}

static void outcome_is_recorded_after_the_deadline(void **state)
{
    static const struct saga_kind slow = {
        "test.finish",
        &roost__domains__v1__get_domain_request__descriptor,
        slow_step,
    };
    struct call *call = *state;
    int64_t id = begin(call, 0);

    clock_set_monotonic_for_test(clock_monotonic_us());
    call->deadline_us = clock_monotonic_us() + 5000000;
    pg_set_call(call->pg, call->arena, call->deadline_us);
    assert_true(error_is(saga_run(call, &slow, id), REASON_DEADLINE_EXCEEDED));
    assert_int_equal(seen.n_runs, 1);
    assert_true(clock_monotonic_us() >= call->deadline_us);
    assert_selected("SELECT claimed_until IS NULL FROM saga", "t");
}

struct worker {
    pthread_t thread;
    struct call *call;
};

static _Atomic int n_parallel;

static const struct error *count_step(struct call *call, const ProtobufCMessage *message)
{
    (void)call;
    (void)message;
    n_parallel++;
    return NULL;
}

static void *finish(void *ctx)
{
    struct worker *worker = ctx;

    return (void *)saga_finish_due(worker->call);
}

/* Replicas share the work; each saga runs once. */
static void parallel_finishers_share(void **state)
{
    static const struct saga_kind counting[] = {
        {"test.finish", &roost__domains__v1__get_domain_request__descriptor, count_step},
    };
    enum { N = 4 };
    struct worker workers[N];
    void *err;

    saga_register(counting, 1);
    for (int i = 0; i < 40; i++) {
        (void)begin(*state, 0);
    }
    for (int i = 0; i < N; i++) {
        workers[i].call = task_call();
        assert_int_equal(pthread_create(&workers[i].thread, NULL, finish, &workers[i]), 0);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(workers[i].thread, &err);
        assert_null(err);
        testing_call_free(workers[i].call);
    }
    assert_int_equal(n_parallel, 40);
    assert_selected("SELECT count(*) FROM saga", "0");
}

static void dead_database_is_unavailable(void **state)
{
    struct call *call = *state;

    testing_pg_stop();
    assert_true(error_is(saga_finish_due(call), REASON_DATABASE_UNAVAILABLE));
    assert_true(error_is(saga_run(call, &kinds[0], 1), REASON_DATABASE_UNAVAILABLE));
    testing_pg_start();
}

static int set_up_group(void **state)
{
    (void)state;
    log_open("test", LOG_ERROR, LOG_LOGFMT);
    testing_migrate("domains", NULL, 0);
    return 0;
}

static int set_up(void **state)
{
    memset(&seen, 0, sizeof(seen));
    saga_register(kinds, 2);
    testing_truncate("domains");
    *state = testing_call_new("domains");
    return 0;
}

static int tear_down(void **state)
{
    clock_set_monotonic_for_test(0);
    testing_call_free(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(run_does_the_step_and_forgets),
        TEST(failure_leaves_it_to_the_finisher),
        TEST(finisher_acts_for_who_began),
        TEST(finisher_leaves_what_is_not_due_or_not_known),
        TEST(pauses_grow_up_to_five_seconds),
        TEST(claimed_saga_is_not_run_twice),
        TEST(claim_of_a_dead_process_runs_out),
        TEST(late_failure_does_not_disturb_a_newer_claim),
        TEST(canceled_saga_never_runs),
        TEST(rolled_back_saga_never_runs),
        TEST(withdrawn_saga_never_runs),
        TEST(withdrawing_wins_over_a_later_claim),
        TEST(withdrawing_is_undone_with_its_transaction),
        TEST(saga_that_has_begun_is_not_withdrawn),
        TEST(damaged_payload_is_a_failure_not_a_crash),
        TEST(outcome_is_recorded_after_the_deadline),
        TEST(parallel_finishers_share),
        TEST(dead_database_is_unavailable),
    };

    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
