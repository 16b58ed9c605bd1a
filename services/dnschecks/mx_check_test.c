#include "services/dnschecks/mx_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ANSWER(...)                                                                               \
    {                                                                                             \
        .status = DNS_OK, .records = (const struct dns_record[]){__VA_ARGS__},                    \
        .n_records = sizeof((const struct dns_record[]){__VA_ARGS__}) / sizeof(struct dns_record) \
    }

struct mx_case {
    const char *name;
    const char *expected;
    struct dns_answer mx;
    struct mx_host hosts[2];
    size_t n_hosts;
    const char *status;
    const char *reason;
};

static const struct mx_case cases[] = {
    {"any host with an address will do",
     "",
     ANSWER({10, "mx.example.net"}),
     {{"mx.example.net", ANSWER({0, "192.0.2.1"}), {.status = DNS_NODATA}}},
     1,
     "ok",
     ""},
    {"an IPv6 address will do",
     "",
     ANSWER({10, "mx.example.net"}),
     {{"mx.example.net", {.status = DNS_NODATA}, ANSWER({0, "2001:db8::1"})}},
     1,
     "ok",
     ""},
    {"the expected host is found",
     "mx.example.net",
     ANSWER({10, "mx.example.net"}),
     {{"mx.example.net", ANSWER({0, "192.0.2.1"}), {.status = DNS_NODATA}}},
     1,
     "ok",
     ""},
    {"another host is wrong",
     "mx.example.net",
     ANSWER({10, "mx.example.org"}),
     {{"mx.example.org", ANSWER({0, "192.0.2.1"}), {.status = DNS_NODATA}}},
     1,
     "wrong",
     "MX_HOST_UNEXPECTED"},
    {"one expected host among others is enough",
     "mx.example.net",
     ANSWER({10, "a.example.org"}, {20, "mx.example.net"}),
     {{"a.example.org", ANSWER({0, "192.0.2.9"}), {.status = DNS_NODATA}},
      {"mx.example.net", ANSWER({0, "192.0.2.1"}), {.status = DNS_NODATA}}},
     2,
     "ok",
     ""},
    {"an address in the expected network",
     "192.0.2.0/24",
     ANSWER({10, "mx.example.org"}),
     {{"mx.example.org", ANSWER({0, "192.0.2.77"}), {.status = DNS_NODATA}}},
     1,
     "ok",
     ""},
    {"an address just outside the expected network",
     "192.0.2.0/25",
     ANSWER({10, "mx.example.org"}),
     {{"mx.example.org", ANSWER({0, "192.0.2.128"}), {.status = DNS_NODATA}}},
     1,
     "wrong",
     "MX_HOST_UNEXPECTED"},
    {"an IPv6 network",
     "2001:db8::/32",
     ANSWER({10, "mx.example.org"}),
     {{"mx.example.org", {.status = DNS_NODATA}, ANSWER({0, "2001:db8:1::1"})}},
     1,
     "ok",
     ""},
    {"no MX record", "", {.status = DNS_NODATA}, {{0}}, 0, "wrong", "MX_MISSING"},
    {"no such domain", "", {.status = DNS_NXDOMAIN}, {{0}}, 0, "wrong", "DOMAIN_MISSING"},
    {"null MX", "", ANSWER({0, ""}), {{0}}, 0, "wrong", "MX_NULL"},
    {"a host without address",
     "",
     ANSWER({10, "mx.example.net"}),
     {{"mx.example.net", {.status = DNS_NODATA}, {.status = DNS_NXDOMAIN}}},
     1,
     "wrong",
     "MX_HOST_WITHOUT_ADDRESS"},
    {"a host whose addresses nobody tells",
     "",
     ANSWER({10, "mx.example.net"}),
     {{"mx.example.net", {.status = DNS_NODATA}, {.status = DNS_TIMEOUT}}},
     1,
     "unknown",
     "RESOLVER_TIMEOUT"},
    {"a dead resolver", "", {.status = DNS_TIMEOUT}, {{0}}, 0, "unknown", "RESOLVER_TIMEOUT"},
    {"a resolver that refuses",
     "",
     {.status = DNS_REFUSED},
     {{0}},
     0,
     "unknown",
     "RESOLVER_REFUSED"},
    {"a resolver that fails", "", {.status = DNS_FAILED}, {{0}}, 0, "unknown", "RESOLVER_FAILED"},
    {"an answer that is none",
     "",
     {.status = DNS_MALFORMED},
     {{0}},
     0,
     "unknown",
     "RESOLVER_FAILED"},
};

static void mx_check_judges(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct mx_case *c = &cases[i];
        const char *fault = NULL;
        const struct mx_expectation *expectation = mx_expectation_parse(arena, c->expected, &fault);
        assert_non_null(expectation);
        const Roost__Dnschecks__V1__RecordCheck *result =
            mx_check(arena, "example.test", expectation, &c->mx, c->hosts, c->n_hosts);
        if (strcmp(result->status, c->status) != 0 || strcmp(result->reason, c->reason) != 0) {
            fail_msg("%s: got %s %s", c->name, result->status, result->reason);
        }
        assert_int_equal(*result->detail == '\0', strcmp(c->status, "ok") == 0);
    }
    arena_free(arena);
}

static void mx_check_shows_expected_and_found(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    const char *fault = NULL;
    const struct mx_expectation *expectation =
        mx_expectation_parse(arena, "mx1.example.net, MX2.Example.NET.", &fault);
    const struct dns_answer mx = ANSWER({10, "mx1.example.net"});
    const struct mx_host host = {
        "mx1.example.net", ANSWER({0, "192.0.2.1"}), {.status = DNS_NODATA}};
    const Roost__Dnschecks__V1__RecordCheck *result =
        mx_check(arena, "example.test", expectation, &mx, &host, 1);
    assert_int_equal(result->n_expected, 2);
    assert_string_equal(result->expected[0], "example.test. 3600 IN MX 10 mx1.example.net.");
    assert_string_equal(result->expected[1], "example.test. 3600 IN MX 20 mx2.example.net.");
    assert_int_equal(result->n_found, 2);
    assert_string_equal(result->found[0], "example.test. IN MX 10 mx1.example.net.");
    assert_string_equal(result->found[1], "mx1.example.net. IN A 192.0.2.1");
    arena_free(arena);
}

static void mx_expectation_refuses_nonsense(void **state)
{
    (void)state;
    static const char *const bad[] = {"a b..c",         "192.0.2.0/33", "192.0.2.0/",
                                      "2001:db8::/129", "-x.example",   "/etc/passwd"};
    struct arena *arena = arena_new(4096);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *fault = NULL;
        if (mx_expectation_parse(arena, bad[i], &fault) || !fault) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mx_check_judges),
        cmocka_unit_test(mx_check_shows_expected_and_found),
        cmocka_unit_test(mx_expectation_refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
