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

static struct networks *parse(struct arena *arena, const char *text)
{
    return networks_parse(arena, "ROOST_TRUSTED_PROXIES", text, stderr);
}

static void only_what_is_listed_is_trusted(void **state)
{
    const struct networks *proxies = parse(*state, "10.0.0.0/8");
    assert_true(proxies_trust(proxies, "10.255.0.1"));
    assert_false(proxies_trust(proxies, "11.0.0.1"));
    assert_false(proxies_trust(proxies, "10.1"));
    assert_false(proxies_trust(proxies, ""));
    assert_false(proxies_trust(parse(*state, ""), "127.0.0.1"));
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
    const struct networks *proxies = parse(*state, "10.0.0.0/8");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(proxies_client(proxies, *state, cases[i].address, cases[i].forwarded),
                            cases[i].client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_listed_is_trusted, setup, teardown),
        cmocka_unit_test_setup_teardown(client_is_the_last_that_no_proxy_of_ours_is, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
