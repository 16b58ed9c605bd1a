#include "gateway/http_gzip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "gateway/testing/exchange.h"

enum { LONG_BYTES = 20000 };

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

/* The answer to a client that takes these codings, NULL: it says nothing of them. */
static struct test_exchange *answer(struct arena *arena, const char *codings, size_t body_len)
{
    struct test_exchange *test = test_exchange_new(arena);
    struct json_writer body = http_body_writer(arena);
    if (codings) {
        test_exchange_add_header(test, "Accept-Encoding", codings);
    }
    for (size_t i = 0; i < body_len; i++) {
        json_raw(&body, i % 16 ? "a" : "b", 1);
    }
    http_gzip_send(&test->exchange, &body);
    return test;
}

static const char *coding_of(void *arena, struct test_exchange *test)
{
    return test_exchange_header(test, arena, "Content-Encoding");
}

static void a_long_answer_is_compressed(void **state)
{
    struct test_exchange *test = answer(*state, "gzip, br", LONG_BYTES);
    const char *sent = test_exchange_body(test);
    size_t sent_len = test->sent_len - (size_t)(sent - test->sent);
    unsigned char *plain = arena_alloc(*state, LONG_BYTES + 1);
    z_stream stream = {.next_in = (unsigned char *)sent,
                       .avail_in = (unsigned)sent_len,
                       .next_out = plain,
                       .avail_out = LONG_BYTES + 1};
    assert_string_equal(coding_of(*state, test), "gzip");
    assert_string_equal(test_exchange_header(test, *state, "Vary"), "Accept-Encoding");
    assert_true(sent_len < LONG_BYTES / 10);
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, LONG_BYTES);
    assert_memory_equal(plain, "baaaaaaaaaaaaaaab", 17);
    inflateEnd(&stream);
}

static void a_client_may_refuse(void **state)
{
    static const char *const refusals[] = {NULL,       "",           "identity", "gzip;q=0",
                                           "br, zstd", "gzip;q=0.0", "gzipped",  "*;q=0"};
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct test_exchange *test = answer(*state, refusals[i], LONG_BYTES);
        assert_null(coding_of(*state, test));
        assert_string_equal(test_exchange_header(test, *state, "Vary"), "Accept-Encoding");
        assert_string_equal(test_exchange_header(test, *state, "Content-Length"), "20000");
    }
    assert_non_null(coding_of(*state, answer(*state, "br;q=1, GZIP;q=0.1", LONG_BYTES)));
}

static void a_short_answer_stays_as_it_is(void **state)
{
    struct test_exchange *test = answer(*state, "gzip", HTTP_GZIP_LEAST_BYTES - 1);
    assert_null(coding_of(*state, test));
    assert_null(test_exchange_header(test, *state, "Vary"));
    assert_non_null(coding_of(*state, answer(*state, "gzip", HTTP_GZIP_LEAST_BYTES)));
}

static void head_has_the_headers_of_get(void **state)
{
    const char *length =
        test_exchange_header(answer(*state, "gzip", LONG_BYTES), *state, "Content-Length");
    struct test_exchange *test = test_exchange_new(*state);
    struct json_writer body = http_body_writer(*state);
    test->exchange.is_head = true;
    test_exchange_add_header(test, "Accept-Encoding", "gzip");
    for (size_t i = 0; i < LONG_BYTES; i++) {
        json_raw(&body, i % 16 ? "a" : "b", 1);
    }
    http_gzip_send(&test->exchange, &body);
    assert_string_equal(coding_of(*state, test), "gzip");
    assert_string_equal(test_exchange_header(test, *state, "Content-Length"), length);
    assert_string_equal(test_exchange_body(test), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_long_answer_is_compressed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_may_refuse, setup, teardown),
        cmocka_unit_test_setup_teardown(a_short_answer_stays_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(head_has_the_headers_of_get, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
