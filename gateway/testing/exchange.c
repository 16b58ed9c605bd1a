#include "gateway/testing/exchange.h"

#include <string.h>

#include "services/common/clock/clock.h"

enum { DEADLINE_US = 1000000 };

static bool keep(void *ctx, const char *data, size_t len)
{
    struct test_exchange *test = ctx;
    check(test->sent_len + len < sizeof(test->sent));
    memcpy(test->sent + test->sent_len, data, len);
    test->sent_len += len;
    return true;
}

static size_t give(void *ctx, char *data, size_t len, int64_t deadline_us)
{
    struct test_exchange *test = ctx;
    size_t there = test->to_read ? strlen(test->to_read) : 0;
    size_t n = there < len ? there : len;
    (void)deadline_us;
    memcpy(data, test->to_read ? test->to_read : "", n);
    return n;
}

static void close_afterwards(void *ctx)
{
    ((struct test_exchange *)ctx)->is_closed = true;
}

static bool is_draining(void *ctx)
{
    return ((const struct test_exchange *)ctx)->is_draining;
}

struct test_exchange *test_exchange_new(struct arena *arena)
{
    struct test_exchange *test = arena_alloc(arena, sizeof(*test));
    test->io = (struct http_io){keep, give, close_afterwards, is_draining, test};
    test->exchange = (struct http_exchange){
        .arena = arena,
        .io = &test->io,
        .request_id = "test-id",
        .deadline_us = clock_monotonic_us() + DEADLINE_US,
        .request = {.method = "GET",
                    .path = "/",
                    .version = "1.1",
                    .is_framed = true,
                    .remote_address = "192.0.2.1"},
    };
    test_exchange_add_header(test, "Host", "roost.test");
    return test;
}

void test_exchange_add_header(struct test_exchange *test, const char *name, const char *value)
{
    struct http_request *request = &test->exchange.request;
    struct http_header *headers =
        arena_alloc(test->exchange.arena, (request->n_headers + 1) * sizeof(*headers));
    if (request->n_headers > 0) {
        memcpy(headers, request->headers, request->n_headers * sizeof(*headers));
    }
    headers[request->n_headers++] = (struct http_header){name, value};
    request->headers = headers;
}

const char *test_exchange_body(const struct test_exchange *test)
{
    const char *end = strstr(test->sent, "\r\n\r\n");
    return end ? end + 4 : "";
}

const char *test_exchange_header(const struct test_exchange *test, struct arena *arena,
                                 const char *name)
{
    const char *mark = arena_printf(arena, "\r\n%s: ", name);
    const char *found = strstr(test->sent, mark);
    if (!found || found > strstr(test->sent, "\r\n\r\n")) {
        return NULL;
    }
    found += strlen(mark);
    return arena_strndup(arena, found, strcspn(found, "\r"));
}
