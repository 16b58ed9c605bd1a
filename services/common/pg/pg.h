/*
 * PostgreSQL, the only user of libpq. One `struct pg` is one connection and belongs to one thread.
 * Statements are generated from sql/<name>.sql, prepared on first use, and bound by name: a
 * parameter `:name` takes the extra argument of that name or else the message's field; a column
 * fills the message's field of that name. A lost connection is reopened before the next statement
 * outside a transaction. Every statement runs with the deadline of the call.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/arena/arena.h"
#include "services/common/error/error.h"

/* One named statement: generated. `params[i]` is the name of $i+1. */
struct pg_statement {
    const char *name;
    const char *sql;
    const char *const *params;
    size_t n_params;
};

/* One list in all its orderings: generated from a `:list` statement. */
struct pg_list {
    const char *name;
    const char *const *orderings; /* column = field names, the first is the default */
    size_t n_orderings;
    const char *key; /* the unique field that ends every ordering: "id" unless the statement says
                        otherwise */
    /* [ordering * 4 + descending * 2 + after]; with `after` the parameters after_key and after_id
     * are bound. */
    const struct pg_statement *variants;
};

enum pg_arg_kind { PG_NULL, PG_INT64, PG_BOOL, PG_TEXT, PG_BYTES, PG_INT64S, PG_TEXTS, PG_TIME_US };

struct pg_arg {
    const char *name;
    enum pg_arg_kind kind;
    int64_t number; /* PG_TIME_US: Unix microseconds */
    const void *data;
    size_t len; /* bytes, or number of items */
};

static inline struct pg_arg pg_int64(const char *name, int64_t value)
{
    return (struct pg_arg){.name = name, .kind = PG_INT64, .number = value};
}
static inline struct pg_arg pg_bool(const char *name, bool value)
{
    return (struct pg_arg){.name = name, .kind = PG_BOOL, .number = value};
}
/* NULL text is SQL NULL. */
static inline struct pg_arg pg_text(const char *name, const char *text)
{
    return (struct pg_arg){.name = name, .kind = text ? PG_TEXT : PG_NULL, .data = text};
}
/* An empty or NULL text is SQL NULL: for optional filters. */
static inline struct pg_arg pg_text_or_null(const char *name, const char *text)
{
    return (struct pg_arg){.name = name, .kind = text && *text ? PG_TEXT : PG_NULL, .data = text};
}
static inline struct pg_arg pg_null(const char *name)
{
    return (struct pg_arg){.name = name, .kind = PG_NULL};
}
static inline struct pg_arg pg_bytes(const char *name, const void *data, size_t len)
{
    return (struct pg_arg){
        .name = name, .kind = data ? PG_BYTES : PG_NULL, .data = data, .len = len};
}
static inline struct pg_arg pg_int64s(const char *name, const int64_t *items, size_t n)
{
    return (struct pg_arg){.name = name, .kind = PG_INT64S, .data = items, .len = n};
}
static inline struct pg_arg pg_texts(const char *name, const char *const *items, size_t n)
{
    return (struct pg_arg){.name = name, .kind = PG_TEXTS, .data = items, .len = n};
}
static inline struct pg_arg pg_time_us(const char *name, int64_t unix_us)
{
    return (struct pg_arg){.name = name, .kind = PG_TIME_US, .number = unix_us};
}

/* Where a statement's parameters come from: `extra` first, then the fields of `message` (may be
 * NULL). A parameter that neither has aborts: it is a programming error, met by the test that
 * prepares every statement. A message field that is absent (optional, oneof, message) binds NULL.
 */
struct pg_args {
    const ProtobufCMessage *message;
    const struct pg_arg *extra;
    size_t n_extra;
};
/* PG_ARGS(message, pg_int64("id", 4), ...): a pg_args for one call, at least one extra. */
#define PG_ARGS(msg, ...)                                                              \
    (&(const struct pg_args){.message = (msg),                                         \
                             .extra = (const struct pg_arg[]){__VA_ARGS__},            \
                             .n_extra = sizeof((const struct pg_arg[]){__VA_ARGS__}) / \
                                        sizeof(struct pg_arg)})
#define PG_MESSAGE(msg) (&(const struct pg_args){.message = (msg)})

struct pg;

/* Opens lazily: never fails; the first statement connects, sets search_path to `schema` and
 * application_name. */
struct pg *pg_new(const char *url, const char *application_name, const char *schema);
void pg_free(struct pg *pg);
/* Binds the connection to a call: results and errors go to `arena`; no statement outlives
 * `deadline_us` (monotonic, 0: none). */
void pg_set_call(struct pg *pg, struct arena *arena, int64_t deadline_us);
struct arena *pg_arena(struct pg *pg);

/* No row: *ret_message is NULL and the result is success. More than one row is REASON_INTERNAL. */
MUST_USE const struct error *pg_get(struct pg *pg, const struct pg_statement *stmt,
                                    const struct pg_args *args,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    ProtobufCMessage **ret_message);
/* All rows as messages. */
MUST_USE const struct error *pg_all(struct pg *pg, const struct pg_statement *stmt,
                                    const struct pg_args *args,
                                    const ProtobufCMessageDescriptor *descriptor, size_t *ret_n,
                                    ProtobufCMessage ***ret_messages);
/* Runs; ret_rows (may be NULL) is the number of rows affected or returned. */
MUST_USE const struct error *pg_run(struct pg *pg, const struct pg_statement *stmt,
                                    const struct pg_args *args, int64_t *ret_rows);

/* Rows without a message: values by position, text; for small internal reads. Valid until the
 * arena's reset. */
struct pg_rows {
    void *result;
    int n_rows;
};
MUST_USE const struct error *pg_query(struct pg *pg, const struct pg_statement *stmt,
                                      const struct pg_args *args, struct pg_rows *ret_rows);
bool pg_is_null(const struct pg_rows *rows, int row, int column);
const char *pg_value(const struct pg_rows *rows, int row, int column);   /* "" for NULL */
int64_t pg_value_int64(const struct pg_rows *rows, int row, int column); /* 0 for NULL */
bool pg_value_bool(const struct pg_rows *rows, int row, int column);
const uint8_t *pg_value_bytes(struct pg *pg, const struct pg_rows *rows, int row, int column,
                              size_t *ret_len);

/* Runs fn inside a transaction and commits if it returns NULL, else rolls back. Runs it again, up
 * to 5 times, after a serialization failure or deadlock, so fn must only change the database and
 * its own outputs. A connection lost during COMMIT is COMMIT_UNCERTAIN. Transactions do not nest.
 */
MUST_USE const struct error *pg_transact(struct pg *pg,
                                         const struct error *(*fn)(struct pg *pg, void *ctx),
                                         void *ctx);

/* What a violated constraint means to the caller. */
struct pg_constraint {
    const char *name;
    enum error_reason reason;
    const char *field; /* proto field path at fault, NULL if none */
    const char *detail;
};
/* `err` itself unless it names one of these constraints. err may be NULL. */
const struct error *pg_explain(struct arena *arena, const struct error *err,
                               const struct pg_constraint *constraints, size_t n_constraints);

/* LIKE pattern for "begins with": escapes % _ \ and appends %. NULL for an empty text. */
char *pg_prefix_pattern(struct arena *arena, const char *text);

/* The connection's file-descriptor-level escape hatch for LISTEN, COPY and advisory locks. */
MUST_USE const struct error *pg_execute_sql(struct pg *pg, const char *sql);
/* Waits up to timeout_ms for a NOTIFY on a channel this connection LISTENs to. */
MUST_USE const struct error *pg_wait_notify(struct pg *pg, int timeout_ms, bool *ret_notified);
