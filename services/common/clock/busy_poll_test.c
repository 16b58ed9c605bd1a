#include "services/common/clock/busy_poll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"

enum { LIMIT_US = 100, STEP_US = 10, LONG_US = 5000 };

static int64_t now_us;

static void let_pass(int64_t us)
{
    now_us += us;
    clock_set_monotonic_for_test(now_us);
}

static int set_up(void **state)
{
    static struct busy_poll poll;
    poll = (struct busy_poll){0};
    *state = &poll;
    now_us = 1000000;
    clock_set_monotonic_for_test(now_us);
    busy_poll_set_limit(LIMIT_US);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    busy_poll_set_limit(0);
    clock_set_monotonic_for_test(0);
    return 0;
}

static void wait_asleep(struct busy_poll *poll, int64_t us)
{
    (void)busy_poll_begin(poll);
    let_pass(us);
    busy_poll_end(poll);
}

static void nobody_looks_after_a_long_wait(void **state)
{
    struct busy_poll *poll = *state;
    assert_false(busy_poll_begin(poll));
    wait_asleep(poll, LONG_US);
    assert_false(busy_poll_begin(poll));
}

static void after_a_short_wait_it_looks_until_the_limit(void **state)
{
    struct busy_poll *poll = *state;
    int n_looks = 0;
    wait_asleep(poll, LIMIT_US - 1);
    assert_true(busy_poll_begin(poll));
    do {
        n_looks++;
        let_pass(STEP_US);
    } while (busy_poll_again(poll));
    assert_int_equal(n_looks, LIMIT_US / STEP_US);
    let_pass(LONG_US);
    busy_poll_end(poll);
    assert_false(busy_poll_begin(poll));
}

static void what_was_there_in_time_pays(void **state)
{
    struct busy_poll *poll = *state;
    wait_asleep(poll, STEP_US);
    for (int i = 0; i < 3; i++) {
        assert_true(busy_poll_begin(poll));
        let_pass(STEP_US);
        assert_true(busy_poll_again(poll));
        busy_poll_end(poll);
    }
}

static void whoever_is_kept_from_the_processor_sleeps(void **state)
{
    struct busy_poll *poll = *state;
    busy_poll_set_limit(LONG_US);
    wait_asleep(poll, STEP_US);
    assert_true(busy_poll_begin(poll));
    let_pass(STEP_US);
    assert_true(busy_poll_again(poll));
    let_pass(LONG_US / 10);
    assert_false(busy_poll_again(poll));
}

static void without_a_limit_nobody_looks(void **state)
{
    struct busy_poll *poll = *state;
    busy_poll_set_limit(0);
    wait_asleep(poll, 0);
    assert_false(busy_poll_begin(poll));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_looks_after_a_long_wait), TEST(after_a_short_wait_it_looks_until_the_limit),
        TEST(what_was_there_in_time_pays),    TEST(whoever_is_kept_from_the_processor_sleeps),
        TEST(without_a_limit_nobody_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
