#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services/common/clock/clock.h"
#include "services/common/pg/pg_pipe.h"
#include "services/common/pg/pg_test.pb-c.h"
#include "services/common/testing/testing.h"

typedef Roost__Pg__Test__Row Row;

#define ROW roost__pg__test__row__descriptor
#define PARAMS(...)                               \
    .params = (const char *const[]){__VA_ARGS__}, \
    .n_params = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

#define WITH_ID(n, text)                         \
    {                                            \
        .name = (n), .sql = (text), PARAMS("id") \
    }

enum { MAX_ROWS = 5, LONG_BYTES = 100000, MANY = 200, FEW = 20, LIMIT_US = 60000000 };

static const struct pg_statement by_id =
    WITH_ID("by_id", "SELECT $1::int8 AS id, 'row ' || $1::int8 AS name WHERE $1::int8 > 0");
static const struct pg_statement divide = WITH_ID("divide", "SELECT 100 / $1::int8 AS id");
static const struct pg_statement slow =
    WITH_ID("slow", "SELECT $1::int8 AS id FROM pg_sleep($1::int8 / 1000.0)");
static const struct pg_statement texts = {
    .name = "texts",
    .sql = "SELECT $1::text AS name, $2::text AS note, $3::bytea AS data",
    PARAMS("name", "note", "data"),
};
static const struct pg_statement insert = {
    .name = "insert",
    .sql = "INSERT INTO thing (name) VALUES ('x')",
};

/* One call: its handler is run as a server does, again on the pipe's thread when a row has come. So
 * handlers do not assert. */
struct asker {
    struct pg *pg;
    struct arena *arena;
    const struct error *(*handler)(struct asker *asker);
    const struct pg_statement *stmt;
    int64_t id;
    const char *text;
    Row *rows[MAX_ROWS];
    int n_runs;
    const struct error *err;
    sem_t over;
    enum pg_fetch outcome;
    int64_t ended_us;
};

static const struct error *get(struct asker *asker, int i, const struct pg_statement *stmt,
                               int64_t id)
{
    ProtobufCMessage *message = NULL;
    const struct error *err =
        pg_get(asker->pg, stmt, PG_ARGS(NULL, pg_int64("id", id)), &ROW, &message);

    if (!err) {
        asker->rows[i] = (Row *)message;
    }
    return err;
}

static const struct error *get_one(struct asker *asker)
{
    return get(asker, 0, asker->stmt, asker->id);
}

static struct asker *asker_new(struct pg_pipe *pipe, const struct pg_statement *stmt, int64_t id)
{
    struct asker *asker = calloc(1, sizeof(*asker));

    assert_non_null(asker);
    asker->pg = pg_new_piped(pipe);
    asker->arena = arena_new(1024);
    asker->handler = get_one;
    asker->stmt = stmt;
    asker->id = id;
    assert_int_equal(sem_init(&asker->over, 0, 0), 0);
    return asker;
}

static void asker_free(struct asker *asker)
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

static void start(struct asker *asker, int64_t from_now_us)
{
    arena_reset(asker->arena);
    pg_set_call(asker->pg, asker->arena, clock_monotonic_us() + from_now_us);
    asker->n_runs = 0;
    asker->rows[0] = NULL;
    step(asker);
}

static enum pg_fetch end(struct asker *asker)
{
    const struct timespec limit = {.tv_sec = (clock_monotonic_us() + LIMIT_US) / 1000000};

    assert_int_equal(sem_clockwait(&asker->over, CLOCK_MONOTONIC, &limit), 0);
    return asker->outcome;
}

static enum pg_fetch run(struct asker *asker)
{
    start(asker, LIMIT_US);
    return end(asker);
}

/* Until the pipe works: it connects when it is first needed, and again after a pause. */
static void get_up(struct pg_pipe *pipe)
{
    struct asker *asker = asker_new(pipe, &by_id, 1);
    int64_t limit_us = clock_monotonic_us() + LIMIT_US;

    while (run(asker) != PG_FETCH_NOTHING) {
        assert_int_equal(asker->outcome, PG_FETCH_BROKEN);
        assert_true(clock_monotonic_us() < limit_us);
        free(testing_select("accounts", "SELECT 1")); /* so that time passes */
    }
    assert_int_equal(asker->rows[0]->id, 1);
    asker_free(asker);
}

static void assert_row(const Row *row, int64_t id)
{
    char name[32];

    assert_non_null(row);
    assert_int_equal(row->id, id);
    snprintf(name, sizeof(name), "row %d", (int)id);
    assert_string_equal(row->name, name);
}

static void second_run_has_the_row_if_there_is_one(void **state)
{
    struct asker *asker = asker_new(*state, &by_id, 7);

    assert_int_equal(run(asker), PG_FETCH_NOTHING);
    assert_null(asker->err);
    assert_int_equal(asker->n_runs, 2);
    assert_row(asker->rows[0], 7);
    asker->id = -1;
    assert_int_equal(run(asker), PG_FETCH_NOTHING);
    assert_null(asker->err);
    assert_int_equal(asker->n_runs, 2);
    assert_null(asker->rows[0]);
    asker_free(asker);
}

/* As many as `id` says, by two statements. */
static const struct error *get_several(struct asker *asker)
{
    const struct error *err = NULL;

    for (int i = 0; i < asker->id && !err; i++) {
        err = get(asker, i, i % 2 ? &divide : &by_id, i + 1);
    }
    return err;
}

static void reads_follow_each_other(void **state)
{
    struct asker *asker = asker_new(*state, &by_id, 4);

    asker->handler = get_several;
    assert_int_equal(run(asker), PG_FETCH_NOTHING);
    assert_null(asker->err);
    assert_int_equal(asker->n_runs, 5);
    assert_row(asker->rows[0], 1);
    assert_int_equal(asker->rows[1]->id, 100 / 2);
    assert_row(asker->rows[2], 3);
    assert_int_equal(asker->rows[3]->id, 100 / 4);
    asker->id = 5;
    assert_int_equal(run(asker), PG_FETCH_REFUSED);
    assert_non_null(asker->err);
    asker_free(asker);
}

/* In the second run: 0: by another statement, 1: another row. */
static const struct error *get_something_else(struct asker *asker)
{
    bool is_second = asker->n_runs == 2;
    return get(asker, 0, is_second && asker->id == 0 ? &divide : &by_id,
               1 + (is_second && asker->id == 1));
}

static void another_second_read_is_refused(void **state)
{
    for (int id = 0; id < 2; id++) {
        struct asker *asker = asker_new(*state, &by_id, id);
        asker->handler = get_something_else;
        assert_int_equal(run(asker), PG_FETCH_REFUSED);
        assert_int_equal(asker->n_runs, 2);
        assert_null(asker->rows[0]);
        asker_free(asker);
    }
}

static const struct error *insert_one(struct pg *pg, void *ctx)
{
    (void)ctx;
    return pg_run(pg, &insert, NULL, NULL);
}

static const struct error *do_what_must_wait(struct asker *asker)
{
    ProtobufCMessage **messages;
    struct pg_rows rows;
    size_t n;

    switch (asker->id) {
    case 0:
        return pg_all(asker->pg, &by_id, PG_ARGS(NULL, pg_int64("id", 1)), &ROW, &n, &messages);
    case 1:
        return pg_run(asker->pg, &insert, NULL, NULL);
    case 2:
        return pg_query(asker->pg, &insert, NULL, &rows);
    case 3:
        return pg_transact(asker->pg, insert_one, NULL);
    case 4:
        return pg_execute_sql(asker->pg, insert.sql);
    default:
        return pg_fetch_refuse(asker->pg);
    }
}

static void what_must_wait_is_refused(void **state)
{
    struct asker *asker = asker_new(*state, &by_id, 0);
    asker->handler = do_what_must_wait;
    char *n;

    for (asker->id = 0; asker->id < 6; asker->id++) {
        assert_int_equal(run(asker), PG_FETCH_REFUSED);
        assert_int_equal(asker->n_runs, 1);
        assert_non_null(asker->err);
    }
    n = testing_select("accounts", "SELECT count(*) FROM thing");
    assert_string_equal(n, "0");
    free(n);
    /* It counts for one call only. */
    asker->handler = get_one;
    assert_int_equal(run(asker), PG_FETCH_NOTHING);
    asker_free(asker);
}

static void many_reads_at_once_get_their_own_rows(void **state)
{
    static struct asker *askers[MANY];

    for (int i = 0; i < MANY; i++) {
        askers[i] = asker_new(*state, &by_id, i % 2 ? i + 1 : 3);
        askers[i]->handler = i % 2 ? get_one : get_several;
    }
    for (int i = 0; i < MANY; i++) {
        start(askers[i], LIMIT_US);
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(end(askers[i]), PG_FETCH_NOTHING);
        assert_int_equal(askers[i]->n_runs, i % 2 ? 2 : 4);
        assert_row(askers[i]->rows[i % 2 ? 0 : 2], i % 2 ? i + 1 : 3);
        asker_free(askers[i]);
    }
}

/* More than the ring holds: what has no place is broken, and nothing else. */
static void too_many_reads_are_broken(void **state)
{
    enum { TOO_MANY = 700 };
    static struct asker *askers[TOO_MANY];
    struct asker *first = asker_new(*state, &slow, 300);
    int n_broken = 0;

    start(first, LIMIT_US);
    for (int i = 0; i < TOO_MANY; i++) {
        askers[i] = asker_new(*state, &by_id, i + 1);
        start(askers[i], LIMIT_US);
    }
    assert_int_equal(end(first), PG_FETCH_NOTHING);
    for (int i = 0; i < TOO_MANY; i++) {
        if (end(askers[i]) == PG_FETCH_NOTHING) {
            assert_row(askers[i]->rows[0], i + 1);
        } else {
            assert_int_equal(askers[i]->outcome, PG_FETCH_BROKEN);
            n_broken++;
        }
        asker_free(askers[i]);
    }
    assert_in_range(n_broken, 1, TOO_MANY - 1);
    asker_free(first);
}

static void pipe_to_nobody_is_broken(void **state)
{
    static const char *const urls[] = {
        "postgresql:///roost?host=/nonexistent",
        "not a url at all =",
        "postgresql://127.0.0.1:1/roost",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct pg_pipe *pipe = pg_pipe_new(urls[i], "pipe", "accounts");
        struct asker *asker = asker_new(pipe, &by_id, 1);

        for (int n = 0; n < 20; n++) {
            assert_int_equal(run(asker), PG_FETCH_BROKEN);
            assert_int_equal(asker->n_runs, 1);
            free(testing_select("accounts", "SELECT 1")); /* so that time passes */
        }
        asker_free(asker);
        pg_pipe_free(pipe);
    }
}

/* The slow one keeps the pipe busy until all others are sent, in several packets. */
static void refused_statement_breaks_its_packet_only(void **state)
{
    struct asker *first = asker_new(*state, &slow, 200);
    struct asker *askers[FEW];

    start(first, LIMIT_US);
    for (int i = 0; i < FEW; i++) {
        bool is_bad = i == FEW / 2;

        askers[i] = asker_new(*state, is_bad ? &divide : &by_id, is_bad ? 0 : i + 1);
        start(askers[i], LIMIT_US);
    }
    assert_int_equal(end(first), PG_FETCH_NOTHING);
    for (int i = 0; i < FEW; i++) {
        bool is_well = end(askers[i]) == PG_FETCH_NOTHING;

        assert_true(i == FEW / 2 ? !is_well : is_well || (i > FEW / 2 && i < FEW - 1));
        if (is_well) {
            assert_row(askers[i]->rows[0], i + 1);
        }
        asker_free(askers[i]);
    }
    asker_free(first);
    get_up(*state);
}

static void kill_backend(void)
{
    testing_execute("accounts", "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                                "WHERE application_name = 'pipe'");
}

static void wait_until_it_sleeps(void)
{
    int64_t limit_us = clock_monotonic_us() + LIMIT_US;
    bool sleeps = false;

    while (!sleeps) {
        char *n = testing_select("accounts", "SELECT count(*) FROM pg_stat_activity WHERE "
                                             "application_name = 'pipe' AND "
                                             "wait_event = 'PgSleep'");

        sleeps = strcmp(n, "1") == 0;
        free(n);
        assert_true(clock_monotonic_us() < limit_us);
    }
}

static void killed_while_idle_works_again(void **state)
{
    struct asker *asker = asker_new(*state, &by_id, 1);

    kill_backend();
    assert_int_equal(run(asker), PG_FETCH_BROKEN);
    asker_free(asker);
    get_up(*state);
}

static void killed_while_it_reads_ends_every_read(void **state)
{
    struct asker *first = asker_new(*state, &slow, 20000);
    struct asker *askers[FEW];

    start(first, LIMIT_US);
    for (int i = 0; i < FEW; i++) {
        askers[i] = asker_new(*state, &by_id, i + 1);
        start(askers[i], LIMIT_US);
    }
    wait_until_it_sleeps();
    kill_backend();
    assert_int_equal(end(first), PG_FETCH_BROKEN);
    for (int i = 0; i < FEW; i++) {
        assert_int_equal(end(askers[i]), PG_FETCH_BROKEN);
        asker_free(askers[i]);
    }
    asker_free(first);
    get_up(*state);
}

static void late_read_ends_at_its_deadline(void **state)
{
    struct asker *late = asker_new(*state, &slow, 20000);
    struct asker *quick = asker_new(*state, &by_id, 1);
    int64_t start_us = clock_monotonic_us();
    int64_t late_us;

    start(late, 100000);
    start(quick, LIMIT_US);
    assert_int_equal(end(late), PG_FETCH_BROKEN);
    late_us = late->ended_us;
    asker_free(late);
    assert_true(late_us - start_us >= 100000);
    /* Then the connection is given up. */
    assert_int_equal(end(quick), PG_FETCH_BROKEN);
    assert_true(quick->ended_us - late_us > 200000);
    assert_true(quick->ended_us - start_us < 15000000);
    asker_free(quick);
    get_up(*state);
}

static void read_behind_a_late_one_gets_its_row(void **state)
{
    struct asker *late = asker_new(*state, &slow, 400);
    struct asker *quick = asker_new(*state, &by_id, 5);

    start(late, 1000);
    start(quick, LIMIT_US);
    assert_int_equal(end(late), PG_FETCH_BROKEN);
    asker_free(late); /* its answer is still to come */
    assert_int_equal(end(quick), PG_FETCH_NOTHING);
    assert_row(quick->rows[0], 5);
    asker_free(quick);
}

static void row_that_does_not_fit_is_broken(void **state)
{
    static const struct pg_statement stmts[] = {
        {.name = "large", .sql = "SELECT 3000000000::int8 AS small"},
        {.name = "nameless", .sql = "SELECT 1::int8 AS nonexistent"},
        {.name = "type", .sql = "SELECT 1::int8 AS name"},
        {.name = "two", .sql = "SELECT n::int8 AS id FROM generate_series(1, 2) n"},
    };
    struct asker *asker = asker_new(*state, NULL, 1);
    /* The connection does not suffer, and nobody sees the row of the call before. */
    for (size_t i = 0; i < sizeof(stmts) / sizeof(stmts[0]); i++) {
        asker->stmt = &by_id;
        assert_int_equal(run(asker), PG_FETCH_NOTHING);
        asker->stmt = &stmts[i];
        assert_int_equal(run(asker), PG_FETCH_BROKEN);
        assert_int_equal(asker->n_runs, 2);
        assert_null(asker->rows[0]);
    }
    asker_free(asker);
}

static void pipe_is_freed_at_any_time(void **state)
{
    struct pg_pipe *pipe = pg_pipe_new(testing_pg_url("roost_accounts"), "freed", "accounts");
    struct asker *asker;

    (void)state;
    pg_pipe_free(pipe);
    pg_pipe_free(NULL);
    /* On its way to the first connection. */
    pipe = pg_pipe_new(testing_pg_url("roost_accounts"), "freed", "accounts");
    asker = asker_new(pipe, &by_id, 1);
    assert_int_equal(run(asker), PG_FETCH_BROKEN);
    asker_free(asker);
    pg_pipe_free(pipe);
    /* Right after its last row. */
    pipe = pg_pipe_new(testing_pg_url("roost_accounts"), "freed", "accounts");
    get_up(pipe);
    pg_pipe_free(pipe);
}

/* The parameters are gone with the handler, as they are when they lie on its stack. */
static const struct error *get_texts(struct asker *asker)
{
    char *text = asker->text ? strdup(asker->text) : NULL;
    size_t len = text ? strlen(text) : 0;
    ProtobufCMessage *message = NULL;
    const struct error *err = pg_get(
        asker->pg, &texts,
        PG_ARGS(NULL, pg_text("name", text), pg_text("note", text), pg_bytes("data", text, len)),
        &ROW, &message);

    free(text);
    asker->rows[0] = err ? NULL : (Row *)message;
    return err;
}

static void assert_texts(const Row *row, const char *text)
{
    assert_non_null(row);
    assert_string_equal(row->name, text ? text : "");
    assert_int_equal(row->_note_case, text ? ROOST__PG__TEST__ROW___NOTE_NOTE : 0);
    assert_int_equal(row->data.len, text ? strlen(text) : 0);
    if (text) {
        assert_string_equal(row->note, text);
        assert_memory_equal(row->data.data, text, row->data.len);
    }
}

static void texts_of_all_lengths_come_back(void **state)
{
    static char long_text[LONG_BYTES + 1];
    const char *const values[] = {NULL, "", long_text, "x"};
    struct asker *askers[FEW];

    memset(long_text, 'y', LONG_BYTES);
    for (int i = 0; i < FEW; i++) {
        askers[i] = asker_new(*state, &by_id, 0);
        askers[i]->handler = get_texts;
        askers[i]->text = values[i % 4];
        start(askers[i], LIMIT_US);
    }
    for (int i = 0; i < FEW; i++) {
        assert_int_equal(end(askers[i]), PG_FETCH_NOTHING);
        assert_texts(askers[i]->rows[0], values[i % 4]);
        asker_free(askers[i]);
    }
}

static int set_up_group(void **state)
{
    (void)state;
    testing_migrate("accounts", NULL, 0);
    testing_execute("accounts",
                    "CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, name text);"
                    "GRANT ALL ON thing TO roost_accounts");
    return 0;
}

static int set_up(void **state)
{
    *state = pg_pipe_new(testing_pg_url("roost_accounts"), "pipe", "accounts");
    get_up(*state);
    return 0;
}

static int tear_down(void **state)
{
    pg_pipe_free(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(second_run_has_the_row_if_there_is_one),
        TEST(reads_follow_each_other),
        TEST(another_second_read_is_refused),
        TEST(what_must_wait_is_refused),
        TEST(many_reads_at_once_get_their_own_rows),
        TEST(too_many_reads_are_broken),
        cmocka_unit_test(pipe_to_nobody_is_broken),
        TEST(refused_statement_breaks_its_packet_only),
        TEST(killed_while_idle_works_again),
        TEST(killed_while_it_reads_ends_every_read),
        TEST(late_read_ends_at_its_deadline),
        TEST(read_behind_a_late_one_gets_its_row),
        TEST(row_that_does_not_fit_is_broken),
        cmocka_unit_test(pipe_is_freed_at_any_time),
        TEST(texts_of_all_lengths_come_back),
    };
    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
