/* Which reads of a pipe travel together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"
#include "services/common/pg/testing/asker.h"
#include "services/common/testing/testing.h"

enum { FEW = 20, N_TRIES = 50 };

/* The slow one keeps the pipe busy until all others are sent, in several packets. */
static void refused_statement_breaks_its_packet_only(void **state)
{
    struct asker *first = asker_new(*state, &asker_slow, 200);
    struct asker *askers[FEW];

    asker_start(first, ASKER_LIMIT_US);
    for (int i = 0; i < FEW; i++) {
        bool is_bad = i == FEW / 2;

        askers[i] = asker_new(*state, is_bad ? &asker_divide : &asker_by_id, is_bad ? 0 : i + 1);
        asker_start(askers[i], ASKER_LIMIT_US);
    }
    assert_int_equal(asker_end(first), PG_FETCH_NOTHING);
    for (int i = 0; i < FEW; i++) {
        bool is_well = asker_end(askers[i]) == PG_FETCH_NOTHING;

        assert_true(i == FEW / 2 ? !is_well : is_well || (i > FEW / 2 && i < FEW - 1));
        if (is_well) {
            asker_assert_row(askers[i]->rows[0], i + 1);
        }
        asker_free(askers[i]);
    }
    asker_free(first);
    asker_rouse(*state);
}

/* Of two reads, the first of which is refused: whether that breaks the second, too, since both
 * were in one packet. */
static bool are_in_one_packet(struct pg_pipe *pipe, bool is_held)
{
    struct asker *bad = asker_new(pipe, &asker_divide, 0);
    struct asker *good = asker_new(pipe, &asker_by_id, 1);
    if (is_held) {
        pg_pipe_hold(pipe);
    }
    asker_start(bad, ASKER_LIMIT_US);
    asker_start(good, ASKER_LIMIT_US);
    if (is_held) {
        pg_pipe_send(pipe);
    }
    assert_int_equal(asker_end(bad), PG_FETCH_BROKEN);
    bool is_broken = asker_end(good) == PG_FETCH_BROKEN;
    asker_free(bad);
    asker_free(good);
    return is_broken;
}

/* The thread may come between the two, and send the first. */
static void held_reads_go_together(void **state)
{
    int64_t limit_us = clock_monotonic_us() + ASKER_LIMIT_US;
    for (int i = 0; i < N_TRIES; i++) {
        asker_rouse(*state);
        assert_false(are_in_one_packet(*state, false));
    }
    do {
        assert_true(clock_monotonic_us() < limit_us);
        asker_rouse(*state);
    } while (!are_in_one_packet(*state, true));
}

static void a_pipe_that_is_held_and_sent_goes_on(void **state)
{
    struct asker *asker = asker_new(*state, &asker_by_id, 3);
    pg_pipe_hold(*state);
    pg_pipe_hold(*state);
    asker_start(asker, ASKER_LIMIT_US);
    pg_pipe_send(*state);
    assert_int_equal(asker_end(asker), PG_FETCH_NOTHING); /* whoever else still holds it */
    asker_assert_row(asker->rows[0], 3);
    pg_pipe_send(*state);
    assert_int_equal(asker_run(asker), PG_FETCH_NOTHING);
    asker_free(asker);
}

static int set_up_group(void **state)
{
    (void)state;
    testing_migrate("accounts", NULL, 0);
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
        TEST(refused_statement_breaks_its_packet_only),
        TEST(held_reads_go_together),
        TEST(a_pipe_that_is_held_and_sent_goes_on),
    };
    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
