#include "gateway/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/testing/exchange.h"
#include "services/common/clock/clock.h"

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

/* The status of a request with this header more; 0 if it is good. */
static int status_with(struct arena *arena, const char *name, const char *value)
{
    struct test_exchange *test = test_exchange_new(arena);
    test_exchange_add_header(test, name, value);
    const struct http_fault *fault = http_check(&test->exchange.request);
    return fault ? fault->status : 0;
}

static void headers_are_checked(void **state)
{
    assert_int_equal(status_with(*state, "Accept", "*/*"), 0);
    assert_int_equal(status_with(*state, "Content-Length", "12"), 0);
    assert_int_equal(status_with(*state, "Content-Length", "12a"), 400);
    assert_int_equal(status_with(*state, "Content-Length", ""), 400);
    assert_int_equal(status_with(*state, "Content-Length", " 12"), 400);
    assert_int_equal(status_with(*state, "Content-Length", "1234567890123456789"), 400);
    assert_int_equal(status_with(*state, "transfer-encoding", "chunked"), 411);
    assert_int_equal(status_with(*state, "TE(", "x"), 400);
    assert_int_equal(status_with(*state, "", "x"), 400);
    assert_int_equal(status_with(*state, "host", "roost.test"), 400);
    assert_int_equal(status_with(*state, "Expect", "100-Continue"), 0);
    assert_int_equal(status_with(*state, "Expect", "200-ok"), 417);
}

static void headers_that_decide_come_once(void **state)
{
    static const char *const names[] = {"Authorization", "Content-Type", "Idempotency-Key",
                                        "If-Match",      "Origin",       "X-CSRF-Token",
                                        "X-Request-Id"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct test_exchange *test = test_exchange_new(*state);
        test_exchange_add_header(test, names[i], "a");
        assert_null(http_check(&test->exchange.request));
        test_exchange_add_header(test, names[i], "a");
        assert_int_equal(http_check(&test->exchange.request)->status, 400);
    }
}

static void one_length_is_enough(void **state)
{
    struct test_exchange *test = test_exchange_new(*state);
    test_exchange_add_header(test, "Content-Length", "2");
    assert_null(http_check(&test->exchange.request));
    test_exchange_add_header(test, "content-length", "2");
    assert_int_equal(http_check(&test->exchange.request)->status, 400);
}

static void limits_have_their_status(void **state)
{
    struct test_exchange *test = test_exchange_new(*state);
    struct http_request *request = &test->exchange.request;
    request->content_length = HTTP_BODY_BYTES_MAX;
    assert_null(http_check(request));
    request->content_length = HTTP_BODY_BYTES_MAX + 1;
    assert_int_equal(http_check(request)->status, 413);
    request->content_length = 0;
    request->head_bytes = HTTP_HEAD_BYTES_MAX;
    assert_null(http_check(request));
    request->head_bytes = HTTP_HEAD_BYTES_MAX + 1;
    assert_int_equal(http_check(request)->status, 431);
    request->head_bytes = 0;
    char *path = arena_alloc(*state, HTTP_URL_BYTES_MAX + 2);
    memset(path, '/', HTTP_URL_BYTES_MAX);
    request->path = path;
    assert_null(http_check(request));
    path[HTTP_URL_BYTES_MAX] = '/';
    assert_int_equal(http_check(request)->status, 414);
    request->path = "*";
    assert_int_equal(http_check(request)->status, 400);
    request->path = "/";
    request->is_framed = false;
    assert_int_equal(http_check(request)->status, 400);
}

static void lists_are_searched_by_item(void **state)
{
    (void)state;
    assert_true(http_list_has("close, Keep-Alive", "keep-alive"));
    assert_true(http_list_has("text/html;q=0.9,*/*", "text/html"));
    assert_false(http_list_has("text/htmlx", "text/html"));
    assert_false(http_list_has("x;text/html", "text/html"));
    assert_false(http_list_has(NULL, "text/html"));
    assert_false(http_list_has("", "text/html"));
}

static void cookies_are_found_by_name(void **state)
{
    struct test_exchange *test = test_exchange_new(*state);
    test_exchange_add_header(test, "Cookie", "a=1; xb=2;b=3 ;  c=4=5; d");
    test_exchange_add_header(test, "cookie", "e=6");
    const struct http_request *request = &test->exchange.request;
    assert_string_equal(http_cookie(*state, request, "a"), "1");
    assert_string_equal(http_cookie(*state, request, "b"), "3 ");
    assert_string_equal(http_cookie(*state, request, "c"), "4=5");
    assert_string_equal(http_cookie(*state, request, "e"), "6");
    assert_null(http_cookie(*state, request, "d"));
    test_exchange_add_header(test, "Cookie", "a=7");
    assert_null(http_cookie(*state, request, "a"));
    assert_null(http_cookie(*state, request, "x"));
}

static const struct http_fault *read_body(struct arena *arena, const char *type, const char *body,
                                          int64_t length)
{
    struct test_exchange *test = test_exchange_new(arena);
    struct json_source source = {0};
    if (type) {
        test_exchange_add_header(test, "Content-Type", type);
    }
    test->exchange.request.content_length = length;
    test->to_read = body;
    const struct http_fault *fault = http_read_body(&test->exchange, &source);
    if (!fault) {
        assert_memory_equal(source.text, body ? body : "{}", source.len);
        assert_int_equal(source.len, length ? length : 2);
    }
    return fault;
}

static void bodies_are_json_and_whole(void **state)
{
    assert_null(read_body(*state, "application/json", "{} ", 3));
    assert_null(read_body(*state, "Application/Json ; Charset=\"UTF-8\"", "{}", 2));
    assert_null(read_body(*state, NULL, NULL, 0));
    assert_null(read_body(*state, "text/plain", NULL, 0));
    assert_int_equal(read_body(*state, NULL, "{}", 2)->status, 415);
    assert_int_equal(read_body(*state, "application/jsonx", "{}", 2)->status, 415);
    assert_int_equal(read_body(*state, "application/json; charset=utf-16", "{}", 2)->status, 415);
    assert_int_equal(read_body(*state, "application/json", "{", 2)->status, 408);
}

static void answers_close_when_something_is_left_unread(void **state)
{
    struct test_exchange *test = test_exchange_new(*state);
    http_send(&test->exchange, 204, NULL);
    assert_false(test->is_closed);
    test = test_exchange_new(*state);
    test->exchange.request.content_length = 5;
    http_send(&test->exchange, 204, NULL);
    assert_true(test->is_closed);
    assert_string_equal(test_exchange_header(test, *state, "Connection"), "close");
    test = test_exchange_new(*state);
    test->is_draining = true;
    http_send(&test->exchange, 204, NULL);
    assert_true(test->is_closed);
}

static void header_values_cannot_add_lines(void **state)
{
    struct test_exchange *test = test_exchange_new(*state);
    http_add_header(&test->exchange, "X-Good", "a b");
    http_add_header(&test->exchange, "X-Bad", "a\r\nX-Evil: b");
    http_send(&test->exchange, 200, NULL);
    assert_string_equal(test_exchange_header(test, *state, "X-Good"), "a b");
    assert_null(strstr(test->sent, "Evil"));
    assert_string_equal(test_exchange_header(test, *state, "Content-Length"), "0");
}

static void answers_carry_the_date(void **state)
{
    static const struct {
        int64_t wall_s;
        const char *date;
    } dates[] = {
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {1709251199, "Thu, 29 Feb 2024 23:59:59 GMT"},
        {4102444800, "Fri, 01 Jan 2100 00:00:00 GMT"},
    };
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        struct test_exchange *test = test_exchange_new(*state);
        clock_set_for_test(dates[i].wall_s * 1000000);
        http_send(&test->exchange, 204, NULL);
        clock_set_for_test(0);
        assert_string_equal(test_exchange_header(test, *state, "Date"), dates[i].date);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(headers_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_that_decide_come_once, setup, teardown),
        cmocka_unit_test_setup_teardown(one_length_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_have_their_status, setup, teardown),
        cmocka_unit_test(lists_are_searched_by_item),
        cmocka_unit_test_setup_teardown(cookies_are_found_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(bodies_are_json_and_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_close_when_something_is_left_unread, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(header_values_cannot_add_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_carry_the_date, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
