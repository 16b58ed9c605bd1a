/* Reads that come in one call, as a peer sends them. */
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
#include "services/common/rpc/assertion.h"
#include "services/common/rpc/bundle.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/status.h"
#include "services/common/rpc/testing/echo.h"
#include "services/common/testing/testing.h"
#include "services/common/testing/testing_rpc.h"

enum { LIMIT_US = 60000000, ANSWER_US = 5000000 };

static const uint8_t key[] = "the identity key of the test fixture";

static const struct pg_statement by_text = {
    .name = "by_text",
    .sql = "SELECT $1::text AS text",
    .params = (const char *const[]){"text"},
    .n_params = 1,
};

/* A row by key, and who has asked for it. */
static const struct error *get(struct call *call, const ProtobufCMessage *message,
                               ProtobufCMessage **ret_response)
{
    const Roost__Testing__V1__EchoRequest *req = (const Roost__Testing__V1__EchoRequest *)message;
    if (strcmp(req->text, "nothing") == 0) {
        return error_on_field(call->arena, REASON_DOMAIN_NOT_FOUND, "id",
                              "There is no such domain.");
    }
    const struct error *err = pg_get(call->pg, &by_text, PG_ARGS(NULL, pg_text("text", req->text)),
                                     &roost__testing__v1__echo_response__descriptor, ret_response);
    if (!err && *ret_response) {
        Roost__Testing__V1__EchoResponse *response =
            (Roost__Testing__V1__EchoResponse *)*ret_response;
        response->account_id = call->identity->account_id;
        response->trace_id = (char *)(uintptr_t)call->trace_id;
    }
    return err;
}

/* More than rows by key. */
static const struct error *query(struct call *call, const ProtobufCMessage *message,
                                 ProtobufCMessage **ret_response)
{
    struct pg_rows rows;
    (void)message;
    *ret_response = message_new(call->arena, &roost__testing__v1__echo_response__descriptor);
    return pg_query(call->pg, &by_text, PG_ARGS(NULL, pg_text("text", "")), &rows);
}

/* A row by key that cannot be had. */
static const struct error *divide(struct call *call, const ProtobufCMessage *message,
                                  ProtobufCMessage **ret_response)
{
    static const struct pg_statement broken = {.name = "broken",
                                               .sql = "SELECT (1 / 0)::text AS text"};
    (void)message;
    return pg_get(call->pg, &broken, NULL, &roost__testing__v1__echo_response__descriptor,
                  ret_response);
}

/* Without any row. */
static const struct error *repeat(struct call *call, const ProtobufCMessage *message,
                                  ProtobufCMessage **ret_response)
{
    *ret_response = message_new(call->arena, &roost__testing__v1__echo_response__descriptor);
    ((Roost__Testing__V1__EchoResponse *)*ret_response)->text =
        ((const Roost__Testing__V1__EchoRequest *)message)->text;
    return NULL;
}

#define METHOD(name_, handler_, no_side_effects_)                                 \
    {                                                                             \
        .path = "/roost.testing.v1.Bundled/" name_,                               \
        .request = &roost__testing__v1__echo_request__descriptor,                 \
        .response = &roost__testing__v1__echo_response__descriptor,               \
        .access = {.authenticated = true}, .no_side_effects = (no_side_effects_), \
        .handler = (handler_)                                                     \
    }

enum { GET, PUT, QUERY, DIVIDE, REPEAT, N_METHODS };
static const struct rpc_method methods[N_METHODS] = {
    METHOD("Get", get, true),       METHOD("Put", get, false),      METHOD("Query", query, true),
    METHOD("Divide", divide, true), METHOD("Repeat", repeat, true),
};
static const struct rpc_service service = {
    .name = "roost.testing.v1.Bundled",
    .methods = methods,
    .n_methods = N_METHODS,
};
static const struct rpc_service *const services[] = {&service, NULL};
static const struct testing_rpc_config config = {.services = services, .schema = "accounts"};
static const struct testing_rpc_config config_without_pipe = {.services = services};

struct fixture {
    struct testing_rpc *rpc;
    struct rpc_peers *peers; /* "rpc", whose methods are those of the bundles */
    Roost__Rpc__Bundle bundle;
    Roost__Rpc__BundledCall calls[BUNDLE_MAX_CALLS + 1], *list[BUNDLE_MAX_CALLS + 1];
};

static int set_up_group(void **state)
{
    (void)state;
    testing_migrate("accounts", NULL, 0);
    return 0;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->rpc = testing_rpc_open(&config);
    const struct rpc_peer_config peer = {"rpc", testing_rpc_target(fixture->rpc)};
    fixture->peers = rpc_peers_new("testing", key, sizeof(key) - 1, NULL, &peer, 1);
    roost__rpc__bundle__init(&fixture->bundle);
    fixture->bundle.calls = fixture->list;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    testing_rpc_close(fixture->rpc);
    rpc_peers_free(fixture->peers);
    free(fixture);
    return 0;
}

static struct arena *arena_of(struct fixture *fixture)
{
    return testing_rpc_call(fixture->rpc)->arena;
}

/* Adds a call to the bundle: this account asks for the row with this text. */
static Roost__Rpc__BundledCall *add(struct fixture *fixture, const char *path, int64_t account_id,
                                    const char *text)
{
    struct arena *arena = arena_of(fixture);
    Roost__Common__V1__Identity identity = ROOST__COMMON__V1__IDENTITY__INIT;
    Roost__Testing__V1__EchoRequest request = ROOST__TESTING__V1__ECHO_REQUEST__INIT;
    Roost__Rpc__BundledCall *call = &fixture->calls[fixture->bundle.n_calls];
    struct assertion_key *ready = assertion_key_new(key, sizeof(key) - 1);
    size_t len;
    roost__rpc__bundled_call__init(call);
    identity.account_id = account_id;
    identity.role = (char *)(uintptr_t) "SimpleUsers";
    request.text = (char *)(uintptr_t)text;
    call->method = (char *)(uintptr_t)path;
    call->assertion.data =
        (uint8_t *)(uintptr_t)assertion_sign(arena, ready, &identity, "testing", &len);
    call->assertion.len = len;
    call->request_id = arena_printf(arena, "trace-%zu", fixture->bundle.n_calls);
    call->request.len = protobuf_c_message_get_packed_size(&request.base);
    call->request.data = arena_alloc(arena, call->request.len + 1);
    protobuf_c_message_pack(&request.base, call->request.data);
    fixture->list[fixture->bundle.n_calls++] = call;
    assertion_key_free(ready);
    return call;
}

static const struct error *run(struct fixture *fixture, const Roost__Rpc__BundleAnswer **ret_answer)
{
    struct call call = *testing_rpc_call(fixture->rpc);
    ProtobufCMessage *response = NULL;
    call.peers = fixture->peers;
    call.deadline_us = clock_monotonic_us() + ANSWER_US;
    const struct error *err = rpc_call(&call, &bundle_method, &fixture->bundle.base, &response);
    *ret_answer = (const Roost__Rpc__BundleAnswer *)response;
    return err;
}

/* Until the pipe is connected, everything is left out. */
static const Roost__Rpc__BundleAnswer *run_when_up(struct fixture *fixture)
{
    int64_t limit_us = clock_monotonic_us() + LIMIT_US;
    const Roost__Rpc__BundleAnswer *answer;
    do {
        assert_true(clock_monotonic_us() < limit_us);
        assert_null(run(fixture, &answer));
        assert_int_equal(answer->n_outcomes, fixture->bundle.n_calls);
    } while (answer->outcomes[0]->is_left_out && sched_yield() == 0);
    return answer;
}

static const Roost__Testing__V1__EchoResponse *response_of(
    struct fixture *fixture, const Roost__Rpc__BundledOutcome *outcome)
{
    ProtobufCMessage *message = NULL;
    assert_false(outcome->is_left_out);
    assert_int_equal(outcome->code, ERROR_OK);
    assert_null(message_unpack(arena_of(fixture), &roost__testing__v1__echo_response__descriptor,
                               outcome->response.data, outcome->response.len, &message));
    return (const Roost__Testing__V1__EchoResponse *)message;
}

static const struct error *error_of(struct fixture *fixture,
                                    const Roost__Rpc__BundledOutcome *outcome)
{
    assert_false(outcome->is_left_out);
    assert_int_not_equal(outcome->code, ERROR_OK);
    return status_unpack(arena_of(fixture), outcome->code, outcome->detail, outcome->details.data,
                         outcome->details.len);
}

static void each_read_has_its_own_identity_and_answer(void **state)
{
    struct fixture *fixture = *state;
    char expected[16];
    for (int i = 0; i < BUNDLE_MAX_CALLS; i++) {
        add(fixture, methods[GET].path, 100 + i, arena_printf(arena_of(fixture), "row %d", i));
    }
    const Roost__Rpc__BundleAnswer *answer = run_when_up(fixture);
    for (int i = 0; i < BUNDLE_MAX_CALLS; i++) {
        const Roost__Testing__V1__EchoResponse *response =
            response_of(fixture, answer->outcomes[i]);
        snprintf(expected, sizeof(expected), "row %d", i);
        assert_string_equal(response->text, expected);
        assert_int_equal(response->account_id, 100 + i);
        snprintf(expected, sizeof(expected), "trace-%d", i);
        assert_string_equal(response->trace_id, expected);
    }
}

static void errors_are_those_of_one_read_only(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, methods[GET].path, 1, "first");
    add(fixture, methods[GET].path, 1, "nothing");
    add(fixture, methods[GET].path, 0, "nobody's");
    Roost__Rpc__BundledCall *forged = add(fixture, methods[GET].path, 1, "forged");
    forged->assertion.data[forged->assertion.len - 1] ^= 1;
    Roost__Rpc__BundledCall *broken = add(fixture, methods[GET].path, 1, "broken");
    broken->request.data[0] = 0xff;
    add(fixture, methods[GET].path, 1, "last");
    const Roost__Rpc__BundleAnswer *answer = run_when_up(fixture);
    assert_string_equal(response_of(fixture, answer->outcomes[0])->text, "first");
    const struct error *err = error_of(fixture, answer->outcomes[1]);
    assert_true(error_is(err, REASON_DOMAIN_NOT_FOUND));
    assert_string_equal(err->fields[0].field, "id");
    assert_true(error_is(error_of(fixture, answer->outcomes[2]), REASON_CREDENTIALS_MISSING));
    assert_true(error_is(error_of(fixture, answer->outcomes[3]), REASON_CREDENTIALS_INVALID));
    assert_true(error_is(error_of(fixture, answer->outcomes[4]), REASON_REQUEST_INVALID));
    assert_string_equal(response_of(fixture, answer->outcomes[5])->text, "last");
}

static void what_takes_a_worker_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, methods[GET].path, 1, "one");
    add(fixture, methods[PUT].path, 1, "two");
    add(fixture, methods[QUERY].path, 1, "three");
    add(fixture, "/roost.testing.v1.Bundled/Unknown", 1, "four");
    add(fixture, bundle_method.path, 1, "five");
    add(fixture, "", 1, "six");
    const Roost__Rpc__BundleAnswer *answer = run_when_up(fixture);
    assert_string_equal(response_of(fixture, answer->outcomes[0])->text, "one");
    for (int i = 1; i < 6; i++) {
        assert_true(answer->outcomes[i]->is_left_out);
        assert_int_equal(answer->outcomes[i]->code, 0);
        assert_int_equal(answer->outcomes[i]->response.len, 0);
    }
}

/* It is begun, and needs a worker then. */
static void what_fails_on_the_way_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, methods[GET].path, 1, "one");
    add(fixture, methods[DIVIDE].path, 1, "two");
    const Roost__Rpc__BundleAnswer *answer = run_when_up(fixture);
    assert_string_equal(response_of(fixture, answer->outcomes[0])->text, "one");
    assert_true(answer->outcomes[1]->is_left_out);
}

static void times_are_those_of_the_read(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, methods[GET].path, 1, "no limit");
    add(fixture, methods[GET].path, 1, "the largest")->timeout_us = INT64_MAX;
    add(fixture, methods[GET].path, 1, "over")->timeout_us = 1;
    add(fixture, methods[GET].path, 1, "negative")->timeout_us = INT64_MIN;
    const Roost__Rpc__BundleAnswer *answer = run_when_up(fixture);
    assert_string_equal(response_of(fixture, answer->outcomes[0])->text, "no limit");
    assert_string_equal(response_of(fixture, answer->outcomes[1])->text, "the largest");
    assert_true(error_is(error_of(fixture, answer->outcomes[2]), REASON_DEADLINE_EXCEEDED));
    assert_string_equal(response_of(fixture, answer->outcomes[3])->text, "negative");
}

static void bad_bundles_are_refused(void **state)
{
    struct fixture *fixture = *state;
    const Roost__Rpc__BundleAnswer *answer;
    assert_true(error_is(run(fixture, &answer), REASON_REQUEST_INVALID));
    for (int i = 0; i <= BUNDLE_MAX_CALLS; i++) {
        add(fixture, methods[GET].path, 1, "");
    }
    assert_true(error_is(run(fixture, &answer), REASON_REQUEST_INVALID));
    fixture->bundle.n_calls = 2;
    fixture->calls[1].assertion.len = 0;
    assert_true(error_is(run(fixture, &answer), REASON_CREDENTIALS_MISSING));
}

/* Somebody who asks for rows until enough have been asked for together. */
struct client {
    pthread_t thread;
    const struct rpc_method *method;
    struct call call;
    int number;
    int n_asked;
};

static atomic_bool is_enough;

static void *ask_on(void *ctx)
{
    struct client *client = ctx;
    Roost__Testing__V1__EchoRequest request = ROOST__TESTING__V1__ECHO_REQUEST__INIT;
    char text[32];
    request.text = text;
    do {
        ProtobufCMessage *message = NULL;
        client->call.deadline_us = clock_monotonic_us() + LIMIT_US;
        snprintf(text, sizeof(text), "%d of %d", client->n_asked++, client->number);
        assert_null(rpc_call(&client->call, client->method, &request.base, &message));
        assert_string_equal(((Roost__Testing__V1__EchoResponse *)message)->text, text);
        arena_reset(client->call.arena);
    } while (!atomic_load(&is_enough));
    return NULL;
}

/* How many bundles the server has answered. */
static double n_bundles(struct testing_rpc *rpc)
{
    static const char start[] =
        "\nroost_rpc_duration_seconds_count{method=\"roost.rpc.Bundles/Run\"} ";
    const struct metrics_collector collector = {rpc_server_collect, testing_rpc_server(rpc)};
    char *text = metrics_text(&collector, 1);
    const char *found = strstr(text, start);
    double number = found ? strtod(found + strlen(start), NULL) : 0;
    free(text);
    return number;
}

static void ask_together(struct testing_rpc *rpc, const struct rpc_method *method, double n_wanted)
{
    enum { N = 8 };
    static struct client clients[N];
    int64_t limit_us = clock_monotonic_us() + LIMIT_US;
    atomic_store(&is_enough, false);
    for (int i = 0; i < N; i++) {
        clients[i] = (struct client){.method = method, .call = *testing_rpc_call(rpc), .number = i};
        clients[i].call.arena = arena_new(4096);
        assert_int_equal(pthread_create(&clients[i].thread, NULL, ask_on, &clients[i]), 0);
    }
    while (n_bundles(rpc) < n_wanted && clock_monotonic_us() < limit_us) {
        sched_yield();
    }
    atomic_store(&is_enough, true);
    for (int i = 0; i < N; i++) {
        pthread_join(clients[i].thread, NULL);
        arena_free(clients[i].call.arena);
    }
    assert_true(n_bundles(rpc) >= n_wanted);
}

static void reads_wanted_at_once_come_together(void **state)
{
    struct fixture *fixture = *state;
    ask_together(fixture->rpc, &methods[GET], 20);
}

/* A server that can bundle nothing: everything is left out and asked for again. */
static void without_a_pipe_everything_goes_alone(void **state)
{
    struct testing_rpc *rpc = testing_rpc_open(&config_without_pipe);
    (void)state;
    ask_together(rpc, &methods[REPEAT], 1);
    testing_rpc_close(rpc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_read_has_its_own_identity_and_answer),
        TEST(errors_are_those_of_one_read_only),
        TEST(what_takes_a_worker_is_left_out),
        TEST(what_fails_on_the_way_is_left_out),
        TEST(times_are_those_of_the_read),
        TEST(bad_bundles_are_refused),
        TEST(reads_wanted_at_once_come_together),
        cmocka_unit_test(without_a_pipe_everything_goes_alone),
    };
    log_open("test", LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
