#include "services/common/redis/redis.h"

/* hiredis uses the same name for a number of its own. */
static const enum redis_kind kind_error = REDIS_REPLY_ERROR;

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "services/common/redis/redis_url.h"

enum { MAX_DEPTH = 8 };

struct redis {
    char *url;
    int timeout_ms;
    struct arena *arena;
    redisContext *context;
};

struct redis *redis_new(const char *url, int timeout_ms)
{
    struct redis *redis = calloc(1, sizeof(*redis));
    check(redis);
    redis->url = strdup(url);
    check(redis->url);
    redis->timeout_ms = timeout_ms;
    return redis;
}

static void disconnect(struct redis *redis)
{
    if (redis->context) {
        redisFree(redis->context);
        redis->context = NULL;
    }
}

void redis_free(struct redis *redis)
{
    if (!redis) {
        return;
    }
    disconnect(redis);
    explicit_bzero(redis->url, strlen(redis->url));
    free(redis->url);
    free(redis);
}

void redis_set_arena(struct redis *redis, struct arena *arena)
{
    redis->arena = arena;
}

static const struct error *unavailable(struct redis *redis, const char *what, const char *cause)
{
    const struct error *err = error_new(redis->arena, REASON_REDIS_UNAVAILABLE,
                                        "The session and event store is not available.");
    return error_with_cause(redis->arena, err, "redis: %s: %s", what, cause);
}

/* Ends the connection: what is still in it belongs to nobody. */
static const struct error *lost(struct redis *redis, const char *what)
{
    const char *text =
        redis->context && redis->context->errstr[0] ? redis->context->errstr : "connection lost";
    const struct error *err = unavailable(redis, what, text);
    disconnect(redis);
    return err;
}

static const struct error *run_setup(struct redis *redis, int n_args, const char **args)
{
    redisReply *reply = redisCommandArgv(redis->context, n_args, args, NULL);
    if (!reply) {
        return lost(redis, args[0]);
    }
    const struct error *err = NULL;
    if (reply->type == REDIS_REPLY_ERROR) {
        err = unavailable(redis, args[0], arena_strndup(redis->arena, reply->str, reply->len));
        disconnect(redis);
    }
    freeReplyObject(reply);
    return err;
}

static const struct error *set_up(struct redis *redis, const struct redis_url *url)
{
    const struct error *err = NULL;
    if (url->password && url->user) {
        err = run_setup(redis, 3, (const char *[]){"AUTH", url->user, url->password});
    } else if (url->password) {
        err = run_setup(redis, 2, (const char *[]){"AUTH", url->password});
    }
    if (!err && url->db) {
        err = run_setup(redis, 2, (const char *[]){"SELECT", url->db});
    }
    return err;
}

/* Whether the other end has closed an idle connection: then nothing sent on it would arrive, and a
 * new one is safe. */
static bool is_closed(const redisContext *context)
{
    char byte;
    ssize_t n = recv(context->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static const struct error *connect_if_needed(struct redis *redis)
{
    if (redis->context && is_closed(redis->context)) {
        disconnect(redis);
    }
    if (redis->context) {
        return NULL;
    }
    struct redis_url url;
    if (!redis_url_parse(redis->arena, redis->url, &url)) {
        return unavailable(redis, "connect", "the Redis URL is not valid");
    }
    const struct timeval timeout = {.tv_sec = redis->timeout_ms / 1000,
                                    .tv_usec = redis->timeout_ms % 1000 * 1000};
    redis->context = url.path ? redisConnectUnixWithTimeout(url.path, timeout)
                              : redisConnectWithTimeout(url.host, url.port, timeout);
    if (!redis->context || redis->context->err ||
        redisSetTimeout(redis->context, timeout) != REDIS_OK) {
        return lost(redis, "connect");
    }
    return set_up(redis, &url);
}

static void copy_reply(struct redis *redis, const redisReply *from, struct redis_reply *to,
                       int depth)
{
    *to = (struct redis_reply){.kind = REDIS_NIL, .text = ""};
    switch (from->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
        to->kind = from->type == REDIS_REPLY_ERROR ? kind_error : REDIS_TEXT;
        to->len = (size_t)from->len;
        to->text = arena_strndup(redis->arena, from->str, to->len);
        break;
    case REDIS_REPLY_INTEGER:
        to->kind = REDIS_INTEGER;
        to->integer = from->integer;
        break;
    case REDIS_REPLY_ARRAY: {
        if (depth == MAX_DEPTH) {
            break;
        }
        struct redis_reply *items =
            arena_alloc(redis->arena, (from->elements + 1) * sizeof(*items));
        for (size_t i = 0; i < from->elements; i++) {
            copy_reply(redis, from->element[i], &items[i], depth + 1);
        }
        to->kind = REDIS_ARRAY;
        to->items = items;
        to->n_items = from->elements;
        break;
    }
    default:
        break;
    }
}

const struct error *redis_batch(struct redis *redis, const struct redis_batch_item *items,
                                size_t n_items, struct redis_reply *ret_replies)
{
    const struct error *err = connect_if_needed(redis);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < n_items; i++) {
        if (redisAppendCommandArgv(redis->context, (int)items[i].n_args,
                                   (const char **)items[i].args, items[i].lens) != REDIS_OK) {
            return lost(redis, items[i].args[0]);
        }
    }
    for (size_t i = 0; i < n_items; i++) {
        void *reply = NULL;
        if (redisGetReply(redis->context, &reply) != REDIS_OK || !reply) {
            return lost(redis, items[i].args[0]);
        }
        copy_reply(redis, reply, &ret_replies[i], 0);
        freeReplyObject(reply);
    }
    return NULL;
}

const struct error *redis_command(struct redis *redis, size_t n_args, const char *const *args,
                                  const size_t *lens, struct redis_reply *ret_reply)
{
    const struct redis_batch_item item = {.n_args = n_args, .args = args, .lens = lens};
    struct redis_reply reply;
    const struct error *err = redis_batch(redis, &item, 1, &reply);
    if (err) {
        return err;
    }
    if (reply.kind == kind_error) {
        return error_internal(redis->arena, "redis: %s: %s", args[0], reply.text);
    }
    *ret_reply = reply;
    return NULL;
}
