/*
 * A call that reads through a pipe, for its tests: the handler is run as a server does, again on
 * the pipe's thread when a row has come. So handlers do not assert.
 */
#pragma once

#include <semaphore.h>
#include <stdint.h>

#include "services/common/pg/pg_pipe.h"
#include "services/common/pg/pg_test.pb-c.h"

enum { ASKER_MAX_ROWS = 5, ASKER_LIMIT_US = 60000000 };

/* All with an id: a row "row <id>" if it is positive; 100 / id; a row after so many milliseconds.
 */
extern const struct pg_statement asker_by_id, asker_divide, asker_slow;

struct asker {
    struct pg *pg;
    struct arena *arena;
    const struct error *(*handler)(struct asker *asker);
    const struct pg_statement *stmt;
    int64_t id;
    const char *text;
    Roost__Pg__Test__Row *rows[ASKER_MAX_ROWS];
    int n_runs;
    const struct error *err;
    sem_t over;
    enum pg_fetch outcome;
    int64_t ended_us;
};

/* Its handler gets the row of this statement with this id. */
struct asker *asker_new(struct pg_pipe *pipe, const struct pg_statement *stmt, int64_t id);
void asker_free(struct asker *asker);
/* For handlers: a row into rows[i]. */
const struct error *asker_get(struct asker *asker, int i, const struct pg_statement *stmt,
                              int64_t id);
/* The handler of a new one: the row into rows[0]. */
const struct error *asker_get_one(struct asker *asker);
/* Begins; its deadline is so far away. */
void asker_start(struct asker *asker, int64_t from_now_us);
/* Waits for what has begun. */
enum pg_fetch asker_end(struct asker *asker);
/* Both. */
enum pg_fetch asker_run(struct asker *asker);
/* Asks until the pipe works: it connects when it is first needed, and again after a pause. */
void asker_rouse(struct pg_pipe *pipe);
/* It is the row of asker_by_id. */
void asker_assert_row(const Roost__Pg__Test__Row *row, int64_t id);
