/*
 * Rows by key for many calls at once, over one connection in pipeline mode. Who asks does not wait:
 * a `struct pg` made by pg_new_piped takes the first pg_get of a handler as a wish and fails it,
 * the handler comes back, pg_fetch sends the wish, and when the row is there the handler is run
 * again and finds it. Many wishes travel in one packet and one wake-up of PostgreSQL, and no thread
 * sleeps for each.
 *
 * It is the quick way, not the sure one: whatever it cannot do (a list, a write, a transaction, a
 * connection that is down, an error of PostgreSQL) is REFUSED and then done by a blocking `struct
 * pg`, which reports what is wrong. So only handlers without side effects run this way. A handler
 * has to ask for the same in each run and leaves the rows as they are.
 *
 * The reads of one packet share a transaction; each sees what was committed when it started. A read
 * that takes long keeps those behind it waiting: pg_get reads one row by a key.
 */
#pragma once

#include "services/common/pg/pg.h"

struct pg_pipe;

/* Starts the pipe's thread. It connects when it is first needed. */
struct pg_pipe *pg_pipe_new(const char *url, const char *application_name, const char *schema);
/* Nothing is under way any more. */
void pg_pipe_free(struct pg_pipe *pipe);
/* Between the two, reads gather for one packet: for somebody who has several at once and does not
 * wait in between. Any thread. */
void pg_pipe_hold(struct pg_pipe *pipe);
void pg_pipe_send(struct pg_pipe *pipe);
/* A connection's face for handlers that must not block. Bind it to each call with pg_set_call,
 * release it with pg_free. */
struct pg *pg_new_piped(struct pg_pipe *pipe);

enum pg_fetch {
    PG_FETCH_NOTHING, /* the handler has had all that it asked for: its outcome counts */
    PG_FETCH_STARTED, /* `arrived` is going to be called, once, on the pipe's thread */
    PG_FETCH_REFUSED, /* the handler asked for what cannot be done this way */
    PG_FETCH_BROKEN,  /* it could be done this way at another time */
};

/* After each run of the handler. `arrived` runs it again. */
enum pg_fetch pg_fetch(struct pg *pg, void (*arrived)(void *ctx), void *ctx);
/* A handler's other wish that cannot be granted without waiting: an outgoing call, say. Returns the
 * error to fail it with. */
MUST_USE const struct error *pg_fetch_refuse(struct pg *pg);
