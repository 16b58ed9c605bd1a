/* Server and client together, as services use them. */
#include "services/common/rpc/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"
#include "services/common/log/log.h"
#include "services/common/rpc/testing/echo.h"
#include "services/common/testing/testing_rpc.h"

static const struct rpc_service *const services[] = {&echo_service, &echo_internal_service, NULL};
static const struct testing_rpc_config config = {
    .services = services,
    .authenticate = echo_authenticate,
};

static int set_up(void **state)
{
    *state = testing_rpc_open(&config);
    return 0;
}

static int tear_down(void **state)
{
    testing_rpc_close(*state);
    return 0;
}

static const struct error *call_echo(struct call *call, const struct rpc_method *method,
                                     const char *text,
                                     const Roost__Testing__V1__EchoResponse **ret_response)
{
    Roost__Testing__V1__EchoRequest request = ROOST__TESTING__V1__ECHO_REQUEST__INIT;
    request.text = (char *)(uintptr_t)text;
    ProtobufCMessage *response = NULL;
    const struct error *err = rpc_call(call, method, &request.base, &response);
    *ret_response = (const Roost__Testing__V1__EchoResponse *)response;
    return err;
}

static void the_identity_travels_with_the_call(void **state)
{
    struct call *call = testing_rpc_call(*state);
    const Roost__Testing__V1__EchoResponse *response;
    assert_null(call_echo(call, &echo_methods[ECHO_MANAGE], "hello", &response));
    assert_string_equal(response->text, "hello");
    assert_int_equal(response->account_id, 1);
    assert_string_equal(response->username, "admin");
    assert_string_equal(response->role, "SuperAdmins");
    assert_string_equal(response->service, "testing");
    assert_string_equal(response->trace_id, "test-trace");
    assert_string_equal(response->method, "roost.testing.v1.Echo/Manage");
    assert_false(response->has_credential);
}

static void a_changed_identity_is_signed_anew(void **state)
{
    struct call *call = testing_rpc_call(*state);
    const Roost__Testing__V1__EchoResponse *response;
    assert_null(call_echo(call, &echo_methods[ECHO_ECHO], "", &response));
    assert_int_equal(response->account_id, 1);
    Roost__Common__V1__Identity bob = ROOST__COMMON__V1__IDENTITY__INIT;
    bob.account_id = 7;
    bob.role = (char *)(uintptr_t) "SimpleUsers";
    call->identity = &bob;
    assert_null(call_echo(call, &echo_methods[ECHO_ECHO], "", &response));
    assert_int_equal(response->account_id, 7);
    const struct error *err = call_echo(call, &echo_methods[ECHO_MANAGE], "", &response);
    assert_true(error_is(err, REASON_ROLE_NOT_ALLOWED));
}

static void a_service_by_itself_has_the_internal_methods_only(void **state)
{
    struct call *call = testing_rpc_call(*state);
    const Roost__Testing__V1__EchoResponse *response;
    Roost__Common__V1__Identity nobody = ROOST__COMMON__V1__IDENTITY__INIT;
    call->identity = &nobody;
    assert_null(call_echo(call, &echo_internal_methods[0], "", &response));
    assert_string_equal(response->service, "testing");
    const struct error *err = call_echo(call, &echo_methods[ECHO_ECHO], "", &response);
    assert_true(error_is(err, REASON_CREDENTIALS_MISSING));
}

static void anonymous_methods_see_the_remote_address_only(void **state)
{
    struct call *call = testing_rpc_call(*state);
    const Roost__Testing__V1__EchoResponse *response;
    Roost__Common__V1__Identity admin = *call->identity;
    admin.remote_address = (char *)(uintptr_t) "192.0.2.7";
    call->identity = &admin;
    assert_null(call_echo(call, &echo_methods[ECHO_OPEN], "", &response));
    assert_int_equal(response->account_id, 0);
    assert_string_equal(response->role, "");
    assert_string_equal(response->service, "");
    assert_string_equal(response->remote_address, "192.0.2.7");
}

static void an_error_comes_back_as_it_was_made(void **state)
{
    struct call *call = testing_rpc_call(*state);
    const Roost__Testing__V1__EchoResponse *response;
    const struct error *err = call_echo(call, &echo_methods[ECHO_FAIL], "", &response);
    assert_true(error_is(err, REASON_QUOTA_INVALID));
    assert_int_equal(err->code, ERROR_INVALID_ARGUMENT);
    assert_int_equal(err->n_fields, 2);
    assert_string_equal(err->fields[1].field, "account.username");
    assert_int_equal(err->retry_after_ms, 2500);
    assert_null(err->cause);
}

static const struct error *call_with_token(struct call *call, const char *value)
{
    Roost__Testing__V1__EchoRequest request = ROOST__TESTING__V1__ECHO_REQUEST__INIT;
    ProtobufCMessage *response;
    const char *const names[] = {value ? "authorization" : NULL, NULL};
    const char *const values[] = {value, NULL};
    return rpc_call_with_metadata(call, &echo_methods[ECHO_ECHO], names, values, &request.base,
                                  &response);
}

static void a_token_is_asked_for_once_in_two_seconds(void **state)
{
    struct call *call = testing_rpc_call(*state);
    int before = atomic_load(&echo_n_asked);
    for (int i = 0; i < 20; i++) {
        assert_null(call_with_token(call, "Token good"));
    }
    assert_int_equal(atomic_load(&echo_n_asked), before + 1);
    for (int i = 0; i < 3; i++) {
        const struct error *err = call_with_token(call, "Token bad");
        assert_true(error_is(err, REASON_CREDENTIALS_INVALID));
    }
    assert_int_equal(atomic_load(&echo_n_asked), before + 4);
}

static void raw_metadata_carry_no_identity(void **state)
{
    struct call *call = testing_rpc_call(*state);
    assert_true(error_is(call_with_token(call, NULL), REASON_CREDENTIALS_MISSING));
    assert_true(error_is(call_with_token(call, "Token a\nb"), REASON_REQUEST_INVALID));
}

static void a_large_message_is_refused(void **state)
{
    struct call *call = testing_rpc_call(*state);
    const Roost__Testing__V1__EchoResponse *response;
    enum { BYTES = 1100000 };
    char *text = arena_alloc(call->arena, BYTES + 1);
    memset(text, 'x', BYTES);
    const struct error *err = call_echo(call, &echo_methods[ECHO_ECHO], text, &response);
    assert_true(error_is(err, REASON_MESSAGE_TOO_LARGE));
}

static void a_large_response_arrives(void **state)
{
    struct call *call = testing_rpc_call(*state);
    Roost__Testing__V1__EchoRequest request = ROOST__TESTING__V1__ECHO_REQUEST__INIT;
    request.payload_bytes = 6000000;
    ProtobufCMessage *response;
    assert_null(rpc_call(call, &echo_methods[ECHO_ECHO], &request.base, &response));
    assert_int_equal(((Roost__Testing__V1__EchoResponse *)response)->payload.len, 6000000);
}

static void the_deadline_ends_the_call(void **state)
{
    struct call *call = testing_rpc_call(*state);
    const Roost__Testing__V1__EchoResponse *response;
    Roost__Testing__V1__EchoRequest request = ROOST__TESTING__V1__ECHO_REQUEST__INIT;
    request.sleep_ms = 20000;
    int begun = atomic_load(&echo_n_begun);
    call->deadline_us = clock_monotonic_us() + 100000;
    ProtobufCMessage *message;
    const struct error *err = rpc_call(call, &echo_methods[ECHO_ECHO], &request.base, &message);
    assert_true(error_is(err, REASON_DEADLINE_EXCEEDED));
    /* The first may have begun, the second must not. */
    err = call_echo(call, &echo_methods[ECHO_ECHO], "", &response);
    assert_true(error_is(err, REASON_DEADLINE_EXCEEDED));
    assert_in_range(atomic_load(&echo_n_begun), begun, begun + 1);
}

static void a_missing_peer_is_unavailable(void **state)
{
    struct call *call = testing_rpc_call(*state);
    static const uint8_t key[] = "the identity key of the test fixture";
    static const struct rpc_peer_config peers[] = {
        {.name = "testing", .target = "unix:/nonexistent/socket"},
        {.name = "quotas", .target = ""},
    };
    struct rpc_peers *none = rpc_peers_new("testing", key, sizeof(key) - 1, NULL, peers, 2);
    const struct rpc_peers *before = call->peers;
    const Roost__Testing__V1__EchoResponse *response;
    struct rpc_method unknown = echo_methods[ECHO_OPEN];
    call->peers = none;
    int64_t began_us = clock_monotonic_us();
    const struct error *err = call_echo(call, &echo_methods[ECHO_OPEN], "", &response);
    assert_true(error_is(err, REASON_SERVICE_UNAVAILABLE));
    assert_null(strstr(err->detail, "nonexistent"));
    assert_non_null(strstr(err->cause, "nonexistent"));
    assert_in_range(clock_monotonic_us() - began_us, 500000, 8000000);
    unknown.path = "/roost.quotas.v1.Quotas/GetQuota";
    assert_true(error_is(call_echo(call, &unknown, "", &response), REASON_SERVICE_UNAVAILABLE));
    unknown.path = "/elsewhere.Service/Method";
    assert_true(error_is(call_echo(call, &unknown, "", &response), REASON_SERVICE_UNAVAILABLE));
    call->peers = before;
    rpc_peers_free(none);
}

static void a_forged_key_is_refused(void **state)
{
    struct call *call = testing_rpc_call(*state);
    static const uint8_t key[] = "not the identity key of the test fixture";
    const struct rpc_peer_config peer = {.name = "testing", .target = testing_rpc_target(*state)};
    struct rpc_peers *forger = rpc_peers_new("accounts", key, sizeof(key) - 1, NULL, &peer, 1);
    const struct rpc_peers *before = call->peers;
    const Roost__Testing__V1__EchoResponse *response;
    call->peers = forger;
    const struct error *err = call_echo(call, &echo_methods[ECHO_MANAGE], "", &response);
    assert_true(error_is(err, REASON_CREDENTIALS_INVALID));
    /* Not even where anonymous calls are welcome. */
    err = call_echo(call, &echo_methods[ECHO_OPEN], "", &response);
    assert_true(error_is(err, REASON_CREDENTIALS_INVALID));
    call->peers = before;
    rpc_peers_free(forger);
}

static void handlers_call_peers(void **state)
{
    struct call *call = testing_rpc_call(*state);
    const Roost__Testing__V1__EchoResponse *response;
    assert_null(call_echo(call, &echo_methods[ECHO_FORWARD], "on", &response));
    assert_string_equal(response->text, "on");
    assert_string_equal(response->trace_id, "test-trace");
    assert_string_equal(response->method, "roost.testing.v1.EchoInternal/Echo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_identity_travels_with_the_call),
        cmocka_unit_test(a_changed_identity_is_signed_anew),
        cmocka_unit_test(a_service_by_itself_has_the_internal_methods_only),
        cmocka_unit_test(anonymous_methods_see_the_remote_address_only),
        cmocka_unit_test(an_error_comes_back_as_it_was_made),
        cmocka_unit_test(a_token_is_asked_for_once_in_two_seconds),
        cmocka_unit_test(raw_metadata_carry_no_identity),
        cmocka_unit_test(a_large_message_is_refused),
        cmocka_unit_test(a_large_response_arrives),
        cmocka_unit_test(the_deadline_ends_the_call),
        cmocka_unit_test(a_missing_peer_is_unavailable),
        cmocka_unit_test(a_forged_key_is_refused),
        cmocka_unit_test(handlers_call_peers),
    };
    log_open("test", LOG_ERROR, LOG_LOGFMT);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
