/* ListIdentities: accounts and aliases in one list. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "services/mailboxes/testing/fake_siblings.h"
#include "services/mailboxes/testing/fixture.h"

typedef Roost__Mailboxes__V1__ListIdentitiesRequest Request;
typedef Roost__Mailboxes__V1__ListIdentitiesResponse Response;
typedef Roost__Mailboxes__V1__Identity Identity;

/* Accounts 1 to 4; bob's forward has his address; aliases lie before, between and behind. */
static void make_people(struct fixture *f)
{
    static const char *const usernames[] = {"bob@example.test", "admin", "!dora@example.test",
                                            "Zoe@example.test", NULL};
    fake_accounts_are(usernames);
    make_mailbox(f, 1, "bob");
    make_mailbox(f, 3, "dora");
    make_alias(f, "bob@example.test", "bob@else.test");
    make_alias(f, "aaa@example.test",
               "e@else.test d@else.test c@else.test b@else.test a@else.test");
    make_alias(f, "info@other.test", "bob@example.test");
    make_alias(f, "@example.test", "bob@example.test");
}

static Request request_of(const char *ordering, int32_t page_size)
{
    Request req = ROOST__MAILBOXES__V1__LIST_IDENTITIES_REQUEST__INIT;
    req.ordering = (char *)ordering;
    req.page_size = page_size;
    return req;
}

/* All pages: the address, with a star behind an alias's. */
static const char *walk(struct fixture *f, Request req)
{
    struct call *call = fixture_call(f);
    const char *text = "";
    for (int i = 0; i < 20; i++) {
        Response *resp;
        assert_good(mailboxes_client_list_identities(call, &req, &resp));
        for (size_t k = 0; k < resp->n_identities; k++) {
            text = arena_printf(
                call->arena, "%s%s%s%s", text, *text ? " " : "", resp->identities[k]->address,
                *resp->identities[k]->kind == 'a' && strcmp(resp->identities[k]->kind, "alias") == 0
                    ? "*"
                    : "");
        }
        if (!*resp->next_page_token) {
            return text;
        }
        assert_int_equal(resp->n_identities, req.page_size);
        req.page_token = resp->next_page_token;
    }
    fail_msg("the list has no end");
    return NULL;
}

static void pages_hold_everybody_once_in_order(void **state)
{
    struct fixture *f = *state;
    make_people(f);
    for (int32_t size = 1; size <= 9; size++) {
        assert_string_equal(
            walk(f, request_of("", size)),
            "@example.test* Zoe@example.test aaa@example.test* admin "
            "bob@example.test bob@example.test* dora@example.test info@other.test*");
        assert_string_equal(walk(f, request_of("-address", size)),
                            "info@other.test* dora@example.test bob@example.test* bob@example.test "
                            "admin aaa@example.test* Zoe@example.test @example.test*");
    }
}

static void filters_leave_what_they_name(void **state)
{
    static const struct {
        const char *search, *domain, *kind, *role;
        int enabled; /* -1: not given */
        const char *wanted;
        int total;
    } cases[] = {
        {"b", "", "", "", -1, "bob@example.test bob@example.test*", 2},
        {"nobody", "", "", "", -1, "", 0},
        {"", "other.test", "", "", -1, "info@other.test*", 1},
        {"", "", "account", "", -1, "Zoe@example.test admin bob@example.test dora@example.test", 4},
        {"", "", "alias", "", -1,
         "@example.test* aaa@example.test* bob@example.test* info@other.test*", 4},
        {"", "", "", "SuperAdmins", -1, "admin", 1},
        {"", "", "alias", "SuperAdmins", -1, "", 0},
        {"", "", "", "", 0, "aaa@example.test* dora@example.test", 2},
        {"a", "", "", "", 0, "aaa@example.test*", 1},
        {"", "", "alias", "", 1, "@example.test* bob@example.test* info@other.test*", 3},
    };
    struct fixture *f = *state;
    make_people(f);
    testing_execute("mailboxes", "UPDATE alias SET enabled = false WHERE local_part = 'aaa'");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Request req = request_of("", 2);
        Response *resp;
        req.search = (char *)cases[i].search;
        req.domain = (char *)cases[i].domain;
        req.kind = (char *)cases[i].kind;
        req.role = (char *)cases[i].role;
        req.count = true;
        if (cases[i].enabled >= 0) {
            req._enabled_case = ROOST__MAILBOXES__V1__LIST_IDENTITIES_REQUEST___ENABLED_ENABLED;
            req.enabled = cases[i].enabled;
        }
        assert_string_equal(walk(f, req), cases[i].wanted);
        assert_good(mailboxes_client_list_identities(fixture_call(f), &req, &resp));
        assert_int_equal(resp->total_size, cases[i].total);
    }
}

static void identities_show_what_both_kinds_have(void **state)
{
    struct fixture *f = *state;
    make_people(f);
    Request req = request_of("", 0);
    Response *resp;
    assert_good(mailboxes_client_list_identities(fixture_call(f), &req, &resp));
    assert_int_equal(resp->total_size, 8);
    const Identity *alias = resp->identities[2];
    assert_string_equal(alias->kind, "alias");
    assert_int_equal(alias->id, 2);
    assert_int_equal(alias->recipient_count, 5);
    assert_int_equal(alias->n_recipients, 3);
    assert_string_equal(alias->recipients[2], "c@else.test");
    assert_string_equal(alias->domain, "example.test");
    assert_string_equal(alias->role, "");
    assert_int_equal(alias->_mailbox_id_case, 0);
    const Identity *admin = resp->identities[3];
    assert_string_equal(admin->name, "Doe");
    assert_string_equal(admin->domain, "");
    assert_int_equal(admin->_mailbox_id_case, 0);
    const Identity *bob = resp->identities[4];
    assert_string_equal(bob->kind, "account");
    assert_string_equal(bob->name, "Jo Doe");
    assert_string_equal(bob->role, "SimpleUsers");
    assert_int_equal(bob->mailbox_id, 1);
    assert_int_equal(bob->quota, 100);
    assert_int_equal(bob->quota_usage, 1);
    const Identity *dora = resp->identities[6];
    assert_false(dora->enabled);
    assert_int_equal(dora->quota, 200);
}

static void wrong_requests_are_refused(void **state)
{
    static const struct {
        const char *ordering, *domain, *kind, *token;
        int32_t page_size;
        const char *reason;
    } cases[] = {
        {"name", "", "", "", 0, "ORDERING_UNKNOWN"},
        {"", "nowhere.test", "", "", 0, "DOMAIN_NOT_FOUND"},
        {"", "", "person", "", 0, "FIELD_INVALID"},
        {"", "", "", "AAAA", 0, "PAGE_TOKEN_INVALID"},
        {"", "", "", "", -1, "FIELD_INVALID"},
    };
    struct fixture *f = *state;
    make_people(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Request req = request_of(cases[i].ordering, cases[i].page_size);
        Response *resp;
        req.domain = (char *)cases[i].domain;
        req.kind = (char *)cases[i].kind;
        req.page_token = (char *)cases[i].token;
        assert_reason(mailboxes_client_list_identities(fixture_call(f), &req, &resp),
                      cases[i].reason);
    }
}

static void token_is_bound_to_filter_and_ordering(void **state)
{
    struct fixture *f = *state;
    make_people(f);
    Request req = request_of("", 2);
    Response *resp;
    assert_good(mailboxes_client_list_identities(fixture_call(f), &req, &resp));
    req.page_token = resp->next_page_token;
    req.page_size = 3;
    assert_good(mailboxes_client_list_identities(fixture_call(f), &req, &resp));
    req.ordering = "-address";
    assert_reason(mailboxes_client_list_identities(fixture_call(f), &req, &resp),
                  "PAGE_TOKEN_INVALID");
    req.ordering = "";
    req.kind = "alias";
    assert_reason(mailboxes_client_list_identities(fixture_call(f), &req, &resp),
                  "PAGE_TOKEN_INVALID");
}

static void list_needs_the_accounts(void **state)
{
    struct fixture *f = *state;
    make_people(f);
    Request req = request_of("", 2);
    Response *resp;
    fake_accounts_fail();
    assert_reason(mailboxes_client_list_identities(fixture_call(f), &req, &resp),
                  "SERVICE_UNAVAILABLE");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
    const struct CMUnitTest tests[] = {
        TEST(pages_hold_everybody_once_in_order),    TEST(filters_leave_what_they_name),
        TEST(identities_show_what_both_kinds_have),  TEST(wrong_requests_are_refused),
        TEST(token_is_bound_to_filter_and_ordering), TEST(list_needs_the_accounts),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
