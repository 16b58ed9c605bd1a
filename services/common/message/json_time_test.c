#include "services/common/message/json_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text;
    int64_t seconds;
    int32_t nanos;
    const char *canonical;
} good[] = {
    {"1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z"},
    {"2024-02-29T12:30:45Z", 1709209845, 0, "2024-02-29T12:30:45Z"},
    {"2024-02-29t12:30:45.5z", 1709209845, 500000000, "2024-02-29T12:30:45.500000Z"},
    {"2024-02-29 14:30:45+02:00", 1709209845, 0, "2024-02-29T12:30:45Z"},
    {"2024-02-29T07:00:45.123456789-05:30", 1709209845, 123456789,
     "2024-02-29T12:30:45.123456789Z"},
    {"0001-01-01T00:00:00Z", -62135596800, 0, "0001-01-01T00:00:00Z"},
    {"9999-12-31T23:59:59.999999999Z", 253402300799, 999999999, "9999-12-31T23:59:59.999999999Z"},
    {"1969-12-31T23:59:59.000001Z", -1, 1000, "1969-12-31T23:59:59.000001Z"},
    {"2000-03-01T00:00:00Z", 951868800, 0, "2000-03-01T00:00:00Z"},
};

static const char *const bad[] = {
    "",
    "2024-01-31",
    "2024-01-31T12:00:00",
    "2024-01-31T12:00Z",
    "2024-02-30T12:00:00Z",
    "2023-02-29T12:00:00Z",
    "1900-02-29T12:00:00Z",
    "2024-13-01T12:00:00Z",
    "2024-00-01T12:00:00Z",
    "2024-01-00T12:00:00Z",
    "2024-01-31T24:00:00Z",
    "2024-01-31T12:60:00Z",
    "2024-01-31T12:00:60Z",
    "2024-01-31T12:00:00.Z",
    "2024-01-31T12:00:00.1234567890Z",
    "2024-01-31T12:00:00+0200",
    "2024-01-31T12:00:00+24:00",
    "2024-01-31T12:00:00Z ",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "+024-01-31T12:00:00Z",
};

static void time_reads_and_writes_rfc_3339(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t seconds = 0;
        int32_t nanos = 0;
        char text[JSON_TIME_MAX];
        assert_true(json_time_parse(good[i].text, strlen(good[i].text), &seconds, &nanos));
        assert_true(seconds == good[i].seconds);
        assert_int_equal(nanos, good[i].nanos);
        assert_int_equal(json_time_format(seconds, nanos, text), strlen(good[i].canonical));
        assert_string_equal(text, good[i].canonical);
    }
}

static void time_refuses_what_is_no_date_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t seconds;
        int32_t nanos;
        if (json_time_parse(bad[i], strlen(bad[i]), &seconds, &nanos)) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void time_out_of_range_is_not_written(void **state)
{
    char text[JSON_TIME_MAX];
    (void)state;
    assert_int_equal(json_time_format(-62135596801, 0, text), 0);
    assert_int_equal(json_time_format(253402300800, 0, text), 0);
    assert_int_equal(json_time_format(0, -1, text), 0);
    assert_int_equal(json_time_format(0, 1000000000, text), 0);
    assert_false(json_time_is_valid(-62135596801, 0));
    assert_true(json_time_is_valid(-62135596800, 0));
    assert_true(json_time_is_valid(253402300799, 999999999));
    assert_false(json_time_is_valid(253402300800, 0));
    assert_false(json_time_is_valid(0, -1));
    assert_false(json_time_is_valid(0, 1000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_reads_and_writes_rfc_3339),
        cmocka_unit_test(time_refuses_what_is_no_date_time),
        cmocka_unit_test(time_out_of_range_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
