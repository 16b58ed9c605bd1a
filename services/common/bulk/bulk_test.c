#include "services/common/bulk/bulk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"
#include "services/common/testing/testing.h"

/* The clock stands: a page ends early only where the test lets the time pass. */
static int setup(void **state)
{
    clock_set_monotonic_for_test(clock_monotonic_us());
    *state = testing_call_new("domains");
    return 0;
}

static int teardown(void **state)
{
    clock_set_monotonic_for_test(0);
    testing_call_free(*state);
    return 0;
}

/* A message of some fields stands for the request. */
static struct bulk_request request_of(Roost__Common__V1__BulkResult *message, const int64_t *ids,
                                      size_t n_ids)
{
    *message = (Roost__Common__V1__BulkResult)ROOST__COMMON__V1__BULK_RESULT__INIT;
    return (struct bulk_request){.list = "bulk_things",
                                 .message = &message->base,
                                 .action = "disable",
                                 .ids = ids,
                                 .n_ids = n_ids,
                                 .page_token = ""};
}

static void wrong_requests_are_refused(void **state)
{
    static int64_t ids[BULK_IDS_MAX + 1] = {1, 2, 3};
    static const struct {
        const char *action;
        size_t n_ids;
        bool has_filter;
        int32_t page_size, undo_seconds;
        const char *page_token;
        const char *field;
    } cases[] = {
        {"", 1, false, 0, 0, "", "action"},
        {"Enable", 1, false, 0, 0, "", "action"},
        {"enable", 0, false, 0, 0, "", "ids"},
        {"enable", 1, true, 0, 0, "", "ids"},
        {"enable", BULK_IDS_MAX + 1, false, 0, 0, "", "ids"},
        {"enable", 1, false, -1, 0, "", "page_size"},
        {"delete", 1, false, 0, -1, "", "undo_seconds"},
        {"delete", 1, false, 0, BULK_UNDO_MAX_S + 1, "", "undo_seconds"},
        {"delete", 1, false, 0, 0, "AAAA", "page_token"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Roost__Common__V1__BulkResult message;
        struct bulk_request request = request_of(&message, ids, cases[i].n_ids);
        struct bulk bulk;
        request.action = cases[i].action;
        request.has_filter = cases[i].has_filter;
        request.page_size = cases[i].page_size;
        request.undo_seconds = cases[i].undo_seconds;
        request.page_token = cases[i].page_token;
        const struct error *err = bulk_open(*state, &request, &bulk);
        assert_non_null(err);
        assert_int_equal(err->code, ERROR_INVALID_ARGUMENT);
        assert_string_equal(err->fields[0].field, cases[i].field);
    }
}

/* 2 is refused, 3 was so already, 9 fails. */
static const struct error *change(struct call *call, void *ctx, int64_t id,
                                  Roost__Common__V1__BulkResult *result)
{
    char **log = ctx;
    *log = arena_printf(call->arena, "%s%lld ", *log, (long long)id);
    result->name = arena_printf(call->arena, "thing %lld", (long long)id);
    if (id == 2) {
        return error_new(call->arena, REASON_OWN_DOMAIN, "It is yours.");
    }
    if (id == 9) {
        return error_new(call->arena, REASON_SERVICE_UNAVAILABLE, "It is away.");
    }
    if (id == 3) {
        result->outcome = arena_strdup(call->arena, "unchanged");
    }
    return NULL;
}

static void pages_follow_in_the_order_of_ids(void **state)
{
    static const int64_t ids[] = {7, 3, 3, 1, 2, 7, 12};
    static const char *const pages[] = {"1 2 ", "3 7 ", "12 "};
    struct call *call = *state;
    Roost__Common__V1__BulkResult message;
    struct bulk_request request = request_of(&message, ids, 7);
    request.page_size = 2;
    for (size_t i = 0; i < 3; i++) {
        char *log = arena_strdup(call->arena, "");
        struct bulk bulk;
        assert_null(bulk_open(call, &request, &bulk));
        assert_int_equal(bulk.is_first, i == 0);
        assert_int_equal(bulk_take_ids(call, &bulk), 5);
        assert_null(bulk_run(call, &bulk, change, &log));
        assert_string_equal(log, pages[i]);
        assert_int_equal(*bulk.next_page_token != '\0', i < 2);
        if (i == 0) {
            assert_string_equal(bulk.results[0]->outcome, "done");
            assert_string_equal(bulk.results[0]->name, "thing 1");
            assert_string_equal(bulk.results[1]->outcome, "refused");
            assert_string_equal(bulk.results[1]->reason, "OWN_DOMAIN");
            assert_string_equal(bulk.results[1]->detail, "It is yours.");
        }
        request.page_token = bulk.next_page_token;
    }
}

static void failure_ends_the_page_behind_what_is_done(void **state)
{
    static const int64_t ids[] = {3, 9, 12};
    struct call *call = *state;
    Roost__Common__V1__BulkResult message;
    struct bulk_request request = request_of(&message, ids, 3);
    char *log = arena_strdup(call->arena, "");
    struct bulk bulk;
    assert_null(bulk_open(call, &request, &bulk));
    bulk_take_ids(call, &bulk);
    assert_null(bulk_run(call, &bulk, change, &log));
    assert_int_equal(bulk.n_results, 1);
    assert_string_equal(bulk.results[0]->outcome, "unchanged");
    request.page_token = bulk.next_page_token;
    assert_null(bulk_open(call, &request, &bulk));
    bulk_take_ids(call, &bulk);
    assert_true(error_is(bulk_run(call, &bulk, change, &log), REASON_SERVICE_UNAVAILABLE));
    assert_string_equal(log, "3 9 9 ");
}

/* 12 takes so long that the page has no time for another. */
static const struct error *change_slowly(struct call *call, void *ctx, int64_t id,
                                         Roost__Common__V1__BulkResult *result)
{
    int64_t us = id == 12 ? 2500000 : 1500000;
    clock_set_monotonic_for_test(clock_monotonic_us() + us);
    return change(call, ctx, id, result);
}

static void page_ends_after_four_seconds(void **state)
{
    static const int64_t ids[] = {1, 12, 13, 14, 15, 16};
    static const char *const pages[] = {"1 12 ", "13 14 15 ", "16 "};
    struct call *call = *state;
    Roost__Common__V1__BulkResult message;
    struct bulk_request request = request_of(&message, ids, 6);
    for (size_t i = 0; i < 3; i++) {
        char *log = arena_strdup(call->arena, "");
        struct bulk bulk;
        assert_null(bulk_open(call, &request, &bulk));
        bulk_take_ids(call, &bulk);
        assert_null(bulk_run(call, &bulk, change_slowly, &log));
        assert_string_equal(log, pages[i]);
        assert_int_equal(*bulk.next_page_token != '\0', i < 2);
        request.page_token = bulk.next_page_token;
    }
}

static void token_is_bound_to_the_request(void **state)
{
    static const int64_t ids[] = {1, 3};
    struct call *call = *state;
    Roost__Common__V1__BulkResult message;
    struct bulk_request request = request_of(&message, ids, 2);
    char *log = arena_strdup(call->arena, "");
    struct bulk bulk;
    request.page_size = 1;
    assert_null(bulk_open(call, &request, &bulk));
    bulk_take_ids(call, &bulk);
    assert_null(bulk_run(call, &bulk, change, &log));
    request.page_token = bulk.next_page_token;
    message.detail = arena_strdup(call->arena, "another");
    assert_true(error_is(bulk_open(call, &request, &bulk), REASON_PAGE_TOKEN_INVALID));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_requests_are_refused),
        cmocka_unit_test(pages_follow_in_the_order_of_ids),
        cmocka_unit_test(failure_ends_the_page_behind_what_is_done),
        cmocka_unit_test(page_ends_after_four_seconds),
        cmocka_unit_test(token_is_bound_to_the_request),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
