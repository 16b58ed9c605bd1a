#include "services/common/testing/testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/pg/pg.h"
#include "services/common/redis/redis.h"

static const struct pg_migration migrations[] = {
    {"0001_thing", "CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, name text)"},
};

static void assert_selected(const char *sql, const char *expected)
{
    char *text = testing_select("domains", sql);

    assert_string_equal(text, expected);
    free(text);
}

static void call_is_a_service_role(void **state)
{
    static const struct pg_statement who = {.name = "who",
                                            .sql = "SELECT current_user, current_schema"};
    struct call *call = testing_call_new("domains");
    struct pg_rows rows;

    (void)state;
    assert_null(pg_query(call->pg, &who, NULL, &rows));
    assert_string_equal(pg_value(&rows, 0, 0), "roost_domains");
    assert_string_equal(pg_value(&rows, 0, 1), "domains");
    testing_call_next(call);
    assert_int_equal(arena_used_bytes(call->arena), 0);
    assert_int_equal(call->identity->account_id, 1);
    testing_call_free(call);
}

static void truncate_empties_and_restarts(void **state)
{
    (void)state;
    testing_execute("domains", "INSERT INTO thing (name) VALUES ('a'), ('b')");
    testing_truncate("domains");
    testing_execute("domains", "INSERT INTO thing (name) VALUES ('c')");
    assert_selected("SELECT string_agg(id || name, ',') FROM thing", "1c");
    assert_selected("SELECT count(*) FROM migration WHERE name = '0001_thing'", "1");
}

static void stopped_server_keeps_what_was_committed(void **state)
{
    (void)state;
    testing_truncate("domains");
    testing_execute("domains", "INSERT INTO thing (name) VALUES ('kept')");
    testing_pg_stop();
    testing_pg_start();
    assert_selected("SELECT name FROM thing", "kept");
}

static void redis_comes_back_empty(void **state)
{
    struct call *call = testing_call_new("domains");
    struct redis_reply reply;

    (void)state;
    testing_call_use_redis(call);
    assert_null(REDIS_COMMAND(call->redis, &reply, "SET", "key", "value"));
    testing_redis_stop();
    testing_redis_start();
    assert_null(REDIS_COMMAND(call->redis, &reply, "GET", "key"));
    assert_int_equal(reply.kind, REDIS_NIL);
    testing_call_free(call);
}

static int set_up(void **state)
{
    (void)state;
    testing_migrate("domains", migrations, 1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call_is_a_service_role),
        cmocka_unit_test(truncate_empties_and_restarts),
        cmocka_unit_test(stopped_server_keeps_what_was_committed),
        cmocka_unit_test(redis_comes_back_empty),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
