#include "gateway/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/testing/exchange.h"

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

static const struct session_policy anywhere = {.public_url = ""};
static const struct session_policy published = {.public_url = "https://mail.example.test/"};

static const struct {
    const char *site;
    const char *origin;
    bool by_host; /* allowed where the public URL is not known */
    bool by_public_url;
} origins[] = {
    {NULL, NULL, true, true},
    {"same-origin", NULL, true, true},
    {"none", NULL, true, true},
    {"same-site", NULL, false, false},
    {"cross-site", NULL, false, false},
    {"", NULL, false, false},
    {NULL, "http://roost.test", true, false},
    {NULL, "https://ROOST.test", true, false},
    {NULL, "https://mail.example.test", false, true},
    {NULL, "http://mail.example.test", false, false},
    {NULL, "https://mail.example.test.evil.test", false, false},
    {NULL, "https://evilmail.example.test", false, false},
    {NULL, "http://roost.test.evil.test", false, false},
    {NULL, "http://roost.test:81", false, false},
    {NULL, "null", false, false},
    {NULL, "", false, false},
    {"same-origin", "https://evil.test", false, false},
    {"cross-site", "http://roost.test", false, false},
};

static void other_origins_are_refused(void **state)
{
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        struct test_exchange *test = test_exchange_new(*state);
        if (origins[i].site) {
            test_exchange_add_header(test, "Sec-Fetch-Site", origins[i].site);
        }
        if (origins[i].origin) {
            test_exchange_add_header(test, "Origin", origins[i].origin);
        }
        const struct http_request *request = &test->exchange.request;
        const struct error *by_host = session_check_origin(*state, &anywhere, request);
        const struct error *by_url = session_check_origin(*state, &published, request);
        if (!by_host != origins[i].by_host || !by_url != origins[i].by_public_url) {
            fail_msg("%s %s", origins[i].site, origins[i].origin);
        }
    }
}

static void csrf_tokens_must_be_equal(void **state)
{
    static const char *const wrong[] = {"", "secre", "secrets", "SECRET", "secreT"};
    const struct session_caller caller = {.csrf_token = "secret"};
    const struct session_caller without = {.csrf_token = ""};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct test_exchange *test = test_exchange_new(*state);
        test_exchange_add_header(test, "X-CSRF-Token", wrong[i]);
        assert_true(
            error_is(session_check_csrf(*state, &anywhere, &test->exchange.request, &caller),
                     REASON_CSRF_TOKEN_INVALID));
        assert_non_null(session_check_csrf(*state, &anywhere, &test->exchange.request, &without));
    }
    struct test_exchange *test = test_exchange_new(*state);
    assert_non_null(session_check_csrf(*state, &anywhere, &test->exchange.request, &caller));
    test_exchange_add_header(test, "x-csrf-token", "secret");
    assert_null(session_check_csrf(*state, &anywhere, &test->exchange.request, &caller));
    test_exchange_add_header(test, "Origin", "https://evil.test");
    assert_non_null(session_check_csrf(*state, &anywhere, &test->exchange.request, &caller));
}

static const char *cookie_sent(struct arena *arena, const struct session_policy *policy,
                               bool is_tls, const char *value)
{
    struct test_exchange *test = test_exchange_new(arena);
    test->exchange.request.is_tls = is_tls;
    session_set_cookie(&test->exchange, policy, "roost_session", value);
    http_send(&test->exchange, 204, NULL);
    return test_exchange_header(test, arena, "Set-Cookie");
}

static void cookies_are_kept_from_scripts_and_other_sites(void **state)
{
    assert_string_equal(cookie_sent(*state, &anywhere, false, "abc"),
                        "roost_session=abc; Path=/; HttpOnly; SameSite=Strict");
    assert_string_equal(cookie_sent(*state, &anywhere, true, "abc"),
                        "roost_session=abc; Path=/; HttpOnly; SameSite=Strict; Secure");
    assert_string_equal(cookie_sent(*state, &published, false, NULL),
                        "roost_session=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0");
    assert_null(cookie_sent(*state, &anywhere, false, "a; Domain=evil.test"));
    assert_null(cookie_sent(*state, &anywhere, false, "a\r\nX: y"));
    assert_null(cookie_sent(*state, &anywhere, false, ""));
}

static const struct {
    const char *authorization;
    const char *cookie;
    enum error_reason reason;
} credentials[] = {
    {NULL, NULL, REASON_CREDENTIALS_MISSING},
    {"Basic YTpi", NULL, REASON_CREDENTIALS_MISSING},
    {"Tokens abc", NULL, REASON_CREDENTIALS_MISSING},
    {"Token", NULL, REASON_CREDENTIALS_INVALID},
    {"Token ", NULL, REASON_CREDENTIALS_INVALID},
    {"Token a b", NULL, REASON_CREDENTIALS_INVALID},
    {"bearer \xc3\xa9", NULL, REASON_CREDENTIALS_INVALID},
    {NULL, "roost_session=", REASON_CREDENTIALS_INVALID},
    {NULL, "roost_session=a; roost_session=b", REASON_CREDENTIALS_MISSING},
    {NULL, "xroost_session=a; other=b", REASON_CREDENTIALS_MISSING},
};

static void malformed_credentials_are_not_asked_about(void **state)
{
    struct session_cache *cache = session_cache_new();
    for (size_t i = 0; i < sizeof(credentials) / sizeof(credentials[0]); i++) {
        struct test_exchange *test = test_exchange_new(*state);
        struct session_caller caller;
        struct call call = {.arena = *state};
        if (credentials[i].authorization) {
            test_exchange_add_header(test, "Authorization", credentials[i].authorization);
        }
        if (credentials[i].cookie) {
            test_exchange_add_header(test, "Cookie", credentials[i].cookie);
        }
        const struct error *err = session_identify(cache, &call, &test->exchange.request, &caller);
        if (!error_is(err, credentials[i].reason)) {
            fail_msg("%s %s", credentials[i].authorization, credentials[i].cookie);
        }
    }
    session_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(other_origins_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(csrf_tokens_must_be_equal, setup, teardown),
        cmocka_unit_test_setup_teardown(cookies_are_kept_from_scripts_and_other_sites, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(malformed_credentials_are_not_asked_about, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
