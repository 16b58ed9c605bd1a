#include "gateway/url.h"

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

static const struct {
    const char *path;
    const char *joined; /* NULL: refused */
    bool slash;
} paths[] = {
    {"/", "", true},
    {"/a", "a", false},
    {"/a/", "a", true},
    {"/a/b%20c/", "a|b c", true},
    {"/a/%C3%A9", "a|\xc3\xa9", false},
    {"/a/...", "a|...", false},
    {"/a/.b", "a|.b", false},
    {"/%7Ea+b", "~a+b", false},
    {"", NULL, false},
    {"a", NULL, false},
    {"*", NULL, false},
    {"//", NULL, false},
    {"//a/", NULL, false},
    {"/a//b/", NULL, false},
    {"/a//", NULL, false},
    {"/a/./", NULL, false},
    {"/a/../", NULL, false},
    {"/..", NULL, false},
    {"/a/%2e%2e/", NULL, false},
    {"/a/.%2E", NULL, false},
    {"/a%2fb/", NULL, false},
    {"/a%5Cb/", NULL, false},
    {"/a\\b/", NULL, false},
    {"/a%00/", NULL, false},
    {"/a%0a/", NULL, false},
    {"/a%0d%0aX:/", NULL, false},
    {"/a%09/", NULL, false},
    {"/a%/", NULL, false},
    {"/a%2/", NULL, false},
    {"/a%2", NULL, false},
    {"/a%g0/", NULL, false},
    {"/a%c0%af/", NULL, false},
    {"/a%ff/", NULL, false},
    {"/a\xff/", NULL, false},
    {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16", false},
    {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", NULL, false},
};

static void path_is_read_in_one_way_only(void **state)
{
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct url_path path;
        bool good = url_split_path(*state, paths[i].path, &path);
        if (good != (paths[i].joined != NULL)) {
            fail_msg("%s", paths[i].path);
        }
        if (!good) {
            continue;
        }
        const char *joined = "";
        for (size_t s = 0; s < path.n_segments; s++) {
            joined = arena_printf(*state, "%s%s%s", joined, s ? "|" : "", path.segments[s]);
        }
        assert_string_equal(joined, paths[i].joined);
        assert_int_equal(path.has_trailing_slash, paths[i].slash);
    }
}

static void query_is_decoded(void **state)
{
    struct url_query query;
    assert_true(url_split_query(*state, "a=1&b=x+y%2B&&c&=v&a=2&d==", &query));
    assert_int_equal(query.n_parameters, 6);
    assert_string_equal(url_parameter(&query, "a"), "2");
    assert_string_equal(url_parameter(&query, "b"), "x y+");
    assert_string_equal(url_parameter(&query, "c"), "");
    assert_string_equal(url_parameter(&query, ""), "v");
    assert_string_equal(url_parameter(&query, "d"), "=");
    assert_null(url_parameter(&query, "e"));
    assert_true(url_split_query(*state, NULL, &query));
    assert_int_equal(query.n_parameters, 0);
}

static void query_refuses_what_is_no_text(void **state)
{
    static const char *const bad[] = {"a=%",   "a=%4",  "a=%zz", "%=1",
                                      "a=%00", "a=%ff", "a=%0a", "a=%c2%85"};
    struct url_query query;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (url_split_query(*state, bad[i], &query)) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void query_limits_parameters(void **state)
{
    struct url_query query;
    const char *text = "a=1";
    for (int i = 1; i < URL_PARAMETERS_MAX; i++) {
        text = arena_printf(*state, "%s&a=1", text);
    }
    assert_true(url_split_query(*state, text, &query));
    assert_false(url_split_query(*state, arena_printf(*state, "%s&a=1", text), &query));
}

static void escaped_values_read_back(void **state)
{
    struct url_query query;
    const char *value = "a b&c=d+e/\xc3\xa9%\"<";
    const char *text = arena_printf(*state, "x=%s", url_escape(*state, value));
    assert_string_equal(text, "x=a%20b%26c%3Dd%2Be%2F%C3%A9%25%22%3C");
    assert_true(url_split_query(*state, text, &query));
    assert_string_equal(url_parameter(&query, "x"), value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(path_is_read_in_one_way_only, setup, teardown),
        cmocka_unit_test_setup_teardown(query_is_decoded, setup, teardown),
        cmocka_unit_test_setup_teardown(query_refuses_what_is_no_text, setup, teardown),
        cmocka_unit_test_setup_teardown(query_limits_parameters, setup, teardown),
        cmocka_unit_test_setup_teardown(escaped_values_read_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
