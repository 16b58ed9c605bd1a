#include "services/common/pg/testing/asker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "services/common/clock/clock.h"
#include "services/common/testing/testing.h"

#define WITH_ID(n, text)                                                                 \
    {                                                                                    \
        .name = (n), .sql = (text), .params = (const char *const[]){"id"}, .n_params = 1 \
    }

const struct pg_statement asker_by_id =
    WITH_ID("by_id", "SELECT $1::int8 AS id, 'row ' || $1::int8 AS name WHERE $1::int8 > 0");
const struct pg_statement asker_divide = WITH_ID("divide", "SELECT 100 / $1::int8 AS id");
const struct pg_statement asker_slow =
    WITH_ID("slow", "SELECT $1::int8 AS id FROM pg_sleep($1::int8 / 1000.0)");

const struct error *asker_get(struct asker *asker, int i, const struct pg_statement *stmt,
                              int64_t id)
{
    ProtobufCMessage *message = NULL;
    const struct error *err = pg_get(asker->pg, stmt, PG_ARGS(NULL, pg_int64("id", id)),
                                     &roost__pg__test__row__descriptor, &message);

    if (!err) {
        asker->rows[i] = (Roost__Pg__Test__Row *)message;
    }
    return err;
}

const struct error *asker_get_one(struct asker *asker)
{
    return asker_get(asker, 0, asker->stmt, asker->id);
}

struct asker *asker_new(struct pg_pipe *pipe, const struct pg_statement *stmt, int64_t id)
{
    struct asker *asker = calloc(1, sizeof(*asker));

    assert_non_null(asker);
    asker->pg = pg_new_piped(pipe);
    asker->arena = arena_new(1024);
    asker->handler = asker_get_one;
    asker->stmt = stmt;
    asker->id = id;
    assert_int_equal(sem_init(&asker->over, 0, 0), 0);
    return asker;
}

void asker_free(struct asker *asker)
{
    pg_free(asker->pg);
    arena_free(asker->arena);
    sem_destroy(&asker->over);
    free(asker);
}

static void step(void *ptr)
{
    struct asker *asker = ptr;
    enum pg_fetch outcome;

    asker->n_runs++;
    asker->err = asker->handler(asker);
    outcome = pg_fetch(asker->pg, step, asker);
    if (outcome == PG_FETCH_STARTED) {
        return;
    }
    asker->outcome = outcome;
    asker->ended_us = clock_monotonic_us();
    sem_post(&asker->over);
}

void asker_start(struct asker *asker, int64_t from_now_us)
{
    arena_reset(asker->arena);
    pg_set_call(asker->pg, asker->arena, clock_monotonic_us() + from_now_us);
    asker->n_runs = 0;
    asker->rows[0] = NULL;
    step(asker);
}

enum pg_fetch asker_end(struct asker *asker)
{
    const struct timespec limit = {.tv_sec = (clock_monotonic_us() + ASKER_LIMIT_US) / 1000000};

    assert_int_equal(sem_clockwait(&asker->over, CLOCK_MONOTONIC, &limit), 0);
    return asker->outcome;
}

enum pg_fetch asker_run(struct asker *asker)
{
    asker_start(asker, ASKER_LIMIT_US);
    return asker_end(asker);
}

void asker_rouse(struct pg_pipe *pipe)
{
    struct asker *asker = asker_new(pipe, &asker_by_id, 1);
    int64_t limit_us = clock_monotonic_us() + ASKER_LIMIT_US;

    while (asker_run(asker) != PG_FETCH_NOTHING) {
        assert_int_equal(asker->outcome, PG_FETCH_BROKEN);
        assert_true(clock_monotonic_us() < limit_us);
        free(testing_select("accounts", "SELECT 1")); /* so that time passes */
    }
    assert_int_equal(asker->rows[0]->id, 1);
    asker_free(asker);
}

void asker_assert_row(const Roost__Pg__Test__Row *row, int64_t id)
{
    char name[32];

    assert_non_null(row);
    assert_int_equal(row->id, id);
    snprintf(name, sizeof(name), "row %d", (int)id);
    assert_string_equal(row->name, name);
}
