#include "services/common/redis/redis_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = arena_new(1024);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void urls_are_taken_apart(void **state)
{
    static const struct {
        const char *text;
        struct redis_url url;
    } cases[] = {
        {"redis://localhost", {.host = "localhost", .port = 6379}},
        {"redis://10.0.0.1:7000", {.host = "10.0.0.1", .port = 7000}},
        {"redis://localhost/", {.host = "localhost", .port = 6379}},
        {"redis://localhost/3", {.host = "localhost", .port = 6379, .db = "3"}},
        {"redis://[::1]:7000/1", {.host = "::1", .port = 7000, .db = "1"}},
        {"redis://[::1]", {.host = "::1", .port = 6379}},
        {"redis://:secret@h", {.host = "h", .port = 6379, .password = "secret"}},
        {"redis://u:p@h:1", {.host = "h", .port = 1, .user = "u", .password = "p"}},
        {"redis://u:p%40%2fq@h", {.host = "h", .port = 6379, .user = "u", .password = "p@/q"}},
        {"redis://u:a@b@h", {.host = "h", .port = 6379, .user = "u", .password = "a@b"}},
        {"redis://u:100%@h", {.host = "h", .port = 6379, .user = "u", .password = "100%"}},
        {"unix:///run/redis.sock", {.path = "/run/redis.sock"}},
        {"unix:///r?db=2", {.path = "/r", .db = "2"}},
        {"unix:///r?password=a%26b&db=2", {.path = "/r", .password = "a&b", .db = "2"}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct redis_url url;
        const struct redis_url *expected = &cases[i].url;
        if (!redis_url_parse(*state, cases[i].text, &url) || !same(url.path, expected->path) ||
            !same(url.host, expected->host) || url.port != expected->port ||
            !same(url.user, expected->user) || !same(url.password, expected->password) ||
            !same(url.db, expected->db)) {
            fail_msg("%s", cases[i].text);
        }
    }
}

static void others_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "localhost",
        "http://localhost",
        "redis://",
        "redis:///3",
        "redis://:7000",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:123456",
        "redis://h:7x",
        "redis://h:",
        "redis://[::1",
        "redis://[::1]x",
        "redis://h/x",
        "redis://h/1234",
        "unix://relative",
        "unix:///",
        "unix:///r?what=1",
        "unix:///r?db=x",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct redis_url url;
        if (redis_url_parse(*state, cases[i], &url)) {
            fail_msg("%s", cases[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(others_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
