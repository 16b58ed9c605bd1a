#include "services/common/error/error.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void reasons_have_names_and_codes(void **state)
{
    static const struct {
        enum error_reason reason;
        const char *name;
        enum error_code code;
    } cases[] = {
        {REASON_INTERNAL, "INTERNAL", ERROR_INTERNAL},
        {REASON_FIELD_INVALID, "FIELD_INVALID", ERROR_INVALID_ARGUMENT},
        {REASON_DOMAIN_EXISTS, "DOMAIN_EXISTS", ERROR_ALREADY_EXISTS},
        {REASON_COMMIT_UNCERTAIN, "COMMIT_UNCERTAIN", ERROR_UNAVAILABLE},
        {REASON_CREDENTIALS_MISSING, "CREDENTIALS_MISSING", ERROR_UNAUTHENTICATED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(error_reason_name(cases[i].reason), cases[i].name);
        assert_int_equal(error_reason_code(cases[i].reason), cases[i].code);
    }
    for (int i = 0; i < REASON_COUNT; i++) {
        assert_non_null(error_reason_name((enum error_reason)i));
        assert_in_range(error_reason_code((enum error_reason)i), ERROR_CANCELLED,
                        ERROR_UNAUTHENTICATED);
    }
}

static void new_formats_its_detail(void **state)
{
    const struct error *err = error_new(*state, REASON_DOMAIN_NOT_FOUND, "No domain %d.", 7);

    assert_int_equal(err->code, ERROR_NOT_FOUND);
    assert_string_equal(err->reason, "DOMAIN_NOT_FOUND");
    assert_string_equal(err->detail, "No domain 7.");
    assert_null(err->cause);
    assert_int_equal(err->n_fields, 0);
    assert_true(error_is(err, REASON_DOMAIN_NOT_FOUND));
    assert_false(error_is(err, REASON_DOMAIN_EXISTS));
    assert_false(error_is(NULL, REASON_DOMAIN_EXISTS));
}

static void faults_of_fields_add_up(void **state)
{
    const struct error *one =
        error_add_field(*state, NULL, REASON_FIELD_REQUIRED, "name", "Missing %s.", "name");
    const struct error *two =
        error_add_field(*state, one, REASON_FIELD_INVALID, "quota", "Negative.");
    const struct error *on = error_on_field(*state, REASON_FIELD_REQUIRED, "name", "Missing name.");

    assert_int_equal(one->n_fields, 1);
    assert_string_equal(on->fields[0].message, one->fields[0].message);
    assert_string_equal(on->detail, "Missing name.");
    assert_int_equal(two->n_fields, 2);
    assert_string_equal(two->reason, "FIELD_REQUIRED");
    assert_string_equal(two->fields[0].field, "name");
    assert_string_equal(two->fields[1].field, "quota");
    assert_string_equal(two->fields[1].message, "Negative.");
}

static void prefix_goes_to_every_field(void **state)
{
    const struct error *err = error_on_field(*state, REASON_FIELD_INVALID, "quota", "Negative.");
    const struct error *bare = error_new(*state, REASON_DOMAIN_EXISTS, "Taken.");
    const struct error *prefixed = error_prefix_fields(*state, err, "account.mailbox");

    assert_string_equal(prefixed->fields[0].field, "account.mailbox.quota");
    assert_string_equal(err->fields[0].field, "quota");
    assert_ptr_equal(error_prefix_fields(*state, bare, "account"), bare);
    assert_null(error_prefix_fields(*state, NULL, "account"));
}

static void as_field_replaces_the_fields(void **state)
{
    const struct error *bare = error_new(*state, REASON_DOMAIN_NOT_FOUND, "No such domain.");
    const struct error *two =
        error_add_field(*state, error_on_field(*state, REASON_FIELD_INVALID, "a", "First."),
                        REASON_FIELD_INVALID, "b", "Second.");

    assert_string_equal(error_as_field(*state, bare, "username")->fields[0].message,
                        "No such domain.");
    assert_string_equal(error_as_field(*state, bare, "username")->fields[0].field, "username");
    assert_int_equal(error_as_field(*state, two, "username")->n_fields, 1);
    assert_string_equal(error_as_field(*state, two, "username")->fields[0].message, "First.");
}

static void causes_join_and_never_reach_the_detail(void **state)
{
    const struct error *err = error_internal(*state, "SQLSTATE %s", "42601");
    const struct error *outer = error_with_cause(*state, err, "account_get");

    assert_string_equal(err->cause, "SQLSTATE 42601");
    assert_null(strstr(err->detail, "SQLSTATE"));
    assert_string_equal(outer->cause, "account_get: SQLSTATE 42601");
    assert_string_equal(err->cause, "SQLSTATE 42601");
    assert_int_equal(error_with_retry_after(*state, outer, 1500)->retry_after_ms, 1500);
}

static void failed_check_aborts(void **state)
{
    pid_t pid = fork();
    int status;

    (void)state;
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        (void)close(STDERR_FILENO);
        check(1 + 1 == 2);
        check(1 + 1 == 3);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reasons_have_names_and_codes), TEST(new_formats_its_detail),
        TEST(faults_of_fields_add_up),      TEST(prefix_goes_to_every_field),
        TEST(as_field_replaces_the_fields), TEST(causes_join_and_never_reach_the_detail),
        TEST(failed_check_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
