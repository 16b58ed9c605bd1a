/*
 * Prepares every statement of a service on a real PostgreSQL with the service's schema and role: a
 * misspelt column fails here and not in production. roost_service() makes a test of it, with
 * SCHEMA, STATEMENTS, MIGRATIONS and N_MIGRATIONS defined.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "services/common/pg/pg.h"
#include "services/common/testing/testing.h"

extern const struct pg_statement *const STATEMENTS[];
extern const struct pg_migration MIGRATIONS[];
extern const size_t N_MIGRATIONS;

#define TEXT_OF(name) #name
#define TEXT(macro)   TEXT_OF(macro)

static void every_statement_can_be_prepared(void **state)
{
    struct call *call;
    size_t n_failed = 0;
    (void)state;

    testing_migrate(TEXT(SCHEMA), MIGRATIONS, N_MIGRATIONS);
    call = testing_call_new(TEXT(SCHEMA));
    for (size_t i = 0; STATEMENTS[i]; i++) {
        const struct error *err =
            pg_execute_sql(call->pg, arena_printf(call->arena, "PREPARE \"%s\" AS %s",
                                                  STATEMENTS[i]->name, STATEMENTS[i]->sql));
        if (err) {
            print_error("%s: %s\n", STATEMENTS[i]->name, err->cause);
            n_failed++;
        }
    }
    testing_call_free(call);
    assert_int_equal(n_failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_statement_can_be_prepared)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
