#include "services/common/rpc/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = arena_new(4096);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static void an_error_survives_the_wire(void **state)
{
    const struct error *err =
        error_on_field(*state, REASON_QUOTA_INVALID, "account.mailbox.quota", "Too \"small\".");
    err = error_add_field(*state, err, REASON_QUOTA_INVALID, "account.username", "Missing.");
    err = error_with_retry_after(*state, err, 61250);
    err = error_with_cause(*state, err, "secret");
    size_t len;
    uint8_t *data = status_pack(*state, err, &len);
    assert_null(memmem(data, len, "secret", 6));

    const struct error *got = status_unpack(*state, ERROR_INVALID_ARGUMENT, "text", data, len);
    assert_int_equal(got->code, ERROR_INVALID_ARGUMENT);
    assert_string_equal(got->reason, "QUOTA_INVALID");
    assert_string_equal(got->detail, err->detail);
    assert_null(got->cause);
    assert_int_equal(got->retry_after_ms, 61250);
    assert_int_equal(got->n_fields, 2);
    assert_string_equal(got->fields[0].field, "account.mailbox.quota");
    assert_string_equal(got->fields[0].message, "Too \"small\".");
    assert_string_equal(got->fields[1].field, "account.username");
}

static void a_reason_we_do_not_know_is_kept(void **state)
{
    const struct error future = {
        .code = ERROR_ABORTED, .reason = "MOON_IN_THE_WAY", .detail = "Wait."};
    size_t len;
    uint8_t *data = status_pack(*state, &future, &len);
    const struct error *got = status_unpack(*state, ERROR_ABORTED, "", data, len);
    assert_string_equal(got->reason, "MOON_IN_THE_WAY");
    assert_int_equal(got->code, ERROR_ABORTED);
}

static void details_never_outgrow_a_trailer(void **state)
{
    const struct error *err = NULL;
    for (int i = 0; i < 500; i++) {
        err = error_add_field(*state, err, REASON_FIELD_INVALID, "a.long.path.of.a.field",
                              "What is wrong with field %d in a sentence.", i);
    }
    size_t len;
    uint8_t *data = status_pack(*state, err, &len);
    assert_in_range(len, 2000, 6000);
    const struct error *got = status_unpack(*state, ERROR_INVALID_ARGUMENT, "", data, len);
    assert_in_range(got->n_fields, 10, 200);
}

static void the_transport_s_words_stay_in_the_log(void **state)
{
    static const struct {
        int code;
        const char *message;
        const char *reason;
    } cases[] = {
        {1, "CANCELLED", "CANCELLED"},
        {4, "Deadline Exceeded", "DEADLINE_EXCEEDED"},
        {8, "Received message larger than max", "MESSAGE_TOO_LARGE"},
        {8, "received initial metadata size exceeds limit", "OVERLOADED"},
        {12, "", "METHOD_UNKNOWN"},
        {13, "stream removed", "INTERNAL"},
        {14, "failed to connect to unix:/secret", "SERVICE_UNAVAILABLE"},
        {16, "", "CREDENTIALS_INVALID"},
        {2, "", "INTERNAL"},
        {99, "", "INTERNAL"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct error *err = status_unpack(*state, cases[i].code, cases[i].message, NULL, 0);
        assert_string_equal(err->reason, cases[i].reason);
        assert_null(strstr(err->detail, "secret"));
        assert_non_null(strstr(err->cause, cases[i].message));
    }
}

static void broken_details_are_as_none(void **state)
{
    static const uint8_t broken[] = {0x1a, 0x05, 0x0a, 0xff};
    const struct error *err = status_unpack(*state, ERROR_NOT_FOUND, "x", broken, sizeof(broken));
    assert_string_equal(err->reason, "INTERNAL");
    /* A good status without ErrorInfo. */
    static const uint8_t bare[] = {0x08, 0x05, 0x12, 0x01, 'x'};
    err = status_unpack(*state, ERROR_UNAVAILABLE, "x", bare, sizeof(bare));
    assert_string_equal(err->reason, "SERVICE_UNAVAILABLE");
}

static void codes_have_names(void **state)
{
    (void)state;
    assert_string_equal(status_code_name(ERROR_OK), "OK");
    assert_string_equal(status_code_name(ERROR_UNAUTHENTICATED), "UNAUTHENTICATED");
    assert_string_equal(status_code_name((enum error_code)17), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_survives_the_wire),
        cmocka_unit_test(a_reason_we_do_not_know_is_kept),
        cmocka_unit_test(details_never_outgrow_a_trailer),
        cmocka_unit_test(the_transport_s_words_stay_in_the_log),
        cmocka_unit_test(broken_details_are_as_none),
        cmocka_unit_test(codes_have_names),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
