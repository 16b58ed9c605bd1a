#include "services/common/log/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"

enum { CAPTURE_BYTES = 1 << 20 };

static char captured[CAPTURE_BYTES];

/* Standard error goes into a file while `write` runs; its content is the result. */
static const char *capture(void (*write)(const void *ctx), const void *ctx)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    ssize_t len;

    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    write(ctx);
    dup2(saved, STDERR_FILENO);
    close(saved);
    len = pread(fileno(file), captured, sizeof(captured) - 1, 0);
    assert_true(len >= 0);
    captured[len] = '\0';
    fclose(file);
    return captured;
}

static void write_value(const void *ctx)
{
    log_info("thing.happened", log_str("value", ctx));
}

static void write_kinds(const void *ctx)
{
    (void)ctx;
    log_warn("thing.happened", log_str("text", "a"), log_int("number", INT64_MIN),
             log_bool("yes", true), log_str("absent", NULL), log_bool("no", false));
}

static void lines_have_their_form(void **state)
{
    (void)state;
    log_open("domains", LOG_INFO, LOG_JSON);
    assert_string_equal(
        capture(write_kinds, NULL),
        "{\"time\":\"2026-01-31T12:00:00.123Z\",\"level\":\"warn\",\"service\":\"domains\","
        "\"event\":\"thing.happened\",\"text\":\"a\",\"number\":-9223372036854775808,\"yes\":true,"
        "\"no\":false}\n");
    log_open("domains", LOG_INFO, LOG_LOGFMT);
    assert_string_equal(
        capture(write_kinds, NULL),
        "time=2026-01-31T12:00:00.123Z level=warn service=domains event=thing.happened text=a "
        "number=-9223372036854775808 yes=true no=false\n");
}

static void values_cannot_forge_a_line(void **state)
{
    static const struct {
        const char *value;
        const char *json;
        const char *logfmt;
    } cases[] = {
        {"plain", "\"plain\"", "plain"},
        {"", "\"\"", "\"\""},
        {"two words", "\"two words\"", "\"two words\""},
        {"a=b", "\"a=b\"", "\"a=b\""},
        {"q\"\\", "\"q\\\"\\\\\"", "\"q\\\"\\\\\""},
        {"x\n{\"level\":\"error\"}", "\"x\\n{\\\"level\\\":\\\"error\\\"}\"",
         "\"x\\n{\\\"level\\\":\\\"error\\\"}\""},
        {"\r\t\x1b[31m\x7f", "\"\\u000d\\u0009\\u001b[31m\\u007f\"",
         "\"\\u000d\\u0009\\u001b[31m\\u007f\""},
        {"\xc2\x85\xe2\x80\xa8\xe2\x80\xae", "\"\\u0085\\u2028\\u202e\"",
         "\"\\u0085\\u2028\\u202e\""},
        {"\xc3\xbc\xf0\x9f\x90\x94", "\"\xc3\xbc\xf0\x9f\x90\x94\"",
         "\"\xc3\xbc\xf0\x9f\x90\x94\""},
        {"a\xff\xc3(\xc0\xaf\xed\xa0\x80",
         "\"a\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"", NULL},
        {"cut\xe2\x82", "\"cut\\ufffd\\ufffd\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *line;
        char *expected = NULL;

        log_open("s", LOG_INFO, LOG_JSON);
        line = capture(write_value, cases[i].value);
        assert_true(asprintf(&expected, "\"value\":%s}\n", cases[i].json) > 0);
        assert_string_equal(strstr(line, "\"value\""), expected);
        free(expected);
        log_open("s", LOG_INFO, LOG_LOGFMT);
        line = capture(write_value, cases[i].value);
        assert_true(asprintf(&expected, " value=%s\n",
                             cases[i].logfmt ? cases[i].logfmt : cases[i].json) > 0);
        assert_string_equal(strstr(line, " value="), expected);
        free(expected);
    }
}

static void long_value_is_cut(void **state)
{
    char *value = malloc(100001);
    const char *line;

    (void)state;
    memset(value, 'x', 100000);
    value[100000] = '\0';
    log_open("s", LOG_INFO, LOG_JSON);
    line = capture(write_value, value);
    assert_in_range(strlen(line), 4096, 5000);
    assert_string_equal(line + strlen(line) - 6, "...\"}\n");
    /* One that grows by escaping does not fit; the line stays whole. */
    memset(value, '\x01', 100000);
    line = capture(write_value, value);
    assert_null(strstr(line, "value"));
    assert_string_equal(line + strlen(line) - 2, "}\n");
    free(value);
}

static void write_levels(const void *ctx)
{
    (void)ctx;
    log_debug("a.b", log_int("n", 1));
    log_info("a.b", log_int("n", 2));
    log_warn("a.b", log_int("n", 3));
    log_error("a.b", log_int("n", 4));
}

static void level_is_a_threshold(void **state)
{
    static const enum log_level levels[] = {LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const char *lines;
        size_t n = 0;

        log_open("s", levels[i], LOG_JSON);
        lines = capture(write_levels, NULL);
        for (const char *at = strchr(lines, '\n'); at; at = strchr(at + 1, '\n')) {
            n++;
        }
        assert_int_equal(n, 4 - i);
    }
}

static void *write_many(void *ctx)
{
    for (int i = 0; i < 200; i++) {
        log_info("a.b", log_str("text", ctx));
    }
    return NULL;
}

static void write_from_threads(const void *ctx)
{
    pthread_t threads[4];

    (void)ctx;
    for (size_t i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, write_many, (void *)(uintptr_t) "0123456789");
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void threads_do_not_mix_lines(void **state)
{
    const char *line;
    size_t n = 0;

    (void)state;
    log_open("s", LOG_INFO, LOG_LOGFMT);
    line = capture(write_from_threads, NULL);
    while (*line) {
        const char *end = strchr(line, '\n');

        assert_memory_equal(line, "time=", 5);
        assert_memory_equal(end - 10, "0123456789", 10);
        line = end + 1;
        n++;
    }
    assert_int_equal(n, 800);
}

static int set_up(void **state)
{
    (void)state;
    clock_set_for_test(1769860800123456);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_their_form),    cmocka_unit_test(values_cannot_forge_a_line),
        cmocka_unit_test(long_value_is_cut),        cmocka_unit_test(level_is_a_threshold),
        cmocka_unit_test(threads_do_not_mix_lines),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
