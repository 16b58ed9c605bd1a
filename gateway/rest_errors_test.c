#include "gateway/rest_errors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/router.h"
#include "gateway/testing/exchange.h"

static int setup(void **state)
{
    *state = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static const struct {
    enum error_reason reason;
    bool on_field;
    int status;
} statuses[] = {
    {REASON_REQUEST_INVALID, false, 400},     {REASON_FIELD_INVALID, true, 400},
    {REASON_CREDENTIALS_MISSING, false, 401}, {REASON_ACCOUNT_DISABLED, false, 401},
    {REASON_ROLE_NOT_ALLOWED, false, 403},    {REASON_CSRF_TOKEN_INVALID, false, 403},
    {REASON_DOMAIN_NOT_FOUND, false, 404},    {REASON_DOMAIN_NOT_FOUND, true, 400},
    {REASON_RECIPIENT_NOT_FOUND, true, 404},  {REASON_DOMAIN_EXISTS, false, 409},
    {REASON_DOMAIN_EXISTS, true, 400},        {REASON_OWN_ACCOUNT, false, 409},
    {REASON_RENAME_IN_PROGRESS, true, 400},   {REASON_ETAG_MISMATCH, false, 412},
    {REASON_REQUEST_IN_PROGRESS, false, 409}, {REASON_SERIALIZATION_FAILED, false, 409},
    {REASON_MESSAGE_TOO_LARGE, false, 413},   {REASON_LOGIN_THROTTLED, false, 429},
    {REASON_OVERLOADED, false, 429},          {REASON_INTERNAL, false, 500},
    {REASON_METHOD_UNKNOWN, false, 501},      {REASON_SERVICE_UNAVAILABLE, false, 503},
    {REASON_COMMIT_UNCERTAIN, false, 503},    {REASON_CANCELLED, false, 503},
    {REASON_DEADLINE_EXCEEDED, false, 504},
};

static void each_error_has_its_status(void **state)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        const struct error *err = statuses[i].on_field
                                      ? error_on_field(*state, statuses[i].reason, "x", "Wrong.")
                                      : error_new(*state, statuses[i].reason, "Wrong.");
        if (rest_errors_status(err) != statuses[i].status) {
            fail_msg("%s: %d", err->reason, rest_errors_status(err));
        }
    }
}

static const struct route *route_of(struct arena *arena, const char *method, const char *text)
{
    struct url_path path;
    assert_true(url_split_path(arena, text, &path));
    struct router_match match = router_match(&path);
    return router_route(&match, method);
}

static void fields_are_named_and_nested_as_in_the_body(void **state)
{
    struct test_exchange *test = test_exchange_new(*state);
    const struct error *err =
        error_on_field(*state, REASON_FIELD_INVALID, "account.username", "One.");
    err = error_add_field(*state, err, REASON_FIELD_INVALID, "account.mailbox.quota", "Two.");
    err = error_add_field(*state, err, REASON_FIELD_INVALID, "account.id", "Three.");
    err = error_add_field(*state, err, REASON_FIELD_INVALID, "account.mailbox.id", "Four.");
    err = error_add_field(*state, err, REASON_FIELD_INVALID, "account.username", "Five.");
    err = error_add_field(*state, err, REASON_FIELD_INVALID, "account", "Six.");
    err = error_add_field(*state, err, REASON_FIELD_INVALID, "account.strange.thing", "Seven.");
    rest_errors_send(&test->exchange, route_of(*state, "POST", "/api/v1/accounts/"), err);
    assert_string_equal(
        test_exchange_body(test),
        "{\"username\":[\"One.\",\"Five.\"],\"mailbox\":{\"quota\":[\"Two.\"],\"pk\":[\"Four.\"]},"
        "\"pk\":[\"Three.\"],\"non_field_errors\":[\"Six.\"],\"strange\":{\"thing\":[\"Seven.\"]}"
        "}");
    assert_memory_equal(test->sent, "HTTP/1.1 400 Bad Request\r\n", 26);
}

static void a_field_with_own_and_nested_faults_shows_both(void **state)
{
    struct test_exchange *test = test_exchange_new(*state);
    const struct error *err =
        error_on_field(*state, REASON_FIELD_INVALID, "account.mailbox", "One.");
    err = error_add_field(*state, err, REASON_FIELD_INVALID, "account.mailbox.quota", "Two.");
    rest_errors_send(&test->exchange, route_of(*state, "POST", "/api/v1/accounts/"), err);
    assert_string_equal(test_exchange_body(test),
                        "{\"mailbox\":{\"non_field_errors\":[\"One.\"],\"quota\":[\"Two.\"]}}");
}

static const struct {
    enum error_reason reason;
    const char *body;
} details[] = {
    {REASON_CREDENTIALS_MISSING, "{\"detail\":\"Authentication credentials were not provided.\"}"},
    {REASON_CREDENTIALS_INVALID, "{\"detail\":\"Invalid token.\"}"},
    {REASON_ACCOUNT_DISABLED, "{\"detail\":\"User inactive or deleted.\"}"},
    {REASON_ROLE_NOT_ALLOWED,
     "{\"detail\":\"You do not have permission to perform this action.\"}"},
    {REASON_INTERNAL, "{\"detail\":\"An internal error occurred.\"}"},
    {REASON_DOMAIN_NOT_FOUND, "{\"detail\":\"From inside.\"}"},
};

static void details_are_in_the_words_that_clients_know(void **state)
{
    for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
        struct test_exchange *test = test_exchange_new(*state);
        rest_errors_send(&test->exchange, NULL,
                         error_new(*state, details[i].reason, "From inside."));
        assert_string_equal(test_exchange_body(test), details[i].body);
        const char *authenticate = test_exchange_header(test, *state, "WWW-Authenticate");
        assert_int_equal(authenticate != NULL, test->exchange.status == 401);
    }
}

static void causes_stay_inside(void **state)
{
    struct test_exchange *test = test_exchange_new(*state);
    test_exchange_add_header(test, "Accept", "application/problem+json");
    rest_errors_send(&test->exchange, NULL, error_internal(*state, "password=hunter2"));
    assert_null(strstr(test->sent, "hunter2"));
    assert_string_equal(test->exchange.cause, "password=hunter2");
}

static void problems_name_reason_trace_and_fields(void **state)
{
    struct test_exchange *test = test_exchange_new(*state);
    test_exchange_add_header(test, "Accept", "text/html, application/problem+json; q=0.9");
    const struct error *err = error_on_field(*state, REASON_DOMAIN_EXISTS, "domain.name", "Taken.");
    rest_errors_send(&test->exchange, route_of(*state, "POST", "/api/v1/domains/"), err);
    assert_string_equal(
        test_exchange_body(test),
        "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"detail\":\"Taken.\","
        "\"trace_id\":\"test-id\",\"reason\":\"DOMAIN_EXISTS\","
        "\"errors\":[{\"field\":\"name\",\"detail\":\"Taken.\"}]}");
    assert_string_equal(test_exchange_header(test, *state, "Content-Type"),
                        "application/problem+json");
}

static void retry_after_is_in_whole_seconds(void **state)
{
    struct test_exchange *test = test_exchange_new(*state);
    const struct error *err = error_new(*state, REASON_LOGIN_THROTTLED, "Too many.");
    rest_errors_send(&test->exchange, NULL, error_with_retry_after(*state, err, 59001));
    assert_string_equal(test_exchange_header(test, *state, "Retry-After"), "60");
    test = test_exchange_new(*state);
    rest_errors_send(&test->exchange, NULL,
                     error_new(*state, REASON_DATABASE_UNAVAILABLE, "Down."));
    assert_string_equal(test_exchange_header(test, *state, "Retry-After"), "1");
}

static void every_error_forbids_caching_and_framing(void **state)
{
    struct test_exchange *test = test_exchange_new(*state);
    rest_errors_send_fault(&test->exchange, &(struct http_fault){404, "Not found."});
    assert_string_equal(test_exchange_header(test, *state, "Cache-Control"), "no-store");
    assert_string_equal(test_exchange_header(test, *state, "Content-Security-Policy"),
                        "default-src 'none'; frame-ancestors 'none'");
    assert_string_equal(test_exchange_header(test, *state, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(test_exchange_header(test, *state, "X-Request-Id"), "test-id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_error_has_its_status, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_are_named_and_nested_as_in_the_body, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_field_with_own_and_nested_faults_shows_both, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(details_are_in_the_words_that_clients_know, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(causes_stay_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(problems_name_reason_trace_and_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(retry_after_is_in_whole_seconds, setup, teardown),
        cmocka_unit_test_setup_teardown(every_error_forbids_caching_and_framing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
