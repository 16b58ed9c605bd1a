/* Calls that take no worker, as server, client and metrics show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/log/log.h"
#include "services/common/message/message.h"
#include "services/common/pg/pg.h"
#include "services/common/rpc/call_state.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/testing/echo.h"
#include "services/common/testing/testing.h"
#include "services/common/testing/testing_rpc.h"

enum { N_WORKERS = 4 }; /* of testing_rpc */
enum { FIRST_RUN_US = 100000, LIMIT_US = 60000000, N_CALLS = 20 };

static const struct pg_statement by_text = {
    .name = "by_text",
    .sql = "SELECT $1::text AS text",
    .params = (const char *const[]){"text"},
    .n_params = 1,
};
static const struct pg_statement broken = {.name = "broken", .sql = "SELECT (1 / 0)::text AS text"};

/* Blocked handlers wait here until the test lets them go. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static int n_blocked;
static bool is_open;

static atomic_int n_runs;      /* of the handlers that begin slowly */
static atomic_int n_by_worker; /* of get */

static ProtobufCMessage *empty_response(struct call *call)
{
    return message_new(call->arena, &roost__testing__v1__echo_response__descriptor);
}

static const struct error *block(struct call *call, const ProtobufCMessage *message,
                                 ProtobufCMessage **ret_response)
{
    (void)message;
    pthread_mutex_lock(&gate_lock);
    n_blocked++;
    pthread_cond_broadcast(&gate_changed);
    while (!is_open) {
        pthread_cond_wait(&gate_changed, &gate_lock);
    }
    n_blocked--;
    pthread_mutex_unlock(&gate_lock);
    *ret_response = empty_response(call);
    return NULL;
}

static const struct error *get(struct call *call, const ProtobufCMessage *message,
                               ProtobufCMessage **ret_response)
{
    const Roost__Testing__V1__EchoRequest *req = (const Roost__Testing__V1__EchoRequest *)message;
    atomic_fetch_add(&n_by_worker, !call->state->is_piped);
    return pg_get(call->pg, &by_text, PG_ARGS(NULL, pg_text("text", req->text)),
                  &roost__testing__v1__echo_response__descriptor, ret_response);
}

/* The first run, the one without a worker, takes its time. */
static void begin_slowly(void)
{
    int64_t until_us = clock_monotonic_us() + FIRST_RUN_US;
    while (atomic_load(&n_runs) == 0 && clock_monotonic_us() < until_us) {
        sched_yield();
    }
    atomic_fetch_add(&n_runs, 1);
}

/* More than rows by key. */
static const struct error *query(struct call *call, const ProtobufCMessage *message,
                                 ProtobufCMessage **ret_response)
{
    (void)message;
    struct pg_rows rows;
    begin_slowly();
    const struct error *err =
        pg_query(call->pg, &by_text, PG_ARGS(NULL, pg_text("text", "")), &rows);
    *ret_response = empty_response(call);
    return err;
}

/* A row by key that cannot be had. */
static const struct error *divide(struct call *call, const ProtobufCMessage *message,
                                  ProtobufCMessage **ret_response)
{
    (void)message;
    begin_slowly();
    return pg_get(call->pg, &broken, NULL, &roost__testing__v1__echo_response__descriptor,
                  ret_response);
}

#define METHOD(name_, handler_, no_side_effects_)                                                  \
    {                                                                                              \
        .path = "/roost.testing.v1.Piped/" name_,                                                  \
        .request = &roost__testing__v1__echo_request__descriptor,                                  \
        .response = &roost__testing__v1__echo_response__descriptor, .access = {.anonymous = true}, \
        .no_side_effects = (no_side_effects_), .handler = (handler_)                               \
    }

enum { BLOCK, PUT, GET, QUERY, DIVIDE, N_METHODS };
static const struct rpc_method methods[N_METHODS] = {
    METHOD("Block", block, false), METHOD("Put", get, false),      METHOD("Get", get, true),
    METHOD("Query", query, true),  METHOD("Divide", divide, true),
};
static const struct rpc_service service = {
    .name = "roost.testing.v1.Piped",
    .methods = methods,
    .n_methods = N_METHODS,
};
static const struct rpc_service *const services[] = {&service, NULL};
static const struct testing_rpc_config config = {.services = services, .schema = "accounts"};

static int set_up_group(void **state)
{
    (void)state;
    testing_migrate("accounts", NULL, 0);
    return 0;
}

static int set_up(void **state)
{
    atomic_store(&n_by_worker, 0);
    is_open = false;
    atomic_store(&n_runs, 0);
    *state = testing_rpc_open(&config);
    return 0;
}

static void open_gate(void)
{
    pthread_mutex_lock(&gate_lock);
    is_open = true;
    pthread_cond_broadcast(&gate_changed);
    pthread_mutex_unlock(&gate_lock);
}

static int tear_down(void **state)
{
    open_gate(); /* also where a test has failed */
    testing_rpc_close(*state);
    return 0;
}

/* What the server's metrics have for the method; 0 if they do not name it. */
static double metric(struct testing_rpc *rpc, const char *name, const struct rpc_method *method)
{
    const struct metrics_collector collector = {rpc_server_collect, testing_rpc_server(rpc)};
    char start[128];
    char *text = metrics_text(&collector, 1);
    snprintf(start, sizeof(start), "\n%s{method=\"%s\"} ", name, method->path + 1);
    const char *found = strstr(text, start);
    double number = found ? strtod(found + strlen(start), NULL) : 0;
    free(text);
    return number;
}

/* A call is counted after its answer has gone out. */
static void wait_counted(struct testing_rpc *rpc, const struct rpc_method *method, double expected)
{
    int64_t limit_us = clock_monotonic_us() + LIMIT_US;
    while (metric(rpc, "roost_rpc_duration_seconds_count", method) < expected) {
        assert_true(clock_monotonic_us() < limit_us);
        sched_yield();
    }
}

static const struct error *ask(struct call *call, const struct rpc_method *method, const char *text,
                               const char **ret_text)
{
    Roost__Testing__V1__EchoRequest request = ROOST__TESTING__V1__ECHO_REQUEST__INIT;
    ProtobufCMessage *response = NULL;
    request.text = (char *)(uintptr_t)text;
    const struct error *err = rpc_call(call, method, &request.base, &response);
    if (!err) {
        *ret_text = ((const Roost__Testing__V1__EchoResponse *)response)->text;
    }
    return err;
}

static void ask_for_row(struct testing_rpc *rpc, const struct rpc_method *method, int row)
{
    char expected[16];
    const char *text = NULL;
    snprintf(expected, sizeof(expected), "row %d", row);
    assert_null(ask(testing_rpc_call(rpc), method, expected, &text));
    assert_string_equal(text, expected);
}

/* Until the pipe is connected, workers do what it is for. Returns how many calls that took. */
static int wait_for_pipe(struct testing_rpc *rpc)
{
    int64_t limit_us = clock_monotonic_us() + LIMIT_US;
    int n_calls = 0;
    while (metric(rpc, "roost_rpc_piped_total", &methods[GET]) < 1) {
        assert_true(clock_monotonic_us() < limit_us);
        ask_for_row(rpc, &methods[GET], n_calls);
        wait_counted(rpc, &methods[GET], ++n_calls);
    }
    return n_calls;
}

static void a_get_takes_no_worker(void **state)
{
    struct testing_rpc *rpc = *state;
    int n_before = wait_for_pipe(rpc);
    assert_int_equal(atomic_load(&n_by_worker), n_before - 1);
    for (int i = 0; i < N_CALLS; i++) {
        ask_for_row(rpc, &methods[GET], i);
    }
    wait_counted(rpc, &methods[GET], n_before + N_CALLS);
    assert_int_equal(atomic_load(&n_by_worker), n_before - 1);
    assert_true(metric(rpc, "roost_rpc_piped_total", &methods[GET]) == 1 + N_CALLS);
    assert_true(metric(rpc, "roost_rpc_handed_over_total", &methods[GET]) == n_before - 1);
}

static void what_may_have_side_effects_takes_one(void **state)
{
    struct testing_rpc *rpc = *state;
    (void)wait_for_pipe(rpc);
    int n_before = atomic_load(&n_by_worker);
    for (int i = 0; i < N_CALLS; i++) {
        ask_for_row(rpc, &methods[PUT], i);
    }
    wait_counted(rpc, &methods[PUT], N_CALLS);
    assert_int_equal(atomic_load(&n_by_worker), n_before + N_CALLS);
    assert_true(metric(rpc, "roost_rpc_piped_total", &methods[PUT]) == 0);
    assert_true(metric(rpc, "roost_rpc_handed_over_total", &methods[PUT]) == 0);
}

struct client {
    pthread_t thread;
    struct call call;
    const struct error *err;
};

static void *ask_block(void *ctx)
{
    struct client *client = ctx;
    const char *text;
    client->err = ask(&client->call, &methods[BLOCK], "", &text);
    return NULL;
}

static void block_all_workers(struct testing_rpc *rpc, struct client *clients)
{
    for (int i = 0; i < N_WORKERS; i++) {
        clients[i].call = *testing_rpc_call(rpc);
        clients[i].call.arena = arena_new(4096);
        assert_int_equal(pthread_create(&clients[i].thread, NULL, ask_block, &clients[i]), 0);
    }
    pthread_mutex_lock(&gate_lock);
    while (n_blocked < N_WORKERS) {
        pthread_cond_wait(&gate_changed, &gate_lock);
    }
    pthread_mutex_unlock(&gate_lock);
}

static void let_all_go(struct client *clients)
{
    open_gate();
    for (int i = 0; i < N_WORKERS; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_null(clients[i].err);
        arena_free(clients[i].call.arena);
    }
}

static void gets_are_answered_while_all_workers_are_busy(void **state)
{
    struct testing_rpc *rpc = *state;
    static struct client clients[N_WORKERS];
    (void)wait_for_pipe(rpc);
    block_all_workers(rpc, clients);
    for (int i = 0; i < N_CALLS; i++) {
        ask_for_row(rpc, &methods[GET], i);
    }
    let_all_go(clients);
}

static void what_asks_for_more_is_handed_over_once(void **state)
{
    struct testing_rpc *rpc = *state;
    const char *text;
    for (int i = 0; i < 3; i++) {
        assert_null(ask(testing_rpc_call(rpc), &methods[QUERY], "", &text));
    }
    wait_counted(rpc, &methods[QUERY], 3);
    assert_int_equal(atomic_load(&n_runs), 4);
    assert_true(metric(rpc, "roost_rpc_piped_total", &methods[QUERY]) == 0);
    assert_true(metric(rpc, "roost_rpc_handed_over_total", &methods[QUERY]) == 1);
}

static void what_fails_is_handed_over_each_time(void **state)
{
    struct testing_rpc *rpc = *state;
    const char *text;
    for (int i = 0; i < 3; i++) {
        const struct error *err = ask(testing_rpc_call(rpc), &methods[DIVIDE], "", &text);
        assert_true(error_is(err, REASON_INTERNAL));
    }
    wait_counted(rpc, &methods[DIVIDE], 3);
    assert_true(metric(rpc, "roost_rpc_piped_total", &methods[DIVIDE]) == 0);
    assert_true(metric(rpc, "roost_rpc_handed_over_total", &methods[DIVIDE]) == 3);
}

static void handed_over_calls_are_timed_from_their_beginning(void **state)
{
    static const int handed_over[] = {QUERY, DIVIDE};
    struct testing_rpc *rpc = *state;
    for (size_t i = 0; i < 2; i++) {
        const struct rpc_method *method = &methods[handed_over[i]];
        const char *text;
        atomic_store(&n_runs, 0);
        (void)!ask(testing_rpc_call(rpc), method, "", &text);
        assert_in_range(atomic_load(&n_runs), 2, 3);
        wait_counted(rpc, method, 1);
        assert_true(metric(rpc, "roost_rpc_duration_seconds_sum", method) >= FIRST_RUN_US / 1e6);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_get_takes_no_worker),
        TEST(what_may_have_side_effects_takes_one),
        TEST(gets_are_answered_while_all_workers_are_busy),
        TEST(what_asks_for_more_is_handed_over_once),
        TEST(what_fails_is_handed_over_each_time),
        TEST(handed_over_calls_are_timed_from_their_beginning),
    };
    log_open("test", LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
