#include "services/common/rpc/peer_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void addresses_are_found(void **state)
{
    static const struct {
        const char *peer, *address;
    } cases[] = {
        {"ipv4:192.0.2.1:5000", "192.0.2.1"},
        {"ipv4:192.0.2.1", "192.0.2.1"},
        {"ipv6:[2001:db8::1]:5000", "2001:db8::1"},
        {"ipv6:%5B2001:db8::1%5D:5000", "2001:db8::1"},
        {"ipv6:%5Bfe80::1%25eth0%5D:5000", "fe80::1"},
        {"ipv6:[fe80::1%eth0]:5000", "fe80::1"},
        {"ipv6:[::ffff:192.0.2.1]:5000", "::ffff:192.0.2.1"},
        {"ipv6:2001:db8::1", ""},
        {"ipv6:[", ""},
        {"ipv6:", ""},
        {"ipv4:", ""},
        {"ipv4:host:5000", ""},
        {"unix:/run/accounts.sock", ""},
        {"unix:", ""},
        {"", ""},
    };
    struct arena *arena = arena_new(4096);
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(peer_address(arena, cases[i].peer), cases[i].address);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(addresses_are_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
