#include "gateway/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static struct router_match match_of(struct arena *arena, const char *text)
{
    struct url_path path;
    assert_true(url_split_path(arena, text, &path));
    return router_match(&path);
}

static const struct {
    const char *method;
    const char *path;
    const char *rpc; /* NULL: none */
} cases[] = {
    {"GET", "/api/v1/domains/", "/roost.domains.v1.Domains/ListDomains"},
    {"HEAD", "/api/v1/domains/", "/roost.domains.v1.Domains/ListDomains"},
    {"POST", "/api/v1/domains/", "/roost.domains.v1.Domains/CreateDomain"},
    {"GET", "/api/v1/domains/7/", "/roost.domains.v1.Domains/GetDomain"},
    {"PUT", "/api/v1/domains/7/", "/roost.domains.v1.Domains/UpdateDomain"},
    {"PATCH", "/api/v1/domains/7/", "/roost.domains.v1.Domains/UpdateDomain"},
    {"DELETE", "/api/v1/domains/7/", "/roost.domains.v1.Domains/DeleteDomain"},
    {"POST", "/api/v1/domains/7/delete/", "/roost.domains.v1.Domains/DeleteDomain"},
    {"GET", "/api/v1/domains/7/dns/", "/roost.dnschecks.v1.DnsChecks/GetDnsCheck"},
    {"GET", "/api/v1/accounts/exists/", "/roost.accounts.v1.Accounts/AccountExists"},
    {"GET", "/api/v1/accounts/existst/", "/roost.accounts.v1.Accounts/GetAccount"},
    {"DELETE", "/api/v1/accounts/exists/", NULL},
    {"POST", "/api/v1/domains/7/", NULL},
    {"get", "/api/v1/domains/7/", NULL},
    {"TRACE", "/api/v1/domains/", NULL},
    {"GET", "/api/v1/domains/7/dns/more/", NULL},
    {"GET", "/api/v1/", NULL},
    {"GET", "/api/V1/domains/", NULL},
    {"GET", "/", NULL},
};

static void route_is_found_by_path_and_method(void **state)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct router_match match = match_of(*state, cases[i].path);
        const struct route *route = router_route(&match, cases[i].method);
        if (!route != !cases[i].rpc || (route && strcmp(route->rpc->path, cases[i].rpc) != 0)) {
            fail_msg("%s %s: %s", cases[i].method, cases[i].path,
                     route ? route->rpc->path : "none");
        }
    }
}

static void allow_lists_the_methods_of_the_path(void **state)
{
    struct router_match match = match_of(*state, "/api/v1/domains/7/");
    assert_string_equal(router_allow(*state, &match), "GET, HEAD, OPTIONS, PUT, PATCH, DELETE");
    match = match_of(*state, "/api/v1/auth/login/");
    assert_string_equal(router_allow(*state, &match), "OPTIONS, POST");
    match = match_of(*state, "/api/v1/accounts/exists/");
    assert_string_equal(router_allow(*state, &match), "GET, HEAD, OPTIONS");
}

static void values_are_taken_from_the_path(void **state)
{
    struct url_path path;
    assert_true(url_split_path(*state, "/api/v1/domains/a%20b/", &path));
    struct router_match match = router_match(&path);
    assert_null(router_value(match.any, &path, 2));
    assert_string_equal(router_value(match.any, &path, 3), "a b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(route_is_found_by_path_and_method, setup, teardown),
        cmocka_unit_test_setup_teardown(allow_lists_the_methods_of_the_path, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_taken_from_the_path, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
