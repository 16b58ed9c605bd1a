#include "services/accounts/session.h"

#include <stdlib.h>
#include <string.h>

#include "services/accounts/secret.h"
#include "services/common/clock/clock.h"
#include "services/common/redis/redis.h"

/* A session is not kept alive more often than this. */
enum { SEEN_EVERY_MS = 60000, COOKIE_BYTES = 32, USER_AGENT_MAX_BYTES = 256, LIST_BATCH = 250 };

/* What read_session reads, in its order. */
#define SESSION_FIELDS \
    "account_id", "csrf", "created_ms", "seen_ms", "epoch", "address", "user_agent"
enum { N_SESSION_FIELDS = 7 };

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

/* Cut between two characters. */
static const char *shortened(struct call *call, const char *text)
{
    size_t len = strnlen(text, USER_AGENT_MAX_BYTES);
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
        len--;
    }
    return arena_strndup(call->arena, text, len);
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
    const char *user_agent = shortened(call, session->user_agent);
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

/* The session that HMGET tells, whose public_id is set. False if there is none or it has ended. */
static bool read_session(const struct redis_reply *reply, const struct session_limits *limits,
                         int64_t now_ms, struct session *session)
{
    check(reply->kind == REDIS_ARRAY && reply->n_items == N_SESSION_FIELDS);
    session->account_id = number_at(reply, 0);
    session->csrf_token = text_at(reply, 1);
    session->created_ms = number_at(reply, 2);
    session->seen_ms = number_at(reply, 3);
    session->epoch = number_at(reply, 4);
    session->address = text_at(reply, 5);
    session->user_agent = text_at(reply, 6);
    return session->account_id != 0 && *session->csrf_token != '\0' &&
           now_ms < session_expires_ms(limits, session);
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

int64_t session_expires_ms(const struct session_limits *limits, const struct session *session)
{
    int64_t idle_ms = session->seen_ms + limits->idle_s * 1000;
    int64_t max_ms = session->created_ms + limits->max_s * 1000;
    return idle_ms < max_ms ? idle_ms : max_ms;
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
    const struct error *err = REDIS_COMMAND(call->redis, &reply, "HMGET",
                                            session_key(call, session.public_id), SESSION_FIELDS);
    if (err) {
        return err;
    }
    int64_t now_ms = clock_wall_us() / 1000;
    if (!read_session(&reply, limits, now_ms, &session)) {
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

struct listing {
    const struct session_limits *limits;
    const char *set;
    struct session *sessions;
    size_t n;
};

/* Takes the ids out of the set whose sessions Redis has forgotten. */
static const struct error *forget(struct call *call, const char *set, const char *const *ids,
                                  size_t n_ids)
{
    const char *args[LIST_BATCH + 2] = {"SREM", set};
    struct redis_reply reply;
    if (n_ids == 0) {
        return NULL;
    }
    memcpy(args + 2, ids, n_ids * sizeof *ids);
    return redis_command(call->redis, n_ids + 2, args, NULL, &reply);
}

/* The living among these public ids are added to the listing. */
static const struct error *read_batch(struct call *call, const struct redis_reply *ids,
                                      size_t n_ids, struct listing *listing)
{
    const char *gone[LIST_BATCH];
    size_t n_gone = 0;
    struct redis_batch_item items[LIST_BATCH];
    struct redis_reply replies[LIST_BATCH];
    int64_t now_ms = clock_wall_us() / 1000;
    for (size_t i = 0; i < n_ids; i++) {
        const char *const command[] = {"HMGET", session_key(call, ids[i].text), SESSION_FIELDS};
        items[i] = (struct redis_batch_item){
            .n_args = sizeof command / sizeof *command,
            .args = arena_memdup(call->arena, command, sizeof command),
        };
    }
    const struct error *err = redis_batch(call->redis, items, n_ids, replies);
    for (size_t i = 0; !err && i < n_ids; i++) {
        struct session session = {.public_id = ids[i].text};
        if (read_session(&replies[i], listing->limits, now_ms, &session)) {
            listing->sessions[listing->n++] = session;
        } else if (session.account_id == 0) {
            gone[n_gone++] = session.public_id;
        }
    }
    return err ? err : forget(call, listing->set, gone, n_gone);
}

static int last_seen_first(const void *a, const void *b)
{
    const struct session *x = a;
    const struct session *y = b;
    if (x->seen_ms != y->seen_ms) {
        return x->seen_ms < y->seen_ms ? 1 : -1;
    }
    return strcmp(x->public_id, y->public_id);
}

const struct error *session_list(struct call *call, const struct session_limits *limits,
                                 int64_t account_id, int64_t epoch, size_t *ret_n,
                                 struct session **ret_sessions)
{
    struct listing listing = {.limits = limits, .set = set_key(call, account_id)};
    struct redis_reply ids;
    const struct error *err = REDIS_COMMAND(call->redis, &ids, "SMEMBERS", listing.set);
    if (err) {
        return err;
    }
    struct session *sessions = arena_alloc(call->arena, (ids.n_items + 1) * sizeof *sessions);
    listing.sessions = sessions;
    for (size_t i = 0; !err && i < ids.n_items; i += LIST_BATCH) {
        size_t n_left = ids.n_items - i;
        err = read_batch(call, ids.items + i, n_left < LIST_BATCH ? n_left : LIST_BATCH, &listing);
    }
    if (err) {
        return err;
    }
    size_t n = 0;
    for (size_t i = 0; i < listing.n; i++) {
        if (sessions[i].account_id == account_id && sessions[i].epoch == epoch) {
            sessions[n++] = sessions[i];
        }
    }
    qsort(sessions, n, sizeof *sessions, last_seen_first);
    *ret_n = n < SESSION_LIST_MAX ? n : SESSION_LIST_MAX;
    *ret_sessions = sessions;
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
