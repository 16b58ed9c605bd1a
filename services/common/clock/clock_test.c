#include "services/common/clock/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

/* Between two looks at time(), however long that takes; it is that of the last tick. */
static void assert_goes_with_time(void)
{
    time_t before = time(NULL);
    int64_t wall_us = clock_wall_us();

    assert_in_range(wall_us / 1000000, before, time(NULL) + 1);
}

static void wall_clock_can_be_stopped(void **state)
{
    (void)state;
    assert_goes_with_time();
    clock_set_for_test(1700000000000000);
    assert_int_equal(clock_wall_us(), 1700000000000000);
    assert_int_equal(clock_wall_us(), 1700000000000000);
    clock_set_for_test(0);
    assert_goes_with_time();
}

static void monotonic_clock_goes_on(void **state)
{
    int64_t first_us = clock_monotonic_us();

    (void)state;
    clock_set_for_test(1);
    while (clock_monotonic_us() == first_us) {
    }
    assert_true(clock_monotonic_us() > first_us);
    clock_set_for_test(0);
}

static void monotonic_clock_can_be_stopped(void **state)
{
    int64_t first_us = clock_monotonic_us();

    (void)state;
    clock_set_monotonic_for_test(first_us + 1000000000);
    assert_int_equal(clock_monotonic_us(), first_us + 1000000000);
    assert_int_equal(clock_monotonic_us(), first_us + 1000000000);
    assert_goes_with_time();
    clock_set_monotonic_for_test(0);
    assert_in_range(clock_monotonic_us(), first_us, first_us + 999999999);
}

static void a_time_to_wait_for_lies_ahead(void **state)
{
    int64_t before_us = clock_monotonic_us();
    struct timespec then = clock_monotonic_in(1500000);
    int64_t after_us = clock_monotonic_us();

    (void)state;
    assert_in_range(then.tv_nsec, 0, 999999999);
    assert_in_range(then.tv_sec * 1000000 + then.tv_nsec / 1000, before_us + 1500000,
                    after_us + 1500000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_clock_can_be_stopped),
        cmocka_unit_test(monotonic_clock_goes_on),
        cmocka_unit_test(monotonic_clock_can_be_stopped),
        cmocka_unit_test(a_time_to_wait_for_lies_ahead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
