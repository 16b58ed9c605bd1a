#include "services/accounts/session.h"

#include <stdlib.h>
#include <string.h>

#include "services/accounts/secret.h"
#include "services/common/clock/clock.h"
#include "services/common/redis/redis.h"

/* A session is not kept alive more often than this. */
enum { SEEN_EVERY_MS = 60000, COOKIE_BYTES = 32, USER_AGENT_MAX_BYTES = 256 };

#define ITEM(...)                                                                    \
    {                                                                                \
        .n_args = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), \
        .args = (const char *const[]){__VA_ARGS__},                                  \
    }

static const char *number(struct call *call, int64_t value)
{
    return arena_printf(call->arena, "%lld", (long long)value);
}

static const char *session_key(struct call *call, const char *public_id)
{
    return arena_printf(call->arena, "roost:session:%s", public_id);
}

static const char *set_key(struct call *call, int64_t account_id)
{
    return arena_printf(call->arena, "roost:sessions:%lld", (long long)account_id);
}

/* The first error reply of a batch, as an error. */
static const struct error *run_batch(struct call *call, const struct redis_batch_item *items,
                                     size_t n_items)
{
    struct redis_reply *replies = arena_alloc(call->arena, n_items * sizeof *replies);
    const struct error *err = redis_batch(call->redis, items, n_items, replies);
    for (size_t i = 0; !err && i < n_items; i++) {
        if (replies[i].kind == REDIS_REPLY_ERROR) {
            err = error_internal(call->arena, "redis: %s", replies[i].text);
        }
    }
    return err;
}

const struct error *session_begin(struct call *call, const struct session_limits *limits,
                                  struct session *session, char **ret_cookie)
{
    char *cookie = secret_random_base64url(call->arena, COOKIE_BYTES);
    session->public_id = secret_sha256_hex(call->arena, cookie);
    session->csrf_token = secret_random_base64url(call->arena, COOKIE_BYTES);
    session->created_ms = clock_wall_us() / 1000;
    session->seen_ms = session->created_ms;
    const char *key = session_key(call, session->public_id);
    const char *set = set_key(call, session->account_id);
    const char *created_ms = number(call, session->created_ms);
    const char *user_agent = arena_strndup(call->arena, session->user_agent,
                                           strnlen(session->user_agent, USER_AGENT_MAX_BYTES));
    const char *idle_s =
        number(call, limits->idle_s < limits->max_s ? limits->idle_s : limits->max_s);
    /* All or nothing: no key is left behind without an end. */
    const struct redis_batch_item items[] = {
        ITEM("MULTI"),
        ITEM("HSET", key, "account_id", number(call, session->account_id), "csrf",
             session->csrf_token, "created_ms", created_ms, "seen_ms", created_ms, "epoch",
             number(call, session->epoch), "address", session->address, "user_agent", user_agent),
        ITEM("EXPIRE", key, idle_s),
        ITEM("SADD", set, session->public_id),
        ITEM("EXPIRE", set, number(call, limits->max_s)),
        ITEM("EXEC"),
    };
    const struct error *err = run_batch(call, items, sizeof items / sizeof *items);
    if (err) {
        return err;
    }
    *ret_cookie = cookie;
    return NULL;
}

static const char *text_at(const struct redis_reply *reply, size_t i)
{
    return reply->items[i].kind == REDIS_TEXT ? reply->items[i].text : "";
}

static int64_t number_at(const struct redis_reply *reply, size_t i)
{
    return strtoll(text_at(reply, i), NULL, 10);
}

/* Only while it exists: a session that has just been ended does not come back. */
static const struct error *keep_alive(struct call *call, const struct session_limits *limits,
                                      const struct session *session, int64_t now_ms)
{
    static const char script[] = "if redis.call('EXISTS', KEYS[1]) == 1 then\n"
                                 "  redis.call('HSET', KEYS[1], 'seen_ms', ARGV[1])\n"
                                 "  redis.call('EXPIRE', KEYS[1], ARGV[2])\n"
                                 "end\n"
                                 "return 0\n";
    int64_t left_s = (session->created_ms + limits->max_s * 1000 - now_ms) / 1000 + 1;
    struct redis_reply reply;
    return REDIS_COMMAND(call->redis, &reply, "EVAL", script, "1",
                         session_key(call, session->public_id), number(call, now_ms),
                         number(call, limits->idle_s < left_s ? limits->idle_s : left_s));
}

const struct error *session_find(struct call *call, const struct session_limits *limits,
                                 const char *cookie, struct session *ret_session, bool *ret_found)
{
    *ret_found = false;
    if (strlen(cookie) != SESSION_COOKIE_LENGTH) {
        return NULL;
    }
    struct session session = {.public_id = secret_sha256_hex(call->arena, cookie)};
    struct redis_reply reply;
    const struct error *err = REDIS_COMMAND(
        call->redis, &reply, "HMGET", session_key(call, session.public_id), "account_id", "csrf",
        "created_ms", "seen_ms", "epoch", "address", "user_agent");
    if (err) {
        return err;
    }
    check(reply.kind == REDIS_ARRAY && reply.n_items == 7);
    session.account_id = number_at(&reply, 0);
    session.csrf_token = text_at(&reply, 1);
    session.created_ms = number_at(&reply, 2);
    session.seen_ms = number_at(&reply, 3);
    session.epoch = number_at(&reply, 4);
    session.address = text_at(&reply, 5);
    session.user_agent = text_at(&reply, 6);
    int64_t now_ms = clock_wall_us() / 1000;
    if (session.account_id == 0 || *session.csrf_token == '\0' ||
        now_ms >= session.created_ms + limits->max_s * 1000 ||
        now_ms >= session.seen_ms + limits->idle_s * 1000) {
        return NULL;
    }
    if (now_ms >= session.seen_ms + SEEN_EVERY_MS ||
        now_ms >= session.seen_ms + limits->idle_s * 500) {
        err = keep_alive(call, limits, &session, now_ms);
        if (err) {
            return err;
        }
    }
    *ret_session = session;
    *ret_found = true;
    return NULL;
}

const struct error *session_end(struct call *call, int64_t account_id, const char *public_id)
{
    const struct redis_batch_item items[] = {
        ITEM("DEL", session_key(call, public_id)),
        ITEM("SREM", set_key(call, account_id), public_id),
    };
    return run_batch(call, items, sizeof items / sizeof *items);
}

const struct error *session_end_others(struct call *call, int64_t account_id,
                                       const char *keep_public_id, int64_t epoch)
{
    /* The sessions' keys follow from the set's members: Roost's Redis is no cluster. */
    static const char script[] = "for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do\n"
                                 "  local key = 'roost:session:' .. id\n"
                                 "  if id ~= ARGV[1] then\n"
                                 "    redis.call('DEL', key)\n"
                                 "    redis.call('SREM', KEYS[1], id)\n"
                                 "  elseif redis.call('EXISTS', key) == 1 then\n"
                                 "    redis.call('HSET', key, 'epoch', ARGV[2])\n"
                                 "  end\n"
                                 "end\n"
                                 "return 0\n";
    struct redis_reply reply;
    return REDIS_COMMAND(call->redis, &reply, "EVAL", script, "1", set_key(call, account_id),
                         keep_public_id, number(call, epoch));
}
