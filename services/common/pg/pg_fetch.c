#include <stdlib.h>
#include <string.h>

#include "services/common/pg/pg_internal.h"

struct pg *pg_new_piped(struct pg_pipe *pipe)
{
    struct pg *pg = calloc(1, sizeof(*pg));
    struct pg_wishes *wishes = calloc(1, sizeof(*wishes));

    check(pg && wishes);
    wishes->pipe = pipe;
    pg->wishes = wishes;
    return pg;
}

/* What a handler is told that cannot have its row in this run; nobody else sees it. */
static const struct error not_here = {
    .code = ERROR_INTERNAL,
    .reason = "NOT_HERE",
    .detail = "The row is being fetched.",
};

const struct error *pg_fetch_refuse(struct pg *pg)
{
    pg->wishes->is_refused = true;
    return &not_here;
}

/* The handler has returned when the read is sent: what it lent from its stack is copied. Returns
 * the number of bytes. */
static size_t keep_values(struct arena *arena, const struct pg_statement *stmt,
                          struct pg_bound *bound)
{
    size_t n_bytes = 0;

    for (size_t i = 0; i < stmt->n_params; i++) {
        if (bound->values[i]) {
            size_t len = bound->formats[i] ? (size_t)bound->lengths[i] : strlen(bound->values[i]);

            bound->values[i] = arena_strndup(arena, bound->values[i], len);
            bound->lengths[i] = (int)len;
            n_bytes += len;
        }
    }
    return n_bytes;
}

/* Whether this is what the handler asked for in its first run. */
static bool is_same(struct arena *arena, const struct pg_granted *granted,
                    const struct pg_statement *stmt, const struct pg_args *args,
                    const ProtobufCMessageDescriptor *descriptor)
{
    struct pg_bound bound;

    if (granted->stmt != stmt || granted->descriptor != descriptor) {
        return false;
    }
    pg_bind(arena, stmt, args, &bound);
    for (size_t i = 0; i < stmt->n_params; i++) {
        const char *value = bound.values[i];
        const char *before = granted->bound.values[i];

        if (!value || !before) {
            if (value != before) {
                return false;
            }
            continue;
        }
        size_t len = bound.formats[i] ? (size_t)bound.lengths[i] : strlen(value);

        if (len != (size_t)granted->bound.lengths[i] || memcmp(value, before, len) != 0) {
            return false;
        }
    }
    return true;
}

const struct error *pg_wishes_get(struct pg *pg, const struct pg_statement *stmt,
                                  const struct pg_args *args,
                                  const ProtobufCMessageDescriptor *descriptor,
                                  ProtobufCMessage **ret_message)
{
    struct pg_wishes *wishes = pg->wishes;

    if (wishes->n_used < wishes->n_granted) {
        struct pg_granted *granted = &wishes->granted[wishes->n_used++];

        if (!is_same(pg->arena, granted, stmt, args, descriptor)) {
            return pg_fetch_refuse(pg);
        }
        *ret_message = granted->message;
        return NULL;
    }
    if (wishes->n_granted == PG_MAX_GRANTED) {
        return pg_fetch_refuse(pg);
    }
    if (!wishes->is_wanted && !wishes->is_broken) {
        struct pg_granted *granted = &wishes->granted[wishes->n_granted];

        wishes->is_wanted = true;
        granted->stmt = stmt;
        granted->descriptor = descriptor;
        pg_bind(pg->arena, stmt, args, &granted->bound);
        wishes->read.stmt = stmt;
        wishes->read.bound = &granted->bound;
        wishes->read.n_bytes = keep_values(pg->arena, stmt, &granted->bound);
    }
    return &not_here;
}

/* On the pipe's thread. */
static void take_row(struct pg_read *read)
{
    struct pg *pg = read->pg;
    struct pg_wishes *wishes = pg->wishes;
    struct pg_granted *granted = &wishes->granted[wishes->n_granted];

    wishes->is_wanted = false;
    wishes->n_used = 0;
    wishes->is_broken =
        !read->result || pg_decode_one(pg, read->prepared, read->result, granted->descriptor,
                                       &granted->message) != NULL;
    /* A row that did not come is none: what stands there is of an earlier call. */
    wishes->n_granted += !wishes->is_broken;
    wishes->arrived(wishes->ctx);
}

enum pg_fetch pg_fetch(struct pg *pg, void (*arrived)(void *ctx), void *ctx)
{
    struct pg_wishes *wishes = pg->wishes;

    if (wishes->is_refused) {
        return PG_FETCH_REFUSED;
    }
    if (wishes->is_broken) {
        return PG_FETCH_BROKEN;
    }
    if (!wishes->is_wanted) {
        return PG_FETCH_NOTHING;
    }
    wishes->arrived = arrived;
    wishes->ctx = ctx;
    wishes->read.pg = pg;
    wishes->read.deadline_us = pg->deadline_us;
    wishes->read.done = take_row;
    return pg_pipe_submit(wishes->pipe, &wishes->read) ? PG_FETCH_STARTED : PG_FETCH_BROKEN;
}

void pg_wishes_reset(struct pg_wishes *wishes)
{
    wishes->n_granted = 0;
    wishes->n_used = 0;
    wishes->is_wanted = false;
    wishes->is_refused = false;
    wishes->is_broken = false;
}
