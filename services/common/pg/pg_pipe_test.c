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
#include "services/common/pg/testing/asker.h"
#include "services/common/testing/testing.h"

#define PARAMS(...)                               \
    .params = (const char *const[]){__VA_ARGS__}, \
    .n_params = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

enum { LONG_BYTES = 100000, MANY = 200, FEW = 20 };

static const struct pg_statement texts = {
    .name = "texts",
    .sql = "SELECT $1::text AS name, $2::text AS note, $3::bytea AS data",
    PARAMS("name", "note", "data"),
};
static const struct pg_statement insert = {
    .name = "insert",
    .sql = "INSERT INTO thing (name) VALUES ('x')",
};

static void second_run_has_the_row_if_there_is_one(void **state)
{
    struct asker *asker = asker_new(*state, &asker_by_id, 7);

    assert_int_equal(asker_run(asker), PG_FETCH_NOTHING);
    assert_null(asker->err);
    assert_int_equal(asker->n_runs, 2);
    asker_assert_row(asker->rows[0], 7);
    asker->id = -1;
    assert_int_equal(asker_run(asker), PG_FETCH_NOTHING);
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
        err = asker_get(asker, i, i % 2 ? &asker_divide : &asker_by_id, i + 1);
    }
    return err;
}

static void reads_follow_each_other(void **state)
{
    struct asker *asker = asker_new(*state, &asker_by_id, 4);

    asker->handler = get_several;
    assert_int_equal(asker_run(asker), PG_FETCH_NOTHING);
    assert_null(asker->err);
    assert_int_equal(asker->n_runs, 5);
    asker_assert_row(asker->rows[0], 1);
    assert_int_equal(asker->rows[1]->id, 100 / 2);
    asker_assert_row(asker->rows[2], 3);
    assert_int_equal(asker->rows[3]->id, 100 / 4);
    asker->id = 5;
    assert_int_equal(asker_run(asker), PG_FETCH_REFUSED);
    assert_non_null(asker->err);
    asker_free(asker);
}

/* In the second run: 0: by another statement, 1: another row. */
static const struct error *get_something_else(struct asker *asker)
{
    bool is_second = asker->n_runs == 2;
    return asker_get(asker, 0, is_second && asker->id == 0 ? &asker_divide : &asker_by_id,
                     1 + (is_second && asker->id == 1));
}

static void another_second_read_is_refused(void **state)
{
    for (int id = 0; id < 2; id++) {
        struct asker *asker = asker_new(*state, &asker_by_id, id);
        asker->handler = get_something_else;
        assert_int_equal(asker_run(asker), PG_FETCH_REFUSED);
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
        return pg_all(asker->pg, &asker_by_id, PG_ARGS(NULL, pg_int64("id", 1)),
                      &roost__pg__test__row__descriptor, &n, &messages);
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
    struct asker *asker = asker_new(*state, &asker_by_id, 0);
    asker->handler = do_what_must_wait;
    char *n;

    for (asker->id = 0; asker->id < 6; asker->id++) {
        assert_int_equal(asker_run(asker), PG_FETCH_REFUSED);
        assert_int_equal(asker->n_runs, 1);
        assert_non_null(asker->err);
    }
    n = testing_select("accounts", "SELECT count(*) FROM thing");
    assert_string_equal(n, "0");
    free(n);
    /* It counts for one call only. */
    asker->handler = asker_get_one;
    assert_int_equal(asker_run(asker), PG_FETCH_NOTHING);
    asker_free(asker);
}

static void many_reads_at_once_get_their_own_rows(void **state)
{
    static struct asker *askers[MANY];

    for (int i = 0; i < MANY; i++) {
        askers[i] = asker_new(*state, &asker_by_id, i % 2 ? i + 1 : 3);
        askers[i]->handler = i % 2 ? asker_get_one : get_several;
    }
    for (int i = 0; i < MANY; i++) {
        asker_start(askers[i], ASKER_LIMIT_US);
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(asker_end(askers[i]), PG_FETCH_NOTHING);
        assert_int_equal(askers[i]->n_runs, i % 2 ? 2 : 4);
        asker_assert_row(askers[i]->rows[i % 2 ? 0 : 2], i % 2 ? i + 1 : 3);
        asker_free(askers[i]);
    }
}

/* More than the ring holds: what has no place is broken, and nothing else. */
static void too_many_reads_are_broken(void **state)
{
    enum { TOO_MANY = 700 };
    static struct asker *askers[TOO_MANY];
    struct asker *first = asker_new(*state, &asker_slow, 300);
    int n_broken = 0;

    asker_start(first, ASKER_LIMIT_US);
    for (int i = 0; i < TOO_MANY; i++) {
        askers[i] = asker_new(*state, &asker_by_id, i + 1);
        asker_start(askers[i], ASKER_LIMIT_US);
    }
    assert_int_equal(asker_end(first), PG_FETCH_NOTHING);
    for (int i = 0; i < TOO_MANY; i++) {
        if (asker_end(askers[i]) == PG_FETCH_NOTHING) {
            asker_assert_row(askers[i]->rows[0], i + 1);
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
        struct asker *asker = asker_new(pipe, &asker_by_id, 1);

        for (int n = 0; n < 20; n++) {
            assert_int_equal(asker_run(asker), PG_FETCH_BROKEN);
            assert_int_equal(asker->n_runs, 1);
            free(testing_select("accounts", "SELECT 1")); /* so that time passes */
        }
        asker_free(asker);
        pg_pipe_free(pipe);
    }
}

static void kill_backend(void)
{
    testing_execute("accounts", "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                                "WHERE application_name = 'pipe'");
}

static void wait_until_it_sleeps(void)
{
    int64_t limit_us = clock_monotonic_us() + ASKER_LIMIT_US;
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
    struct asker *asker = asker_new(*state, &asker_by_id, 1);

    kill_backend();
    assert_int_equal(asker_run(asker), PG_FETCH_BROKEN);
    asker_free(asker);
    asker_rouse(*state);
}

static void killed_while_it_reads_ends_every_read(void **state)
{
    struct asker *first = asker_new(*state, &asker_slow, 20000);
    struct asker *askers[FEW];

    asker_start(first, ASKER_LIMIT_US);
    for (int i = 0; i < FEW; i++) {
        askers[i] = asker_new(*state, &asker_by_id, i + 1);
        asker_start(askers[i], ASKER_LIMIT_US);
    }
    wait_until_it_sleeps();
    kill_backend();
    assert_int_equal(asker_end(first), PG_FETCH_BROKEN);
    for (int i = 0; i < FEW; i++) {
        assert_int_equal(asker_end(askers[i]), PG_FETCH_BROKEN);
        asker_free(askers[i]);
    }
    asker_free(first);
    asker_rouse(*state);
}

static void late_read_ends_at_its_deadline(void **state)
{
    struct asker *late = asker_new(*state, &asker_slow, 20000);
    struct asker *quick = asker_new(*state, &asker_by_id, 1);
    int64_t start_us = clock_monotonic_us();
    int64_t late_us;

    asker_start(late, 100000);
    asker_start(quick, ASKER_LIMIT_US);
    assert_int_equal(asker_end(late), PG_FETCH_BROKEN);
    late_us = late->ended_us;
    asker_free(late);
    assert_true(late_us - start_us >= 100000);
    /* Then the connection is given up. */
    assert_int_equal(asker_end(quick), PG_FETCH_BROKEN);
    assert_true(quick->ended_us - late_us > 200000);
    assert_true(quick->ended_us - start_us < 15000000);
    asker_free(quick);
    asker_rouse(*state);
}

static void read_behind_a_late_one_gets_its_row(void **state)
{
    struct asker *late = asker_new(*state, &asker_slow, 400);
    struct asker *quick = asker_new(*state, &asker_by_id, 5);

    asker_start(late, 1000);
    asker_start(quick, ASKER_LIMIT_US);
    assert_int_equal(asker_end(late), PG_FETCH_BROKEN);
    asker_free(late); /* its answer is still to come */
    assert_int_equal(asker_end(quick), PG_FETCH_NOTHING);
    asker_assert_row(quick->rows[0], 5);
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
        asker->stmt = &asker_by_id;
        assert_int_equal(asker_run(asker), PG_FETCH_NOTHING);
        asker->stmt = &stmts[i];
        assert_int_equal(asker_run(asker), PG_FETCH_BROKEN);
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
    asker = asker_new(pipe, &asker_by_id, 1);
    assert_int_equal(asker_run(asker), PG_FETCH_BROKEN);
    asker_free(asker);
    pg_pipe_free(pipe);
    /* Right after its last row. */
    pipe = pg_pipe_new(testing_pg_url("roost_accounts"), "freed", "accounts");
    asker_rouse(pipe);
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
        &roost__pg__test__row__descriptor, &message);

    free(text);
    asker->rows[0] = err ? NULL : (Roost__Pg__Test__Row *)message;
    return err;
}

static void assert_texts(const Roost__Pg__Test__Row *row, const char *text)
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
        askers[i] = asker_new(*state, &asker_by_id, 0);
        askers[i]->handler = get_texts;
        askers[i]->text = values[i % 4];
        asker_start(askers[i], ASKER_LIMIT_US);
    }
    for (int i = 0; i < FEW; i++) {
        assert_int_equal(asker_end(askers[i]), PG_FETCH_NOTHING);
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
    asker_rouse(*state);
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
        TEST(second_run_has_the_row_if_there_is_one), TEST(reads_follow_each_other),
        TEST(another_second_read_is_refused),         TEST(what_must_wait_is_refused),
        TEST(many_reads_at_once_get_their_own_rows),  TEST(too_many_reads_are_broken),
        cmocka_unit_test(pipe_to_nobody_is_broken),   TEST(killed_while_idle_works_again),
        TEST(killed_while_it_reads_ends_every_read),  TEST(late_read_ends_at_its_deadline),
        TEST(read_behind_a_late_one_gets_its_row),    TEST(row_that_does_not_fit_is_broken),
        cmocka_unit_test(pipe_is_freed_at_any_time),  TEST(texts_of_all_lengths_come_back),
    };
    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
