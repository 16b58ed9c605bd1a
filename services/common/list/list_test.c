#include "services/common/list/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/list/list_test.pb-c.h"
#include "services/common/list/sql/list_test.sql.h"
#include "services/common/testing/testing.h"

typedef Roost__List__Test__Item Item;
typedef Roost__List__Test__ListItemsRequest Request;

#define ITEM roost__list__test__item__descriptor

enum { N_ITEMS = 25 };

static const struct error *run(struct call *call, const struct list_request *request,
                               const char *prefix, int32_t min_size, struct list_page *ret_page)
{
    Request message = ROOST__LIST__TEST__LIST_ITEMS_REQUEST__INIT;

    message.min_size = min_size;
    message.page_size = request->page_size;
    message.page_token = (char *)(uintptr_t)(request->page_token ? request->page_token : "");
    message.count = message.page_token[0] == '\0';
    return list_run(
        call, &list_test_sql_item_list, request,
        PG_ARGS(&message.base, pg_text("search", pg_prefix_pattern(call->arena, prefix))), &ITEM,
        ret_page);
}

/* The names of all pages, joined. */
static char *walk(struct call *call, const char *ordering, int32_t page_size)
{
    struct list_request request = {.page_size = page_size, .ordering = ordering, .page_token = ""};
    char *names = arena_strdup(call->arena, "");
    struct list_page page;

    for (int i = 0; i < N_ITEMS + 1; i++) {
        const struct error *err = run(call, &request, NULL, 0, &page);

        if (err) {
            fail_msg("%s: %s", err->detail, err->cause ? err->cause : "");
        }
        for (size_t k = 0; k < page.n; k++) {
            names = arena_printf(call->arena, "%s%s ", names, ((Item *)page.messages[k])->name);
        }
        if (page.next_page_token[0] == '\0') {
            return names;
        }
        assert_int_equal(page.n, page_size);
        request.page_token = page.next_page_token;
    }
    fail_msg("the list has no end");
    return NULL;
}

static char *all_in_sql_order(struct call *call, const char *order)
{
    const char *sql = arena_printf(
        call->arena, "SELECT string_agg(name || ' ', '' ORDER BY %s) FROM item", order);
    char *text = testing_select("domains", sql);
    char *copy = arena_strdup(call->arena, text);

    free(text);
    return copy;
}

static void pages_hold_every_row_once(void **state)
{
    static const struct {
        const char *ordering;
        const char *sql;
    } cases[] = {
        {"", "name, id"},
        {"name", "name, id"},
        {"-name", "name DESC, id DESC"},
        {"size", "size, id"},
        {"-size", "size DESC, id DESC"},
        {"created_at", "created_at, id"},
        {"-created_at", "created_at DESC, id DESC"},
    };
    static const int32_t sizes[] = {1, 2, 7, N_ITEMS - 1, N_ITEMS, N_ITEMS + 1, LIST_PAGE_SIZE_MAX};
    struct call *call = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
            assert_string_equal(walk(call, cases[i].ordering, sizes[k]),
                                all_in_sql_order(call, cases[i].sql));
        }
    }
}

static void page_sizes_have_limits(void **state)
{
    static const struct {
        int32_t asked;
        size_t n;
    } cases[] = {{0, N_ITEMS}, {3, 3}, {LIST_PAGE_SIZE_MAX + 1, N_ITEMS}, {INT32_MAX, N_ITEMS}};
    struct call *call = *state;
    struct list_request request = {.ordering = ""};
    const struct error *err;
    struct list_page page;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        request.page_size = cases[i].asked;
        assert_null(run(call, &request, NULL, 0, &page));
        assert_int_equal(page.n, cases[i].n);
    }
    request.page_size = -1;
    err = run(call, &request, NULL, 0, &page);
    assert_true(error_is(err, REASON_FIELD_INVALID));
    assert_string_equal(err->fields[0].field, "page_size");
}

static void default_and_maximum_cap_a_page(void **state)
{
    struct call *call = *state;
    struct list_request request = {.ordering = "name"};
    struct list_page page;

    testing_execute("domains", "INSERT INTO item (name, size, created_at) "
                               "SELECT 'x' || n, 9, now() FROM generate_series(1, 1200) n");
    assert_null(run(call, &request, NULL, 0, &page));
    assert_int_equal(page.n, LIST_PAGE_SIZE_DEFAULT);
    request.page_size = 5000;
    assert_null(run(call, &request, NULL, 0, &page));
    assert_int_equal(page.n, LIST_PAGE_SIZE_MAX);
    testing_execute("domains", "DELETE FROM item WHERE size = 9");
}

static void unknown_ordering_is_refused(void **state)
{
    static const char *const cases[] = {"id", "--name",    "name ",        "NAME",
                                        "-",  "name,size", "password_hash"};
    struct call *call = *state;
    struct list_page page;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct list_request request = {.ordering = cases[i]};
        const struct error *err = run(call, &request, NULL, 0, &page);

        if (!error_is(err, REASON_ORDERING_UNKNOWN)) {
            fail_msg("%s", cases[i]);
        }
        assert_string_equal(err->fields[0].field, "ordering");
    }
}

static char *first_token(struct call *call)
{
    struct list_request request = {.page_size = 2, .ordering = "name"};
    struct list_page page;

    assert_null(run(call, &request, "n", 0, &page));
    assert_true(page.next_page_token[0] != '\0');
    return page.next_page_token;
}

static void assert_token_refused(struct call *call, const char *token)
{
    struct list_request request = {.page_size = 2, .ordering = "name", .page_token = token};
    struct list_page page;
    const struct error *err = run(call, &request, "n", 0, &page);

    assert_true(error_is(err, REASON_PAGE_TOKEN_INVALID));
    assert_string_equal(err->fields[0].field, "page_token");
}

static void changed_token_is_refused(void **state)
{
    struct call *call = *state;
    char *token = first_token(call);
    size_t len = strlen(token);

    for (size_t i = 0; i < len; i++) {
        char *changed = arena_strdup(call->arena, token);

        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_token_refused(call, changed);
        assert_token_refused(call, arena_strndup(call->arena, token, i > 0 ? i : 1));
    }
    assert_token_refused(call, arena_printf(call->arena, "%sA", token));
    assert_token_refused(call, arena_printf(call->arena, "%s=", token));
    assert_token_refused(call, "!");
    assert_token_refused(call, "%00");
}

static void token_is_bound_to_its_list(void **state)
{
    struct call *call = *state;
    const char *token = first_token(call);
    struct list_request same = {.page_size = 5, .ordering = "name", .page_token = token};
    struct list_request descending = {.page_size = 2, .ordering = "-name", .page_token = token};
    struct list_request other_order = {.page_size = 2, .ordering = "size", .page_token = token};
    Roost__Common__V1__Identity other = *call->identity;
    const Roost__Common__V1__Identity *own = call->identity;
    struct list_page page;

    assert_null(run(call, &same, "n", 0, &page));
    assert_int_equal(page.n, 5);
    assert_true(error_is(run(call, &descending, "n", 0, &page), REASON_PAGE_TOKEN_INVALID));
    assert_true(error_is(run(call, &other_order, "n", 0, &page), REASON_PAGE_TOKEN_INVALID));
    assert_true(error_is(run(call, &same, "na", 0, &page), REASON_PAGE_TOKEN_INVALID));
    assert_true(error_is(run(call, &same, NULL, 0, &page), REASON_PAGE_TOKEN_INVALID));
    assert_true(error_is(run(call, &same, "n", 1, &page), REASON_PAGE_TOKEN_INVALID));
    assert_true(error_is(list_run(call, &list_test_sql_item_other_list, &same, NULL, &ITEM, &page),
                         REASON_PAGE_TOKEN_INVALID));
    other.account_id = 2;
    call->identity = &other;
    assert_true(error_is(run(call, &same, "n", 0, &page), REASON_PAGE_TOKEN_INVALID));
    call->identity = own;
}

static void other_key_signs_otherwise(void **state)
{
    static const uint8_t key[32] = "another key, of thirty-two byte";
    struct call *call = *state;
    char *token = first_token(call);

    list_set_key(key, sizeof(key));
    assert_token_refused(call, token);
    (void)first_token(call);
}

static void key_may_be_the_ordering(void **state)
{
    struct call *call = *state;
    struct list_request request = {.page_size = 20, .ordering = "-name"};
    struct list_page page;

    assert_null(list_run(call, &list_test_sql_item_other_list, &request, NULL, &ITEM, &page));
    assert_int_equal(page.n, 20);
    request.page_token = page.next_page_token;
    assert_null(list_run(call, &list_test_sql_item_other_list, &request, NULL, &ITEM, &page));
    assert_int_equal(page.n, 5);
    assert_string_equal(page.next_page_token, "");
}

static void list_goes_on_from_a_known_position(void **state)
{
    struct call *call = *state;
    const struct list_request request = {
        .page_size = 2, .page_token = "no token", .ordering = "-size"};
    Request filters = ROOST__LIST__TEST__LIST_ITEMS_REQUEST__INIT;
    const struct list_position after = {.key = pg_int64("", 1), .id = pg_int64("", 4)};
    struct list_page page;

    assert_null(list_run_after(call, &list_test_sql_item_list, &request, &after,
                               PG_ARGS(&filters.base, pg_null("search")), &ITEM, &page));
    assert_int_equal(page.n, 2);
    assert_int_equal(((Item *)page.messages[0])->id, 1);
    assert_int_equal(((Item *)page.messages[1])->id, 24);
    assert_string_not_equal(page.next_page_token, "");
}

static void token_of_no_statement_is_bound_to_all_it_is_made_with(void **state)
{
    struct call *call = *state;
    Request filters = ROOST__LIST__TEST__LIST_ITEMS_REQUEST__INIT;
    const struct pg_args *args = PG_ARGS(&filters.base, pg_text("ordering", "-name"));
    const struct pg_args *other = PG_ARGS(&filters.base, pg_text("ordering", "name"));
    const struct list_position given = {.key = pg_text("", "x@y.test"), .id = pg_int64("", -7)};
    const struct list_position *found = &given;
    const char *token = list_token_make(call, "merged", args, &given);

    assert_null(list_token_read(call, "merged", args, "", &found));
    assert_null(found);
    assert_null(list_token_read(call, "merged", args, token, &found));
    assert_string_equal(found->key.data, "x@y.test");
    assert_int_equal(found->id.number, -7);
    assert_true(
        error_is(list_token_read(call, "merged", other, token, &found), REASON_PAGE_TOKEN_INVALID));
    assert_true(
        error_is(list_token_read(call, "other", args, token, &found), REASON_PAGE_TOKEN_INVALID));
    filters.min_size = 1;
    assert_true(
        error_is(list_token_read(call, "merged", args, token, &found), REASON_PAGE_TOKEN_INVALID));
}

static void dead_database_is_unavailable(void **state)
{
    struct call *call = *state;
    struct list_request request = {.ordering = ""};
    struct list_page page;

    testing_pg_stop();
    assert_true(error_is(run(call, &request, NULL, 0, &page), REASON_DATABASE_UNAVAILABLE));
    testing_pg_start();
}

static int set_up(void **state)
{
    testing_migrate("domains", NULL, 0);
    /* Equal sizes and times, so that the key decides; names that sort by byte. */
    testing_execute(
        "domains",
        "CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT "
        "NULL, "
        "size int NOT NULL, created_at timestamptz NOT NULL);"
        "GRANT ALL ON item TO roost_domains;"
        "INSERT INTO item (name, size, created_at) SELECT 'n' || substr(md5(n::text), 1, 6), n % "
        "3, "
        "CASE WHEN n < 3 THEN '-infinity' ELSE timestamptz '1969-12-31 23:59:59.999998+00' "
        "+ n / 2 * interval '1 microsecond' END FROM generate_series(1, 25) n");
    *state = testing_call_new("domains");
    return 0;
}

static int next(void **state)
{
    testing_call_next(*state);
    return 0;
}

static int tear_down(void **state)
{
    testing_call_free(*state);
    return 0;
}

static void a_search_has_a_limit(void **state)
{
    struct call *call = *state;
    char text[256];
    memset(text, 'x', sizeof text);
    text[255] = '\0';
    const struct error *err = list_check_search(call, text);
    assert_true(error_is(err, REASON_FIELD_TOO_LONG));
    assert_string_equal(err->fields->field, "search");
    text[254] = '\0';
    assert_null(list_check_search(call, text));
    assert_null(list_check_search(call, ""));
}

#define TEST(name) cmocka_unit_test_setup(name, next)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_hold_every_row_once),
        TEST(page_sizes_have_limits),
        TEST(default_and_maximum_cap_a_page),
        TEST(unknown_ordering_is_refused),
        TEST(changed_token_is_refused),
        TEST(token_is_bound_to_its_list),
        TEST(other_key_signs_otherwise),
        TEST(key_may_be_the_ordering),
        TEST(list_goes_on_from_a_known_position),
        TEST(token_of_no_statement_is_bound_to_all_it_is_made_with),
        TEST(a_search_has_a_limit),
        TEST(dead_database_is_unavailable),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
