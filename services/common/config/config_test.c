#include "services/common/config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct settings {
    char *listen;
    char *secret;
    int64_t workers;
    bool verbose;
    int format;
};

static const char *const formats[] = {"json", "logfmt", NULL};

static const struct config_field fields[] = {
    {.name = "TEST_LISTEN",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct settings, listen),
     .default_value = "unix:/run/test.sock",
     .max = 64,
     .help = "Where to listen."},
    {.name = "TEST_SECRET",
     .kind = CONFIG_SECRET,
     .offset = offsetof(struct settings, secret),
     .min = 4,
     .help = "The secret."},
    {.name = "TEST_WORKERS",
     .kind = CONFIG_INT,
     .offset = offsetof(struct settings, workers),
     .default_value = "4",
     .min = 1,
     .max = 64,
     .help = "How many threads."},
    {.name = "TEST_VERBOSE",
     .kind = CONFIG_BOOL,
     .offset = offsetof(struct settings, verbose),
     .default_value = "no",
     .help = "Whether to talk."},
    {.name = "TEST_FORMAT",
     .kind = CONFIG_CHOICE,
     .offset = offsetof(struct settings, format),
     .default_value = "json",
     .choices = formats,
     .help = "How lines look."},
};

enum { N_FIELDS = sizeof(fields) / sizeof(fields[0]) };

static char report[8192];

static bool load(struct settings *settings)
{
    FILE *out = fmemopen(report, sizeof(report), "w");
    bool is_good = config_load(fields, N_FIELDS, settings, out);

    fclose(out);
    return is_good;
}

static int set_up(void **state)
{
    static const char *const suffixes[] = {"", "_FILE"};
    char name[64];

    (void)state;
    for (size_t i = 0; i < N_FIELDS; i++) {
        for (size_t k = 0; k < 2; k++) {
            snprintf(name, sizeof(name), "%s%s", fields[i].name, suffixes[k]);
            unsetenv(name);
        }
    }
    setenv("TEST_SECRET", "hunter2", 1);
    memset(report, 0, sizeof(report));
    return 0;
}

static void settings_free(struct settings *settings)
{
    free(settings->listen);
    free(settings->secret);
}

static void defaults_are_taken(void **state)
{
    struct settings settings = {0};

    (void)state;
    assert_true(load(&settings));
    assert_string_equal(settings.listen, "unix:/run/test.sock");
    assert_string_equal(settings.secret, "hunter2");
    assert_int_equal(settings.workers, 4);
    assert_false(settings.verbose);
    assert_int_equal(settings.format, 0);
    assert_string_equal(report, "");
    settings_free(&settings);
}

static void environment_wins(void **state)
{
    struct settings settings = {0};

    (void)state;
    setenv("TEST_LISTEN", "", 1);
    setenv("TEST_WORKERS", "64", 1);
    setenv("TEST_VERBOSE", "on", 1);
    setenv("TEST_FORMAT", "logfmt", 1);
    assert_true(load(&settings));
    assert_string_equal(settings.listen, "");
    assert_int_equal(settings.workers, 64);
    assert_true(settings.verbose);
    assert_int_equal(settings.format, 1);
    settings_free(&settings);
}

static void empty_is_the_default_where_it_means_nothing(void **state)
{
    struct settings settings = {0};

    (void)state;
    setenv("TEST_WORKERS", "", 1);
    setenv("TEST_VERBOSE", "", 1);
    setenv("TEST_FORMAT", "", 1);
    assert_true(load(&settings));
    assert_int_equal(settings.workers, 4);
    settings_free(&settings);
}

static void bad_value_is_named(void **state)
{
    static const struct {
        const char *name;
        const char *value;
    } cases[] = {
        {"TEST_WORKERS", "0"},
        {"TEST_WORKERS", "65"},
        {"TEST_WORKERS", "-1"},
        {"TEST_WORKERS", "4x"},
        {"TEST_WORKERS", " 4"},
        {"TEST_WORKERS", "+4"},
        {"TEST_WORKERS", "0x4"},
        {"TEST_WORKERS", "99999999999999999999"},
        {"TEST_VERBOSE", "TRUE"},
        {"TEST_VERBOSE", "2"},
        {"TEST_FORMAT", "xml"},
        {"TEST_LISTEN", "01234567890123456789012345678901234567890123456789012345678901234"},
        {"TEST_SECRET", "abc"},
        {"TEST_SECRET", ""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct settings settings = {0};

        set_up(state);
        setenv(cases[i].name, cases[i].value, 1);
        if (load(&settings)) {
            fail_msg("%s=%s", cases[i].name, cases[i].value);
        }
        assert_memory_equal(report, cases[i].name, strlen(cases[i].name));
        settings_free(&settings);
    }
}

static void all_faults_are_reported_without_secrets(void **state)
{
    struct settings settings = {0};

    (void)state;
    setenv("TEST_SECRET", "abc", 1);
    setenv("TEST_WORKERS", "many", 1);
    setenv("TEST_FORMAT", "xml", 1);
    assert_false(load(&settings));
    assert_non_null(strstr(report, "TEST_SECRET: "));
    assert_non_null(
        strstr(report, "TEST_WORKERS: must be a whole number from 1 to 64, not 'many'\n"));
    assert_non_null(strstr(report, "TEST_FORMAT: must be one of json logfmt, not 'xml'\n"));
    assert_null(strstr(report, "abc"));
    settings_free(&settings);
}

static void missing_value_is_a_fault(void **state)
{
    struct settings settings = {0};

    (void)state;
    unsetenv("TEST_SECRET");
    assert_false(load(&settings));
    assert_string_equal(report, "TEST_SECRET: must be given\n");
    settings_free(&settings);
}

static void write_file(char path[static 32], const char *content, size_t len)
{
    int fd;

    snprintf(path, 32, "/tmp/config_test.XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), len);
    close(fd);
}

static void secret_comes_from_a_file(void **state)
{
    static const struct {
        const char *content;
        size_t len;
        const char *secret; /* NULL: refused */
    } cases[] = {
        {"from a file\n", 12, "from a file"},
        {"two\nlines\n\n", 11, "two\nlines\n"},
        {"none at the end", 15, "none at the end"},
        {"abc\n", 4, NULL},
        {"", 0, NULL},
        {"NUL\0inside", 10, NULL},
    };
    char path[32];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct settings settings = {0};

        set_up(state);
        unsetenv("TEST_SECRET");
        write_file(path, cases[i].content, cases[i].len);
        setenv("TEST_SECRET_FILE", path, 1);
        assert_int_equal(load(&settings), cases[i].secret != NULL);
        if (cases[i].secret) {
            assert_string_equal(settings.secret, cases[i].secret);
        }
        settings_free(&settings);
        unlink(path);
    }
}

static void file_that_is_too_long_missing_or_given_twice_is_refused(void **state)
{
    char *content = calloc(1, 5000);
    struct settings settings = {0};
    char path[32];

    (void)state;
    memset(content, 'x', 4097);
    write_file(path, content, 4097);
    setenv("TEST_SECRET_FILE", path, 1);
    assert_false(load(&settings));
    assert_string_equal(report, "TEST_SECRET: given twice, also as a file\n");
    settings_free(&settings);
    unsetenv("TEST_SECRET");
    assert_false(load(&settings));
    settings_free(&settings);
    unlink(path);
    assert_false(load(&settings));
    assert_non_null(strstr(report, "TEST_SECRET_FILE: cannot open "));
    settings_free(&settings);
    free(content);
}

static void help_names_everything(void **state)
{
    FILE *out = fmemopen(report, sizeof(report), "w");

    (void)state;
    config_print_help(fields, N_FIELDS, out);
    fclose(out);
    for (size_t i = 0; i < N_FIELDS; i++) {
        assert_non_null(strstr(report, fields[i].name));
        assert_non_null(strstr(report, fields[i].help));
    }
    assert_non_null(strstr(report, "1 to 64; default 4"));
    assert_non_null(strstr(report, "json | logfmt; default json"));
    assert_non_null(strstr(report, "or TEST_SECRET_FILE; required"));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_taken),
        TEST(environment_wins),
        TEST(empty_is_the_default_where_it_means_nothing),
        TEST(bad_value_is_named),
        TEST(all_faults_are_reported_without_secrets),
        TEST(missing_value_is_a_fault),
        TEST(secret_comes_from_a_file),
        TEST(file_that_is_too_long_missing_or_given_twice_is_refused),
        TEST(help_names_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
