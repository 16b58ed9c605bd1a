/*
 * Redis, the only user of hiredis. One `struct redis` is one connection and belongs to one thread;
 * a lost connection is reopened at the next command. URL: redis://[user:password@]host:port[/db] or
 * unix:///path[?password=...&db=n].
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "services/common/arena/arena.h"
#include "services/common/error/error.h"

struct redis;

enum redis_kind { REDIS_NIL, REDIS_TEXT, REDIS_INTEGER, REDIS_ARRAY, REDIS_REPLY_ERROR };

struct redis_reply {
    enum redis_kind kind;
    int64_t integer;
    const char *text; /* NUL-terminated; may hold NULs, see len */
    size_t len;
    const struct redis_reply *items;
    size_t n_items;
};

/* Opens lazily. timeout_ms bounds connect and each command. */
struct redis *redis_new(const char *url, int timeout_ms);
void redis_free(struct redis *redis);
void redis_set_arena(struct redis *redis, struct arena *arena);

/* One command; binary safe where lens is given (NULL: strings). An error reply is REASON_INTERNAL
 * with the cause, a lost connection REDIS_UNAVAILABLE. */
MUST_USE const struct error *redis_command(struct redis *redis, size_t n_args,
                                           const char *const *args, const size_t *lens,
                                           struct redis_reply *ret_reply);
/* Several commands in one round trip; stops at a lost connection, not at an error reply. */
struct redis_batch_item {
    size_t n_args;
    const char *const *args;
    const size_t *lens;
};
MUST_USE const struct error *redis_batch(struct redis *redis, const struct redis_batch_item *items,
                                         size_t n_items, struct redis_reply *ret_replies);
#define REDIS_COMMAND(redis, reply, ...)                                                      \
    redis_command((redis), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), \
                  (const char *const[]){__VA_ARGS__}, NULL, (reply))
