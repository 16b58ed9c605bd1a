#include "services/accounts/session.h"

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

static const struct session_limits limits = {.idle_s = 600, .max_s = 3600};
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

static struct session begin(int64_t account_id, char **ret_cookie)
{
    struct session session = {.account_id = account_id,
                              .epoch = 3,
                              .address = "192.0.2.1",
                              .user_agent = "curl/8 \"quoted\"\n"};
    assert_null(session_begin(&call, &limits, &session, ret_cookie));
    return session;
}

static bool lives(const char *cookie)
{
    struct session session;
    bool is_found;
    assert_null(session_find(&call, &limits, cookie, &session, &is_found));
    return is_found;
}

static void a_session_is_found_by_its_cookie(void **state)
{
    char *cookie;
    struct session found;
    bool is_found;
    (void)state;
    struct session session = begin(7, &cookie);
    assert_int_equal(strlen(cookie), 43);
    assert_null(session_find(&call, &limits, cookie, &found, &is_found));
    assert_true(is_found);
    assert_int_equal(found.account_id, 7);
    assert_int_equal(found.epoch, 3);
    assert_string_equal(found.csrf_token, session.csrf_token);
    assert_string_equal(found.public_id, session.public_id);
    assert_string_equal(found.address, "192.0.2.1");
    assert_string_equal(found.user_agent, "curl/8 \"quoted\"\n");
    assert_string_not_equal(session.csrf_token, cookie);
}

static void other_cookies_find_nothing(void **state)
{
    char *cookie;
    (void)state;
    struct session session = begin(7, &cookie);
    assert_false(lives(""));
    assert_false(lives("x"));
    assert_false(lives(session.public_id));
    assert_false(lives(session.csrf_token));
    cookie[0] = cookie[0] == 'A' ? 'B' : 'A';
    assert_false(lives(cookie));
}

static void the_cookie_is_not_in_redis(void **state)
{
    char *cookie;
    struct redis_reply reply;
    (void)state;
    struct session session = begin(7, &cookie);
    assert_null(REDIS_COMMAND(call.redis, &reply, "EXISTS",
                              arena_printf(call.arena, "roost:session:%s", session.public_id)));
    assert_int_equal(reply.integer, 1);
    assert_null(
        REDIS_COMMAND(call.redis, &reply, "KEYS", arena_printf(call.arena, "*%s*", cookie)));
    assert_int_equal(reply.n_items, 0);
}

static void idle_sessions_end_and_used_ones_go_on(void **state)
{
    char *used;
    char *idle;
    (void)state;
    begin(7, &used);
    begin(7, &idle);
    for (int i = 0; i < 4; i++) {
        set_clock(now_us + 299LL * SECOND);
        assert_true(lives(used));
    }
    assert_false(lives(idle));
    set_clock(now_us + 600LL * SECOND);
    assert_false(lives(used));
}

static void every_session_ends_some_time(void **state)
{
    char *cookie;
    (void)state;
    begin(7, &cookie);
    for (int i = 0; i < 11; i++) {
        set_clock(now_us + 300LL * SECOND);
        assert_true(lives(cookie));
    }
    set_clock(now_us + 299LL * SECOND);
    assert_true(lives(cookie));
    set_clock(now_us + 1LL * SECOND);
    assert_false(lives(cookie));
}

/* Redis' own time, whatever ours is. */
static int64_t redis_now_s(void)
{
    struct redis_reply reply;
    assert_null(REDIS_COMMAND(call.redis, &reply, "TIME"));
    return strtoll(reply.items[0].text, NULL, 10);
}

static void redis_forgets_by_itself(void **state)
{
    char *cookie;
    struct redis_reply reply;
    (void)state;
    int64_t before_s = redis_now_s();
    struct session session = begin(7, &cookie);
    int64_t after_s = redis_now_s();
    const char *key = arena_printf(call.arena, "roost:session:%s", session.public_id);
    assert_null(REDIS_COMMAND(call.redis, &reply, "EXPIRETIME", key));
    assert_in_range(reply.integer, before_s + 600, after_s + 601);
    assert_null(REDIS_COMMAND(call.redis, &reply, "EXPIRETIME", "roost:sessions:7"));
    assert_in_range(reply.integer, before_s + 3600, after_s + 3601);
}

static void one_session_ends_alone(void **state)
{
    char *first;
    char *second;
    (void)state;
    struct session session = begin(7, &first);
    begin(7, &second);
    assert_null(session_end(&call, 7, session.public_id));
    assert_false(lives(first));
    assert_true(lives(second));
}

static void all_others_end_and_the_own_goes_on_in_the_new_epoch(void **state)
{
    char *own_cookie;
    char *other;
    char *foreign;
    struct session found;
    bool is_found;
    (void)state;
    struct session own = begin(7, &own_cookie);
    begin(7, &other);
    begin(8, &foreign);
    assert_null(session_end_others(&call, 7, own.public_id, 4));
    assert_false(lives(other));
    assert_true(lives(foreign));
    assert_null(session_find(&call, &limits, own_cookie, &found, &is_found));
    assert_true(is_found);
    assert_int_equal(found.epoch, 4);
    assert_null(session_end_others(&call, 7, "", 5));
    assert_false(lives(own_cookie));
}

static void a_list_shows_what_lives_and_forgets_the_rest(void **state)
{
    char *cookies[3];
    struct session *listed;
    struct redis_reply reply;
    size_t n;
    (void)state;
    struct session first = begin(7, &cookies[0]);
    set_clock(now_us + 60LL * SECOND);
    struct session second = begin(7, &cookies[1]);
    begin(8, &cookies[2]);
    struct session old = {.account_id = 7, .epoch = 2, .address = "", .user_agent = ""};
    assert_null(session_begin(&call, &limits, &old, &cookies[2]));
    assert_null(session_list(&call, &limits, 7, 3, &n, &listed));
    assert_int_equal(n, 2);
    assert_string_equal(listed[0].public_id, second.public_id);
    assert_string_equal(listed[1].public_id, first.public_id);
    assert_string_equal(listed[1].address, "192.0.2.1");
    assert_int_equal(session_expires_ms(&limits, &listed[1]), first.created_ms + 600000);
    /* The first is used again, and the second's time runs out. */
    set_clock(now_us + 500LL * SECOND);
    assert_true(lives(cookies[0]));
    set_clock(now_us + 200LL * SECOND);
    assert_null(session_list(&call, &limits, 7, 3, &n, &listed));
    assert_int_equal(n, 1);
    assert_string_equal(listed[0].public_id, first.public_id);
    assert_int_equal(listed[0].seen_ms, first.created_ms + 560000);
    assert_null(REDIS_COMMAND(call.redis, &reply, "DEL",
                              arena_printf(call.arena, "roost:session:%s", second.public_id)));
    assert_null(session_list(&call, &limits, 7, 3, &n, &listed));
    assert_null(REDIS_COMMAND(call.redis, &reply, "SCARD", "roost:sessions:7"));
    assert_int_equal(reply.integer, 2);
    assert_null(session_list(&call, &limits, 99, 3, &n, &listed));
    assert_int_equal(n, 0);
}

static void a_list_has_an_end(void **state)
{
    char *cookie;
    struct session *listed;
    size_t n;
    (void)state;
    for (int i = 0; i < SESSION_LIST_MAX + 1; i++) {
        begin(7, &cookie);
    }
    assert_null(session_list(&call, &limits, 7, 3, &n, &listed));
    assert_int_equal(n, SESSION_LIST_MAX);
}

static void a_long_user_agent_is_cut_between_characters(void **state)
{
    char agent[258];
    char *cookie;
    struct session *listed;
    size_t n;
    (void)state;
    memset(agent, 'x', sizeof agent);
    memcpy(agent + 255, "\xc3\xa4", 3);
    struct session session = {.account_id = 7, .epoch = 3, .address = "", .user_agent = agent};
    assert_null(session_begin(&call, &limits, &session, &cookie));
    assert_null(session_list(&call, &limits, 7, 3, &n, &listed));
    assert_int_equal(strlen(listed[0].user_agent), 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_session_is_found_by_its_cookie, start_empty),
        cmocka_unit_test_setup(other_cookies_find_nothing, start_empty),
        cmocka_unit_test_setup(the_cookie_is_not_in_redis, start_empty),
        cmocka_unit_test_setup(idle_sessions_end_and_used_ones_go_on, start_empty),
        cmocka_unit_test_setup(every_session_ends_some_time, start_empty),
        cmocka_unit_test_setup(redis_forgets_by_itself, start_empty),
        cmocka_unit_test_setup(one_session_ends_alone, start_empty),
        cmocka_unit_test_setup(all_others_end_and_the_own_goes_on_in_the_new_epoch, start_empty),
        cmocka_unit_test_setup(a_list_shows_what_lives_and_forgets_the_rest, start_empty),
        cmocka_unit_test_setup(a_list_has_an_end, start_empty),
        cmocka_unit_test_setup(a_long_user_agent_is_cut_between_characters, start_empty),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
