#include "gateway/proxies.h"

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

static void networks_contain_addresses(void **state)
{
    const struct proxies *proxies =
        proxies_parse(*state, "10.0.0.0/8, 192.0.2.7,2001:db8::/33", stderr);
    assert_true(proxies_trust(proxies, "10.255.0.1"));
    assert_true(proxies_trust(proxies, "192.0.2.7"));
    assert_true(proxies_trust(proxies, "2001:db8:7fff::1"));
    assert_true(proxies_trust(proxies, "::ffff:10.1.2.3"));
    assert_false(proxies_trust(proxies, "11.0.0.1"));
    assert_false(proxies_trust(proxies, "192.0.2.8"));
    assert_false(proxies_trust(proxies, "2001:db8:8000::1"));
    assert_false(proxies_trust(proxies, "10.1"));
    assert_false(proxies_trust(proxies, ""));
    assert_false(proxies_trust(proxies_parse(*state, "", stderr), "127.0.0.1"));
    assert_true(proxies_trust(proxies_parse(*state, "0.0.0.0/0", stderr), "127.0.0.1"));
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const bad[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "host",
                                      "::1/129",     "10.0.0/8",  "1.2.3.4/-1"};
    FILE *report = fopen("/dev/null", "w");
    assert_non_null(report);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(proxies_parse(*state, bad[i], report));
    }
    fclose(report);
}

static const struct {
    const char *address;
    const char *forwarded;
    const char *client;
} cases[] = {
    {"192.0.2.1", "6.6.6.6", "192.0.2.1"},
    {"10.0.0.1", NULL, "10.0.0.1"},
    {"10.0.0.1", "", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.9", "192.0.2.9"},
    {"10.0.0.1", "6.6.6.6, 192.0.2.9", "192.0.2.9"},
    {"10.0.0.1", "6.6.6.6,192.0.2.9 , 10.0.0.2 ", "192.0.2.9"},
    {"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
    {"10.0.0.1", "192.0.2.9, unknown", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.9, ", "10.0.0.1"},
    {"10.0.0.1", "2001:db8::7", "2001:db8::7"},
};

static void client_is_the_last_that_no_proxy_of_ours_is(void **state)
{
    const struct proxies *proxies = proxies_parse(*state, "10.0.0.0/8", stderr);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(proxies_client(proxies, *state, cases[i].address, cases[i].forwarded),
                            cases[i].client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(networks_contain_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_network_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(client_is_the_last_that_no_proxy_of_ours_is, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
