/* One change of many accounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "services/accounts/testing/fixture.h"
#include "services/common/clock/clock.h"

typedef Roost__Accounts__V1__BulkChangeAccountsRequest Request;
typedef Roost__Accounts__V1__BulkChangeAccountsResponse Response;

#define REQUEST ROOST__ACCOUNTS__V1__BULK_CHANGE_ACCOUNTS_REQUEST__INIT
#define FILTER  ROOST__ACCOUNTS__V1__ACCOUNT_FILTER__INIT

static const struct error *change(const Request *req, Response **ret_resp)
{
    clock_set_monotonic_for_test(clock_monotonic_us()); /* a page ends early after 4 s */
    const struct error *err = accounts_client_bulk_change_accounts(fixture_call(), req, ret_resp);
    clock_set_monotonic_for_test(0);
    return err;
}

static Request by_ids(const char *action, int64_t *ids, size_t n_ids)
{
    Request req = REQUEST;
    req.action = (char *)action;
    req.ids = ids;
    req.n_ids = n_ids;
    return req;
}

static Request by_filter(const char *action, Roost__Accounts__V1__AccountFilter *filter)
{
    Request req = REQUEST;
    req.action = (char *)action;
    req.filter = filter;
    return req;
}

/* The outcomes of a page: "2 done, 3 refused OWN_ACCOUNT". */
static void told(const Response *resp, const char *wanted)
{
    struct arena *arena = fixture_call()->arena;
    const char *text = "";
    for (size_t i = 0; i < resp->n_results; i++) {
        const Roost__Common__V1__BulkResult *result = resp->results[i];
        text = arena_printf(arena, "%s%s%lld %s%s%s", text, i ? ", " : "", (long long)result->id,
                            result->outcome, *result->reason ? " " : "", result->reason);
        assert_int_equal(*result->detail != '\0', strcmp(result->outcome, "refused") == 0);
    }
    assert_string_equal(text, wanted);
}

static void bob_eve_and_boss(void)
{
    fixture_create_simple("bob@example.test");
    fixture_create_simple("eve@other.test");
    fixture_create_admin("boss", "DomainAdmins");
}

static void disable_and_enable_by_ids(void **state)
{
    int64_t ids[] = {4, 2, 3, 2};
    Request req = by_ids("disable", ids, 4);
    Response *resp;
    (void)state;
    bob_eve_and_boss();
    fixture_ok(change(&req, &resp));
    told(resp, "2 done, 3 done, 4 done");
    assert_string_equal(resp->results[0]->name, "bob@example.test");
    assert_string_equal(resp->next_page_token, "");
    assert_int_equal(resp->total_size, 3);
    assert_false(fixture_get(2)->is_active);
    assert_string_equal(fixture_get(2)->mailbox->full_address, "bob@example.test");
    fixture_selects("SELECT session_epoch FROM account WHERE id = 2", "2");
    fixture_ok(change(&req, &resp));
    told(resp, "2 unchanged, 3 unchanged, 4 unchanged");
    req.action = (char *)"enable";
    fixture_ok(change(&req, &resp));
    told(resp, "2 done, 3 done, 4 done");
    assert_true(fixture_get(2)->is_active);
    fixture_selects("SELECT count(*) FROM outbox WHERE event_type = 'AccountModified'", "6");
    fixture_selects("SELECT before -> 'mailbox' ->> 'full_address' FROM outbox "
                    "WHERE event_type = 'AccountModified' ORDER BY id LIMIT 1",
                    "bob@example.test");
}

static void delete_by_ids_with_undo(void **state)
{
    int64_t ids[] = {2, 3, 99};
    Request req = by_ids("delete", ids, 3);
    Roost__Accounts__V1__RestoreAccountRequest restore =
        ROOST__ACCOUNTS__V1__RESTORE_ACCOUNT_REQUEST__INIT;
    Roost__Accounts__V1__Account *restored;
    Response *resp;
    (void)state;
    bob_eve_and_boss();
    req.undo_seconds = 60;
    fixture_ok(change(&req, &resp));
    told(resp, "2 done, 3 done, 99 refused ACCOUNT_NOT_FOUND");
    assert_string_equal(resp->results[2]->name, "");
    fixture_refused(fixture_try_get(2), "ACCOUNT_NOT_FOUND");
    assert_int_equal(siblings_n_mailboxes(), 2);
    restore.id = 2;
    fixture_ok(accounts_client_restore_account(fixture_call(), &restore, &restored));
    /* Without undo it is all gone at once. */
    req.undo_seconds = 0;
    req.n_ids = 1;
    fixture_ok(change(&req, &resp));
    told(resp, "2 done");
    assert_int_equal(siblings_n_mailboxes(), 1);
    fixture_selects("SELECT string_agg(username, ' ' ORDER BY id) FROM active_account",
                    "admin boss");
}

/* A page is not spoilt by what may not be changed. */
static void refusals_are_told_one_by_one(void **state)
{
    int64_t ids[] = {1, 2, 3};
    Request req = by_ids("disable", ids, 3);
    Response *resp;
    (void)state;
    bob_eve_and_boss();
    fixture_execute("UPDATE account SET guard = 'x' WHERE id = 2");
    fixture_ok(change(&req, &resp));
    told(resp, "1 refused OWN_ACCOUNT, 2 refused REQUEST_IN_PROGRESS, 3 done");
    assert_string_equal(resp->results[0]->name, "admin");
    assert_string_equal(resp->results[0]->detail, "You can't disable your own account.");
    req.action = (char *)"delete";
    fixture_ok(change(&req, &resp));
    told(resp, "1 refused OWN_ACCOUNT, 2 refused REQUEST_IN_PROGRESS, 3 done");
    fixture_execute("UPDATE account SET guard = '' WHERE id = 2");
}

static void the_last_super_admin_stays(void **state)
{
    Roost__Accounts__V1__AccountFilter filter = FILTER;
    Request req = by_filter("delete", &filter);
    Response *resp;
    (void)state;
    fixture_create_admin("ada", "SuperAdmins");
    /* Somebody who was one a moment ago. */
    fixture_create_admin("boss", "SuperAdmins");
    fixture_execute("UPDATE account SET is_active = false WHERE id = 3");
    filter.role = (char *)"SuperAdmins";
    fixture_ok(accounts_client_bulk_change_accounts(fixture_call_as(3, "boss", "SuperAdmins"), &req,
                                                    &resp));
    told(resp, "1 done, 2 refused LAST_SUPER_ADMIN, 3 refused OWN_ACCOUNT");
    req.action = (char *)"disable";
    fixture_ok(accounts_client_bulk_change_accounts(fixture_call_as(3, "boss", "SuperAdmins"), &req,
                                                    &resp));
    told(resp, "2 refused LAST_SUPER_ADMIN, 3 unchanged");
}

static void a_filter_selects_as_the_list_does(void **state)
{
    Roost__Accounts__V1__AccountFilter filter = FILTER;
    Request req = by_filter("disable", &filter);
    Response *resp;
    (void)state;
    bob_eve_and_boss();
    filter.search = (char *)"B";
    fixture_ok(change(&req, &resp));
    told(resp, "2 done, 4 done");
    assert_int_equal(resp->total_size, 2);
    filter.search = (char *)"";
    filter.domain = (char *)"Other.test";
    fixture_ok(change(&req, &resp));
    told(resp, "3 done");
    filter.domain = (char *)"";
    filter.role = (char *)"SimpleUsers";
    fixture_ok(change(&req, &resp));
    told(resp, "2 unchanged, 3 unchanged");
    filter.role = (char *)"";
    filter._is_active_case = ROOST__ACCOUNTS__V1__ACCOUNT_FILTER___IS_ACTIVE_IS_ACTIVE;
    req.action = (char *)"enable";
    fixture_ok(change(&req, &resp));
    told(resp, "2 done, 3 done, 4 done");
    fixture_ok(change(&req, &resp));
    told(resp, "");
    assert_int_equal(resp->total_size, 0);
    /* An empty filter is everybody. */
    filter._is_active_case = 0;
    fixture_ok(change(&req, &resp));
    told(resp, "1 unchanged, 2 unchanged, 3 unchanged, 4 unchanged");
    assert_int_equal(resp->total_size, 4);
}

/* What the pages before have done to the selection moves nothing. */
static void pages_go_through_once(void **state)
{
    Roost__Accounts__V1__AccountFilter filter = FILTER;
    Request req = by_filter("disable", &filter);
    Response *resp;
    (void)state;
    bob_eve_and_boss();
    fixture_create_admin("sue", "Resellers");
    filter._is_active_case = ROOST__ACCOUNTS__V1__ACCOUNT_FILTER___IS_ACTIVE_IS_ACTIVE;
    filter.is_active = true;
    req.page_size = 2;
    fixture_ok(change(&req, &resp));
    told(resp, "1 refused OWN_ACCOUNT, 2 done");
    assert_int_equal(resp->total_size, 5);
    req.page_token = resp->next_page_token;
    fixture_ok(change(&req, &resp));
    told(resp, "3 done, 4 done");
    assert_int_equal(resp->_total_size_case, 0);
    /* The same page again. */
    fixture_ok(change(&req, &resp));
    told(resp, "5 done");
    assert_string_equal(resp->next_page_token, "");
}

static void ids_have_pages_too(void **state)
{
    int64_t ids[] = {4, 3, 2};
    Request req = by_ids("delete", ids, 3);
    Response *resp;
    (void)state;
    bob_eve_and_boss();
    req.page_size = 2;
    fixture_ok(change(&req, &resp));
    told(resp, "2 done, 3 done");
    assert_int_equal(resp->total_size, 3);
    req.page_token = resp->next_page_token;
    fixture_ok(change(&req, &resp));
    told(resp, "4 done");
    assert_string_equal(resp->next_page_token, "");
}

static void wrong_input_is_refused(void **state)
{
    static int64_t many[1001];
    int64_t ids[] = {2};
    Roost__Accounts__V1__AccountFilter filter = FILTER;
    Request req = by_ids("explode", ids, 1);
    Response *resp;
    (void)state;
    bob_eve_and_boss();
    fixture_refused_field(change(&req, &resp), "FIELD_INVALID", "action",
                          "\"explode\" is not a valid choice.");
    req = by_ids("delete", NULL, 0);
    fixture_refused(change(&req, &resp), "FIELD_INVALID");
    req = by_ids("delete", ids, 1);
    req.filter = &filter;
    fixture_refused(change(&req, &resp), "FIELD_INVALID");
    req = by_ids("delete", many, 1001);
    fixture_refused(change(&req, &resp), "FIELD_TOO_LONG");
    req = by_ids("delete", ids, 1);
    req.undo_seconds = 86401;
    fixture_refused(change(&req, &resp), "FIELD_INVALID");
    req.undo_seconds = 0;
    req.page_size = -1;
    fixture_refused(change(&req, &resp), "FIELD_INVALID");
    req.page_size = 0;
    req.page_token = (char *)"x";
    fixture_refused(change(&req, &resp), "PAGE_TOKEN_INVALID");
    req = by_filter("delete", &filter);
    filter.role = (char *)"Emperors";
    fixture_refused_field(change(&req, &resp), "ROLE_UNKNOWN", "filter.role",
                          "\"Emperors\" is not a valid choice.");
    filter.role = (char *)"";
    filter.domain = (char *)"no domain";
    fixture_refused(change(&req, &resp), "DOMAIN_NAME_INVALID");
    fixture_selects("SELECT count(*) FROM active_account", "4");
}

static void a_page_token_fits_its_selection_only(void **state)
{
    int64_t ids[] = {2, 3};
    Request req = by_ids("disable", ids, 2);
    Response *resp;
    (void)state;
    bob_eve_and_boss();
    req.page_size = 1;
    fixture_ok(change(&req, &resp));
    req.page_token = resp->next_page_token;
    req.action = (char *)"delete";
    fixture_refused(change(&req, &resp), "PAGE_TOKEN_INVALID");
    req.action = (char *)"disable";
    ids[1] = 4;
    fixture_refused(change(&req, &resp), "PAGE_TOKEN_INVALID");
    fixture_selects("SELECT count(*) FROM active_account", "4");
}

static void only_super_admins_may(void **state)
{
    static const char *const roles[] = {"Resellers", "DomainAdmins", "SimpleUsers"};
    int64_t ids[] = {2};
    Request req = by_ids("delete", ids, 1);
    Response *resp;
    (void)state;
    bob_eve_and_boss();
    for (size_t i = 0; i < 3; i++) {
        fixture_refused(
            accounts_client_bulk_change_accounts(fixture_call_as(4, "boss", roles[i]), &req, &resp),
            "ROLE_NOT_ALLOWED");
    }
    assert_string_equal(fixture_get(2)->username, "bob@example.test");
}

/* What went well is told; the rest of the page fails on its own. */
static void a_service_that_goes_away_ends_the_page(void **state)
{
    int64_t ids[] = {2, 4, 3};
    Request req = by_ids("disable", ids, 3);
    Response *resp;
    (void)state;
    fixture_create_admin("ada", "Resellers");
    fixture_create_simple("bob@example.test");
    fixture_create_admin("boss", "DomainAdmins");
    siblings_break("BatchGetMailboxes", false);
    fixture_ok(change(&req, &resp));
    told(resp, "2 done");
    req.page_token = resp->next_page_token;
    fixture_refused(change(&req, &resp), "SERVICE_UNAVAILABLE");
    siblings_break(NULL, false);
    fixture_ok(change(&req, &resp));
    told(resp, "3 done, 4 done");
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(disable_and_enable_by_ids),
        TEST(delete_by_ids_with_undo),
        TEST(refusals_are_told_one_by_one),
        TEST(the_last_super_admin_stays),
        TEST(a_filter_selects_as_the_list_does),
        TEST(pages_go_through_once),
        TEST(ids_have_pages_too),
        TEST(wrong_input_is_refused),
        TEST(a_page_token_fits_its_selection_only),
        TEST(only_super_admins_may),
        TEST(a_service_that_goes_away_ends_the_page),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
