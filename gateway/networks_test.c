#include "gateway/networks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
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

static bool contains(struct arena *arena, const char *list, const char *text)
{
    struct in6_addr address;
    const struct networks *networks = networks_parse(arena, "ROOST_LIST", list, stderr);
    assert_non_null(networks);
    assert_true(networks_read_address(text, &address));
    return networks_contain(networks, &address);
}

static void networks_contain_addresses(void **state)
{
    static const char list[] = "10.0.0.0/8, 192.0.2.7,2001:db8::/33";
    assert_true(contains(*state, list, "10.255.0.1"));
    assert_true(contains(*state, list, "192.0.2.7"));
    assert_true(contains(*state, list, "2001:db8:7fff::1"));
    assert_true(contains(*state, list, "::ffff:10.1.2.3"));
    assert_false(contains(*state, list, "11.0.0.1"));
    assert_false(contains(*state, list, "192.0.2.8"));
    assert_false(contains(*state, list, "2001:db8:8000::1"));
    assert_false(contains(*state, "", "127.0.0.1"));
    assert_true(contains(*state, "0.0.0.0/0", "127.0.0.1"));
    assert_false(contains(*state, "0.0.0.0/0", "::1"));
    assert_true(contains(*state, "::ffff:192.0.2.0/120", "192.0.2.1"));
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const bad[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "host",
                                      "::1/129",     "10.0.0/8",  "1.2.3.4/-1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *told = NULL;
        size_t len;
        FILE *report = open_memstream(&told, &len);
        assert_non_null(report);
        assert_null(networks_parse(*state, "ROOST_LIST", bad[i], report));
        fclose(report);
        assert_memory_equal(told, "ROOST_LIST: \"", strlen("ROOST_LIST: \""));
        assert_non_null(strstr(told, bad[i]));
        free(told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(networks_contain_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_network_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
