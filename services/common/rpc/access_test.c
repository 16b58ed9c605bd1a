#include "services/common/rpc/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = arena_new(4096);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

/* Who may call what: every kind of caller against every kind of method. */
static void matrix(void **state)
{
    static const struct {
        const char *name;
        struct rpc_access access;
    } methods[] = {
        {"anonymous", {.anonymous = true}},
        {"authenticated", {.authenticated = true}},
        {"super admins", {.roles = RPC_SUPER_ADMINS}},
        {"admins", {.roles = RPC_SUPER_ADMINS | RPC_RESELLERS | RPC_DOMAIN_ADMINS}},
        {"internal", {.internal = true}},
        {"undeclared", {.roles = 0}},
    };
    enum { N_METHODS = sizeof(methods) / sizeof(methods[0]) };
    /* y: may, m: credentials missing, n: not allowed; one letter for each method above. */
    static const struct {
        const char *name;
        int64_t account_id;
        const char *role;
        const char *service;
        const char *expected;
    } callers[] = {
        {"nobody", 0, "", "", "ymmmmm"},
        {"nobody with a role", 0, "SuperAdmins", "", "ymmmmm"},
        {"SimpleUsers", 7, "SimpleUsers", "", "yynnnn"},
        {"DomainAdmins", 7, "DomainAdmins", "", "yynynn"},
        {"Resellers", 7, "Resellers", "", "yynynn"},
        {"SuperAdmins", 7, "SuperAdmins", "", "yyyynn"},
        {"role in another case", 7, "superadmins", "", "yynnnn"},
        {"no role", 7, "", "", "yynnnn"},
        {"negative account", -1, "SuperAdmins", "", "ymmmmm"},
        {"SimpleUsers by the gateway", 7, "SimpleUsers", "gateway", "yynnyn"},
        {"SuperAdmins by the gateway", 7, "SuperAdmins", "gateway", "yyyyyn"},
        {"a service by itself", 0, "", "accounts", "ymmmym"},
    };
    for (size_t c = 0; c < sizeof(callers) / sizeof(callers[0]); c++) {
        Roost__Common__V1__Identity identity = ROOST__COMMON__V1__IDENTITY__INIT;
        identity.account_id = callers[c].account_id;
        identity.role = (char *)(uintptr_t)callers[c].role;
        identity.service = (char *)(uintptr_t)callers[c].service;
        char got[N_METHODS + 1] = "";
        for (size_t m = 0; m < N_METHODS; m++) {
            const struct error *err = access_check(*state, &methods[m].access, &identity);
            got[m] = !err ? 'y' : error_is(err, REASON_CREDENTIALS_MISSING) ? 'm' : 'n';
            assert_true(!err || error_is(err, REASON_CREDENTIALS_MISSING) ||
                        error_is(err, REASON_ROLE_NOT_ALLOWED));
        }
        if (strcmp(got, callers[c].expected) != 0) {
            fail_msg("%s: %s, expected %s", callers[c].name, got, callers[c].expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(matrix)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
