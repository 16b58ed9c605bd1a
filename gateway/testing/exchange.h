/* An exchange whose answer is kept, for unit tests of what answers. */
#pragma once

#include "gateway/http.h"

struct test_exchange {
    struct http_io io;
    struct http_exchange exchange;
    char sent[65536];
    size_t sent_len;
    const char *to_read; /* the body that arrives, NULL: none */
    bool is_closed;
    bool is_draining;
};

/* A GET of "/" with a Host header and no other, in the arena. */
struct test_exchange *test_exchange_new(struct arena *arena);
void test_exchange_add_header(struct test_exchange *test, const char *name, const char *value);
/* The body of what was sent. */
const char *test_exchange_body(const struct test_exchange *test);
/* The value of a header that was sent, NULL if it was not. */
const char *test_exchange_header(const struct test_exchange *test, struct arena *arena,
                                 const char *name);
