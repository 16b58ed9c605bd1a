#include "services/accounts/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/arena/arena.h"
#include "services/common/clock/clock.h"
#include "services/common/redis/redis.h"
#include "services/common/testing/testing.h"

enum { SECOND = 1000000 };

static const struct throttle_limits limits = {
    .account_tries = 3, .address_tries = 5, .first_wait_ms = 1000, .max_wait_ms = 8000};
static struct call call;
static int64_t now_us;

static void set_clock(int64_t us)
{
    now_us = us;
    clock_set_for_test(us);
}

static int open_all(void **state)
{
    (void)state;
    call.arena = arena_new(16384);
    call.redis = redis_new(testing_redis_url(), 5000);
    redis_set_arena(call.redis, call.arena);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    redis_free(call.redis);
    arena_free(call.arena);
    clock_set_for_test(0);
    return 0;
}

static int start_empty(void **state)
{
    struct redis_reply reply;
    (void)state;
    set_clock(1700000000LL * SECOND);
    return REDIS_COMMAND(call.redis, &reply, "FLUSHALL") ? -1 : 0;
}

enum outcome { WRONG, RIGHT };

/* 0: the password was looked at; else the wait in milliseconds. */
static int64_t attempt(const char *username, const char *address, enum outcome outcome)
{
    struct throttle_try try;
    const struct error *err = throttle_begin(&call, &limits, username, address, &try);
    if (err) {
        assert_string_equal(err->reason, "LOGIN_THROTTLED");
        assert_true(err->retry_after_ms > 0);
        return err->retry_after_ms;
    }
    assert_null(outcome == RIGHT ? throttle_succeed(&call, &try) : throttle_fail(&call, &try));
    return 0;
}

static void waits_grow_per_account(void **state)
{
    static const int64_t waits_ms[] = {1000, 2000, 4000, 8000, 8000, 8000};
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(attempt("bob", arena_printf(call.arena, "10.0.0.%d", i), WRONG), 0);
    }
    for (int i = 0; i < 6; i++) {
        const char *address = arena_printf(call.arena, "10.0.1.%d", i);
        assert_int_equal(attempt("bob", address, RIGHT), waits_ms[i]);
        set_clock(now_us + waits_ms[i] * 1000 - 1000);
        assert_int_equal(attempt("bob", address, RIGHT), 1);
        set_clock(now_us + 1000);
        assert_int_equal(attempt("bob", address, WRONG), 0);
    }
    assert_int_equal(attempt("alice", "10.0.2.1", RIGHT), 0);
}

static void waits_grow_per_address(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(attempt(arena_printf(call.arena, "user%d", i), "192.0.2.7", WRONG), 0);
    }
    assert_int_equal(attempt("user9", "192.0.2.7", RIGHT), 1000);
    assert_int_equal(attempt("user9", "::ffff:192.0.2.7", RIGHT), 1000);
    assert_int_equal(attempt("user9", "192.0.2.8", RIGHT), 0);
    set_clock(now_us + SECOND);
    assert_int_equal(attempt("user8", "192.0.2.7", WRONG), 0);
    assert_int_equal(attempt("user7", "192.0.2.7", RIGHT), 2000);
}

static void one_ipv6_network_is_one_place(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        const char *address = arena_printf(call.arena, "2001:db8:1:2::%d", i);
        assert_int_equal(attempt(arena_printf(call.arena, "user%d", i), address, WRONG), 0);
    }
    assert_int_equal(attempt("user9", "2001:db8:1:2:ffff::1", RIGHT), 1000);
    assert_int_equal(attempt("user9", "2001:db8:1:3::1", RIGHT), 0);
}

static void success_clears_the_account_but_not_the_address(void **state)
{
    (void)state;
    assert_int_equal(attempt("bob", "10.0.0.1", WRONG), 0);
    assert_int_equal(attempt("bob", "10.0.0.1", WRONG), 0);
    assert_int_equal(attempt("bob", "10.0.0.1", RIGHT), 0);
    assert_int_equal(attempt("bob", "10.0.0.1", WRONG), 0);
    assert_int_equal(attempt("bob", "10.0.0.1", WRONG), 0);
    /* Four wrong ones from there so far; whoever has one right password does not guess others' for
     * free. */
    assert_int_equal(attempt("mallory", "10.0.0.1", RIGHT), 0);
    assert_int_equal(attempt("alice", "10.0.0.1", WRONG), 0);
    assert_int_equal(attempt("mallory", "10.0.0.1", RIGHT), 1000);
}

static void success_after_the_wait_opens_the_gate(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(attempt(arena_printf(call.arena, "user%d", i), "10.0.0.1", WRONG), 0);
    }
    set_clock(now_us + SECOND);
    assert_int_equal(attempt("bob", "10.0.0.1", RIGHT), 0);
    assert_int_equal(attempt("alice", "10.0.0.1", RIGHT), 0);
}

/* Fifty guesses sent at once are not looked at fifty times. */
static void parallel_tries_gain_nothing(void **state)
{
    struct throttle_try tries[10];
    int n = 0;
    (void)state;
    for (int i = 0; i < 10; i++) {
        const char *address = arena_printf(call.arena, "10.0.0.%d", i);
        n += throttle_begin(&call, &limits, "bob", address, &tries[n]) == NULL;
    }
    assert_int_equal(n, 4); /* three free ones, and one that holds the gate */
    for (int i = 0; i < n; i++) {
        assert_null(throttle_fail(&call, &tries[i]));
    }
    assert_true(attempt("bob", "10.0.0.99", RIGHT) >= 2000);
}

static void strangers_cannot_lock_the_owner_out(void **state)
{
    (void)state;
    assert_int_equal(attempt("bob", "198.51.100.1", RIGHT), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(attempt("bob", arena_printf(call.arena, "10.0.0.%d", i), WRONG), 0);
    }
    assert_int_equal(attempt("bob", "10.0.1.1", RIGHT), 1000);
    assert_int_equal(attempt("bob", "198.51.100.1", RIGHT), 0);
    /* His own place has its own counter. */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(attempt("bob", "198.51.100.1", WRONG), 0);
    }
    assert_int_equal(attempt("bob", "198.51.100.1", RIGHT), 1000);
}

/* Redis' own time, whatever ours is. */
static int64_t redis_now_s(void)
{
    struct redis_reply reply;
    assert_null(REDIS_COMMAND(call.redis, &reply, "TIME"));
    return strtoll(reply.items[0].text, NULL, 10);
}

static void counters_do_not_stay_for_ever(void **state)
{
    struct redis_reply reply;
    (void)state;
    int64_t before_s = redis_now_s();
    assert_int_equal(attempt("bob", "10.0.0.1", WRONG), 0);
    int64_t after_s = redis_now_s();
    assert_null(REDIS_COMMAND(call.redis, &reply, "KEYS", "roost:throttle:*"));
    assert_int_equal(reply.n_items, 2);
    for (size_t i = 0; i < reply.n_items; i++) {
        struct redis_reply until;
        assert_null(REDIS_COMMAND(call.redis, &until, "EXPIRETIME", reply.items[i].text));
        assert_in_range(until.integer, before_s + 17, after_s + 18);
    }
}

static void without_redis_nothing_is_tried(void **state)
{
    struct throttle_try try;
    (void)state;
    testing_redis_stop();
    const struct error *err = throttle_begin(&call, &limits, "bob", "10.0.0.1", &try);
    assert_non_null(err);
    assert_string_equal(err->reason, "REDIS_UNAVAILABLE");
    testing_redis_start();
    assert_int_equal(attempt("bob", "10.0.0.1", RIGHT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(waits_grow_per_account, start_empty),
        cmocka_unit_test_setup(waits_grow_per_address, start_empty),
        cmocka_unit_test_setup(one_ipv6_network_is_one_place, start_empty),
        cmocka_unit_test_setup(success_clears_the_account_but_not_the_address, start_empty),
        cmocka_unit_test_setup(success_after_the_wait_opens_the_gate, start_empty),
        cmocka_unit_test_setup(parallel_tries_gain_nothing, start_empty),
        cmocka_unit_test_setup(strangers_cannot_lock_the_owner_out, start_empty),
        cmocka_unit_test_setup(counters_do_not_stay_for_ever, start_empty),
        cmocka_unit_test_setup(without_redis_nothing_is_tried, start_empty),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
