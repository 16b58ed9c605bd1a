#include "services/common/rpc/bundler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/rpc/bundle.h"

enum { MIN_ROUNDS = 50, LIMIT_US = 60000000 };

static const struct rpc_method methods[2];

/* Somebody who wants a read, in a thread of his own. */
struct traveller {
    pthread_t thread;
    struct bundler *bundler;
    pthread_barrier_t *start;
    struct ride ride;
    sem_t woken;
    enum boarding boarding;
    int n_others; /* of a leader */
    char got[8];
};

static int set_up(void **state)
{
    *state = bundler_new();
    return 0;
}

static int tear_down(void **state)
{
    clock_set_monotonic_for_test(0);
    bundler_free(*state);
    return 0;
}

static void arrive_with(struct ride *ride, const char *text)
{
    bundler_arrive(ride, text ? strdup(text) : NULL, text ? strlen(text) + 1 : 0);
}

/* A leader's part: everybody gets "led". */
static void bring_back(struct bundler *bundler, struct ride *ride, int *ret_others)
{
    bundler_pass_on(bundler);
    for (struct ride *other = ride->next, *next; other; other = next) {
        next = other->next;
        arrive_with(other, "led");
        (*ret_others)++;
    }
}

static void *travel(void *ctx)
{
    struct traveller *traveller = ctx;
    struct ride *ride = &traveller->ride;
    pthread_barrier_wait(traveller->start);
    traveller->boarding = bundler_board(traveller->bundler, ride);
    if (traveller->boarding == RIDE_LEADS) {
        bring_back(traveller->bundler, ride, &traveller->n_others);
    } else if (ride->outcome) {
        memcpy(traveller->got, ride->outcome, ride->outcome_len);
        free(ride->outcome);
    }
    return NULL;
}

/* All at once. */
static void set_off(struct bundler *bundler, struct traveller *travellers, size_t n)
{
    static pthread_barrier_t start;
    assert_int_equal(pthread_barrier_init(&start, NULL, (unsigned)n), 0);
    for (size_t i = 0; i < n; i++) {
        struct traveller *traveller = &travellers[i];
        *traveller = (struct traveller){.bundler = bundler, .start = &start};
        assert_int_equal(sem_init(&traveller->woken, 0, 0), 0);
        traveller->ride.woken = &traveller->woken;
        assert_int_equal(pthread_create(&traveller->thread, NULL, travel, traveller), 0);
    }
}

static void join_all(struct traveller *travellers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pthread_join(travellers[i].thread, NULL);
        sem_destroy(&travellers[i].woken);
    }
    pthread_barrier_destroy(travellers[0].start);
}

static void alone_each_leads_at_once(void **state)
{
    struct bundler *bundler = *state;
    sem_t woken;
    struct ride ride = {.woken = &woken};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bundler_board(bundler, &ride), RIDE_LEADS);
        assert_null(ride.next);
        bundler_pass_on(bundler);
    }
}

/* Whoever waits is taken along or leads; nobody stays behind or gets what is not for him. Until
 * some have gone together. */
static void who_comes_meanwhile_goes_with_the_next(void **state)
{
    enum { N = 8 };
    struct bundler *bundler = *state;
    static struct traveller travellers[N];
    int64_t limit_us = clock_monotonic_us() + LIMIT_US;
    int n_together = 0;
    for (int round = 0; round < MIN_ROUNDS || n_together == 0; round++) {
        int n_led = 0;
        int n_others = 0;
        assert_true(clock_monotonic_us() < limit_us);
        set_off(bundler, travellers, N);
        join_all(travellers, N);
        for (int i = 0; i < N; i++) {
            bool has_led = travellers[i].boarding == RIDE_LEADS;
            n_led += has_led;
            n_others += travellers[i].n_others;
            assert_string_equal(travellers[i].got, has_led ? "" : "led");
        }
        assert_int_equal(n_led + n_others, N);
        n_together += n_others;
    }
}

static void a_leader_that_takes_long_keeps_nobody(void **state)
{
    enum { N = 5 };
    struct bundler *bundler = *state;
    static struct traveller travellers[N];
    sem_t woken;
    struct ride slow = {.woken = &woken};
    assert_int_equal(bundler_board(bundler, &slow), RIDE_LEADS);
    set_off(bundler, travellers, N);
    join_all(travellers, N); /* while the first is still under way */
    bundler_pass_on(bundler);
    assert_int_equal(bundler_board(bundler, &slow), RIDE_LEADS);
    bundler_pass_on(bundler);
}

static void no_bundle_is_too_large(void **state)
{
    enum { N = BUNDLE_MAX_CALLS + 20, N_ROUNDS = 10 };
    struct bundler *bundler = *state;
    static struct traveller travellers[N];
    sem_t woken;
    struct ride first = {.woken = &woken};
    for (int round = 0; round < N_ROUNDS; round++) {
        int n_led = 0;
        assert_int_equal(bundler_board(bundler, &first), RIDE_LEADS);
        set_off(bundler, travellers, N);
        join_all(travellers, N);
        bundler_pass_on(bundler);
        for (int i = 0; i < N; i++) {
            n_led += travellers[i].boarding == RIDE_LEADS;
            assert_in_range(travellers[i].n_others, 0, BUNDLE_MAX_CALLS - 1);
        }
        assert_true(n_led >= 2);
    }
}

static void what_was_left_out_is_avoided_for_a_second(void **state)
{
    struct bundler *bundler = *state;
    int64_t now_us = clock_monotonic_us();
    clock_set_monotonic_for_test(now_us);
    assert_true(bundler_takes(bundler, &methods[0]));
    bundler_avoid(bundler, &methods[0]);
    assert_false(bundler_takes(bundler, &methods[0]));
    assert_true(bundler_takes(bundler, &methods[1]));
    clock_set_monotonic_for_test(now_us + 999999);
    assert_false(bundler_takes(bundler, &methods[0]));
    clock_set_monotonic_for_test(now_us + 1000001);
    assert_true(bundler_takes(bundler, &methods[0]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(alone_each_leads_at_once),
        TEST(who_comes_meanwhile_goes_with_the_next),
        TEST(a_leader_that_takes_long_keeps_nobody),
        TEST(no_bundle_is_too_large),
        TEST(what_was_left_out_is_avoided_for_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
