/* Against a real Redis. */
#include "services/common/redis/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/testing/testing.h"

/* Enough for any command on a loaded machine; and what is met on purpose, but not by an ECHO. */
enum { TIMEOUT_MS = 60000, SHORT_TIMEOUT_MS = 2000 };

struct fixture {
    struct arena *arena;
    struct redis *redis;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct redis_reply reply;
    fixture.arena = arena_new(4096);
    fixture.redis = redis_new(testing_redis_url(), TIMEOUT_MS);
    redis_set_arena(fixture.redis, fixture.arena);
    *state = &fixture;
    return REDIS_COMMAND(fixture.redis, &reply, "FLUSHALL") ? -1 : 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    redis_free(fixture->redis);
    arena_free(fixture->arena);
    return 0;
}

static void replies_keep_their_kind(void **state)
{
    struct fixture *fixture = *state;
    struct redis *redis = fixture->redis;
    struct redis_reply reply;
    assert_null(REDIS_COMMAND(redis, &reply, "SET", "a", "1"));
    assert_int_equal(reply.kind, REDIS_TEXT);
    assert_string_equal(reply.text, "OK");
    assert_null(REDIS_COMMAND(redis, &reply, "GET", "a"));
    assert_string_equal(reply.text, "1");
    assert_null(REDIS_COMMAND(redis, &reply, "INCR", "a"));
    assert_int_equal(reply.kind, REDIS_INTEGER);
    assert_int_equal(reply.integer, 2);
    assert_null(REDIS_COMMAND(redis, &reply, "GET", "missing"));
    assert_int_equal(reply.kind, REDIS_NIL);
    assert_string_equal(reply.text, "");
    assert_null(REDIS_COMMAND(redis, &reply, "RPUSH", "l", "x", "y"));
    assert_null(REDIS_COMMAND(redis, &reply, "LRANGE", "l", "0", "-1"));
    assert_int_equal(reply.kind, REDIS_ARRAY);
    assert_int_equal(reply.n_items, 2);
    assert_string_equal(reply.items[1].text, "y");
}

static void values_may_hold_any_byte(void **state)
{
    struct fixture *fixture = *state;
    struct redis_reply reply;
    const char *const args[] = {"SET", "k", "a\0b\r\n"};
    const size_t lens[] = {3, 1, 5};
    assert_null(redis_command(fixture->redis, 3, args, lens, &reply));
    assert_null(REDIS_COMMAND(fixture->redis, &reply, "GET", "k"));
    assert_int_equal(reply.len, 5);
    assert_memory_equal(reply.text, "a\0b\r\n", 6);
}

static void an_error_reply_is_an_internal_error(void **state)
{
    struct fixture *fixture = *state;
    struct redis_reply reply;
    const struct error *err = REDIS_COMMAND(fixture->redis, &reply, "NONSENSE", "secret");
    assert_true(error_is(err, REASON_INTERNAL));
    assert_non_null(strstr(err->cause, "NONSENSE"));
    assert_null(strstr(err->detail, "NONSENSE"));
    assert_null(REDIS_COMMAND(fixture->redis, &reply, "PING"));
}

static void a_batch_goes_on_after_an_error_reply(void **state)
{
    struct fixture *fixture = *state;
    struct redis_reply replies[3];
    const struct redis_batch_item items[] = {
        {.n_args = 3, .args = (const char *const[]){"SET", "a", "x"}},
        {.n_args = 2, .args = (const char *const[]){"INCR", "a"}},
        {.n_args = 2, .args = (const char *const[]){"GET", "a"}},
    };
    assert_null(redis_batch(fixture->redis, items, 3, replies));
    assert_int_equal(replies[0].kind, REDIS_TEXT);
    assert_int_equal(replies[1].kind, REDIS_REPLY_ERROR);
    assert_string_equal(replies[2].text, "x");
}

static void a_lost_connection_is_opened_again(void **state)
{
    struct fixture *fixture = *state;
    struct redis_reply reply;
    assert_null(REDIS_COMMAND(fixture->redis, &reply, "PING"));
    testing_redis_stop();
    const struct error *err = REDIS_COMMAND(fixture->redis, &reply, "PING");
    assert_true(error_is(err, REASON_REDIS_UNAVAILABLE));
    assert_int_equal(err->code, ERROR_UNAVAILABLE);
    testing_redis_start();
    assert_null(REDIS_COMMAND(fixture->redis, &reply, "PING"));
    /* A restart between two commands is not seen at all. */
    testing_redis_stop();
    testing_redis_start();
    assert_null(REDIS_COMMAND(fixture->redis, &reply, "PING"));
    assert_string_equal(reply.text, "PONG");
}

static void a_command_has_a_time_limit(void **state)
{
    struct fixture *fixture = *state;
    struct redis *hasty = redis_new(testing_redis_url(), SHORT_TIMEOUT_MS);
    struct redis_reply reply;
    redis_set_arena(hasty, fixture->arena);
    const struct error *err = REDIS_COMMAND(hasty, &reply, "BLPOP", "nothing", "60");
    assert_true(error_is(err, REASON_REDIS_UNAVAILABLE));
    /* The late answer does not become that of the next command. */
    assert_null(REDIS_COMMAND(hasty, &reply, "ECHO", "new"));
    assert_string_equal(reply.text, "new");
    redis_free(hasty);
}

static void a_bad_url_is_unavailable(void **state)
{
    struct fixture *fixture = *state;
    struct redis *bad = redis_new("redis://h:x", 100);
    struct redis_reply reply;
    redis_set_arena(bad, fixture->arena);
    assert_true(error_is(REDIS_COMMAND(bad, &reply, "PING"), REASON_REDIS_UNAVAILABLE));
    redis_free(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_keep_their_kind),
        cmocka_unit_test(values_may_hold_any_byte),
        cmocka_unit_test(an_error_reply_is_an_internal_error),
        cmocka_unit_test(a_batch_goes_on_after_an_error_reply),
        cmocka_unit_test(a_lost_connection_is_opened_again),
        cmocka_unit_test(a_command_has_a_time_limit),
        cmocka_unit_test(a_bad_url_is_unavailable),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
