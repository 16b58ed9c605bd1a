/* ListAccounts as its callers see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/accounts/testing/fixture.h"
#include "services/common/testing/testing.h"

static Roost__Accounts__V1__ListAccountsRequest filter(const char *search, const char *ordering)
{
    Roost__Accounts__V1__ListAccountsRequest req = ROOST__ACCOUNTS__V1__LIST_ACCOUNTS_REQUEST__INIT;
    req.search = (char *)search;
    req.ordering = (char *)ordering;
    return req;
}

static void set_active(Roost__Accounts__V1__ListAccountsRequest *req, bool is_active)
{
    req->_is_active_case = ROOST__ACCOUNTS__V1__LIST_ACCOUNTS_REQUEST___IS_ACTIVE_IS_ACTIVE;
    req->is_active = is_active;
}

/* All pages of at most page_size, as "name name name". The caller frees it. */
static char *names(Roost__Accounts__V1__ListAccountsRequest req, int32_t page_size)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    int n_pages = 0;
    assert_non_null(out);
    req.page_size = page_size;
    do {
        assert_true(n_pages++ < 100);
        Roost__Accounts__V1__ListAccountsResponse *resp;
        fixture_ok(accounts_client_list_accounts(fixture_call(), &req, &resp));
        assert_true(resp->n_accounts <= (size_t)page_size);
        for (size_t i = 0; i < resp->n_accounts; i++) {
            fprintf(out, "%s%s", ftell(out) ? " " : "", resp->accounts[i]->username);
        }
        req.page_token = resp->next_page_token;
    } while (*req.page_token);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void lists(Roost__Accounts__V1__ListAccountsRequest req, const char *wanted)
{
    static const int32_t sizes[] = {1, 2, 3, 100};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *found = names(req, sizes[i]);
        assert_string_equal(found, wanted);
        free(found);
    }
}

/* Six people beside admin; one of them is not there any more. */
static void fill(void)
{
    fixture_execute(
        "INSERT INTO account (username, email, first_name, last_name, role, is_active, state, "
        "password_hash, "
        "date_joined) VALUES "
        "('bob@a.test', 'bob@a.test', 'Bob', 'Miller', 'SimpleUsers', true, 'active', '', "
        "'2020-01-04'), "
        "('ada@a.test', 'ada@a.test', 'Ada', '', 'SimpleUsers', true, 'active', '', '2020-01-03'), "
        "('cy@b.test', 'cy@b.test', 'BOBBY', 'Örtel', 'SimpleUsers', false, 'active', '', "
        "'2020-01-02'), "
        "('dom', 'bobs.boss@b.test', '', 'bobson', 'DomainAdmins', true, 'active', '', "
        "'2020-01-01'), "
        "('eve@a.test', 'eve@a.test', '100%', 'a_b', 'SimpleUsers', true, 'active', '', "
        "'2020-01-04'), "
        "('bob.gone@a.test', 'bob.gone@a.test', 'Bob', '', 'SimpleUsers', true, 'deleting', '', "
        "'2020-01-04')");
    fixture_execute("UPDATE account SET date_joined = '2019-01-01' WHERE id = 1");
}

static void every_ordering_pages_both_ways(void **state)
{
    (void)state;
    fill();
    lists(filter("", ""), "ada@a.test admin bob@a.test cy@b.test dom eve@a.test");
    lists(filter("", "username"), "ada@a.test admin bob@a.test cy@b.test dom eve@a.test");
    lists(filter("", "-username"), "eve@a.test dom cy@b.test bob@a.test admin ada@a.test");
    lists(filter("", "first_name"), "admin dom eve@a.test ada@a.test cy@b.test bob@a.test");
    lists(filter("", "-first_name"), "bob@a.test cy@b.test ada@a.test eve@a.test dom admin");
    lists(filter("", "last_name"), "admin ada@a.test bob@a.test eve@a.test dom cy@b.test");
    lists(filter("", "date_joined"), "admin dom cy@b.test ada@a.test bob@a.test eve@a.test");
    lists(filter("", "-date_joined"), "eve@a.test bob@a.test ada@a.test cy@b.test dom admin");
}

static void search_finds_beginnings_in_any_case(void **state)
{
    (void)state;
    fill();
    lists(filter("bob", ""), "bob@a.test cy@b.test dom");
    lists(filter("BoB", "-username"), "dom cy@b.test bob@a.test");
    lists(filter("bob", "date_joined"), "dom cy@b.test bob@a.test");
    lists(filter("bob", "-date_joined"), "bob@a.test cy@b.test dom");
    lists(filter("bob", "first_name"), "dom cy@b.test bob@a.test");
    lists(filter("örtel", ""), "cy@b.test");
    lists(filter("ÖRT", ""), "cy@b.test");
    lists(filter("ob", ""), "");
    lists(filter("bob.gone", ""), "");
    /* No wildcards. */
    lists(filter("%", ""), "");
    lists(filter("_", ""), "");
    lists(filter("100%", ""), "eve@a.test");
    lists(filter("100_", ""), "");
    lists(filter("a_b", ""), "eve@a.test");
    lists(filter("adab", ""), "");
    lists(filter("\\", ""), "");
    lists(filter("' OR true --", ""), "");
}

static void filters_combine(void **state)
{
    Roost__Accounts__V1__ListAccountsRequest req = filter("", "");
    (void)state;
    fill();
    req.domain = (char *)"A.test";
    lists(req, "ada@a.test bob@a.test eve@a.test");
    req.search = (char *)"bob";
    lists(req, "bob@a.test");
    req.domain = (char *)"b.test";
    lists(req, "cy@b.test dom");
    req.role = (char *)"DomainAdmins";
    lists(req, "dom");
    set_active(&req, false);
    lists(req, "");
    req = filter("", "-username");
    set_active(&req, false);
    lists(req, "cy@b.test");
    set_active(&req, true);
    lists(req, "eve@a.test dom bob@a.test admin ada@a.test");
    req.role = (char *)"SimpleUsers";
    lists(req, "eve@a.test bob@a.test ada@a.test");
    req = filter("", "");
    req.role = (char *)"SuperAdmins";
    lists(req, "admin");
    req.domain = (char *)"none.test";
    lists(req, "");
}

static int64_t total(Roost__Accounts__V1__ListAccountsRequest req)
{
    Roost__Accounts__V1__ListAccountsResponse *resp;
    req.page_size = 1;
    fixture_ok(accounts_client_list_accounts(fixture_call(), &req, &resp));
    return resp->_total_size_case ? resp->total_size : -1;
}

static void totals_count_what_is_seen(void **state)
{
    Roost__Accounts__V1__ListAccountsRequest req = filter("", "");
    (void)state;
    assert_int_equal(total(req), 1);
    fill();
    assert_int_equal(total(req), 6);
    req.search = (char *)"bob";
    assert_int_equal(total(req), -1);
    req.count = true;
    assert_int_equal(total(req), 3);
    req.domain = (char *)"b.test";
    assert_int_equal(total(req), 2);
    fixture_execute("UPDATE account SET state = 'deleting' WHERE username = 'dom'");
    assert_int_equal(total(req), 1);
    assert_int_equal(total(filter("", "")), 5);
    fixture_execute("DELETE FROM account WHERE username = 'cy@b.test'");
    assert_int_equal(total(filter("", "")), 4);
    fixture_execute("DELETE FROM account WHERE username = 'dom'");
    assert_int_equal(total(filter("", "")), 4);
}

/* 7,000 accounts, so that no filter leaves few; each way to find a page gives the same. */
static void much_is_found_like_little(void **state)
{
    (void)state;
    fixture_execute(
        "INSERT INTO account (username, first_name, last_name, role, password_hash, date_joined, "
        "is_active) SELECT 'u' || i, 'F' || i % 100, "
        "CASE WHEN i <= 4500 THEN 'Low' WHEN i <= 6950 THEN 'Late' ELSE 'Rare' END, "
        "CASE WHEN i % 2 = 0 THEN 'DomainAdmins' ELSE 'SimpleUsers' END, '', "
        "timestamp '2020-01-01' + i * interval '1 second', i % 2 = 0 FROM generate_series(1, 7000) "
        "AS i");
    static const struct {
        const char *search, *ordering, *role, *condition, *order;
    } cases[] = {
        {"u", "", "", "username LIKE 'u%'", "username, id"},
        {"u", "-date_joined", "", "username LIKE 'u%'", "date_joined DESC, id DESC"},
        {"low", "", "", "last_name = 'Low'", "username, id"},
        {"low", "-date_joined", "", "last_name = 'Low'", "date_joined DESC, id DESC"},
        {"f", "first_name", "", "first_name LIKE 'F%'", "first_name, id"},
        {"f9", "first_name", "", "first_name LIKE 'F9%'", "first_name, id"},
        {"late", "date_joined", "", "last_name = 'Late'", "date_joined, id"},
        {"rare", "date_joined", "", "last_name = 'Rare'", "date_joined, id"},
        {"", "-date_joined", "DomainAdmins", "role = 'DomainAdmins'", "date_joined DESC, id DESC"},
        {"", "date_joined", "SimpleUsers", "role = 'SimpleUsers'", "date_joined, id"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Roost__Accounts__V1__ListAccountsRequest req = filter(cases[i].search, cases[i].ordering);
        struct call *call = fixture_call();
        req.role = (char *)cases[i].role;
        print_message("%s %s\n", cases[i].search, cases[i].ordering);
        char *wanted = testing_select(
            "accounts",
            arena_printf(
                call->arena,
                "SELECT string_agg(username, ' ' ORDER BY %s) FROM account WHERE %s AND id > 1",
                cases[i].order, cases[i].condition));
        char *found = names(req, 900);
        assert_string_equal(found, wanted);
        free(found);
        free(wanted);
    }
}

/* What the list must be, said without any of its ways. */
static char *expected(const char *search, const char *order, const char *filter)
{
    return testing_select(
        "accounts",
        arena_printf(
            fixture_call()->arena,
            "SELECT string_agg(username, ' ' ORDER BY %s) FROM account WHERE state = 'active' "
            "AND %s AND (username LIKE '%s%%' OR email LIKE '%s%%' OR lower(first_name) LIKE "
            "'%s%%' OR lower(last_name) LIKE '%s%%')",
            order, filter, search, search, search, search));
}

static size_t n_words(const char *text)
{
    size_t n = *text != '\0';
    for (; *text; text++) {
        n += *text == ' ';
    }
    return n;
}

static void is_complete(const char *search, const char *role, const char *active)
{
    static const struct {
        const char *name, *columns;
    } orderings[] = {{"username", "username, id"},
                     {"-username", "username DESC, id DESC"},
                     {"-first_name", "first_name DESC, id DESC"},
                     {"-date_joined", "date_joined DESC, id DESC"}};
    const char *condition = arena_printf(fixture_call()->arena, "('%s' = '' OR role = '%s') AND %s",
                                         role, role, *active ? active : "true");
    for (size_t i = 0; i < sizeof orderings / sizeof *orderings; i++) {
        Roost__Accounts__V1__ListAccountsRequest req = filter(search, orderings[i].name);
        req.role = (char *)role;
        if (*active) {
            set_active(&req, *active == 'i');
        }
        print_message("%s %s %s %s\n", search, role, active, orderings[i].name);
        char *wanted = expected(search, orderings[i].columns, condition);
        char *found = names(req, 197);
        assert_string_equal(found, wanted);
        free(found);
        req.count = true;
        assert_int_equal(total(req), n_words(wanted));
        free(wanted);
    }
}

/* A search in the order of user names goes by the single names up to 50 different ones, by all keys
 * beyond; in other orders it is tried on the next rows beyond 2,000. */
static void a_search_is_complete_whichever_way_it_goes(void **state)
{
    static const char *const searches[] = {"an",   "a",    "b",     "b1",    "z",
                                           "kowa", "gone", "other", "nobody"};
    (void)state;
    /* 50 first names with an, 51 with b, in two spellings; other columns match too, or alone. */
    fixture_execute(
        "INSERT INTO account (username, email, first_name, last_name, role, password_hash, "
        "date_joined, is_active) "
        "SELECT (ARRAY['an', 'b', 'z'])[1 + i % 3] || i * 7 % 1000 || '.' || i, "
        "CASE WHEN i % 100 = 0 THEN 'other' || i || '@x.test' ELSE '' END, "
        "(ARRAY['An', 'B', 'an', 'b'])[1 + i % 4] || CASE WHEN i % 2 = 0 THEN i / 2 % 50 ELSE i % "
        "51 END, "
        "(ARRAY['Kowalski', 'kowalski', 'Andere', 'Becker', ''])[1 + i % 5], "
        "CASE WHEN i % 40 = 0 THEN 'DomainAdmins' ELSE 'SimpleUsers' END, '', "
        "timestamp '2020-01-01' + i * 7919 % 6000 * interval '1 second', i % 30 <> 0 "
        "FROM generate_series(1, 6000) AS i");
    /* The first in the order of user names are not there. */
    fixture_execute(
        "INSERT INTO account (username, first_name, last_name, role, password_hash, state) "
        "SELECT 'aa' || i, 'B1', 'gone', 'SimpleUsers', '', "
        "CASE WHEN i % 2 = 0 THEN 'deleting' ELSE 'pending' END FROM generate_series(1, 500) AS i");
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        is_complete(searches[i], "", "");
    }
    is_complete("an", "DomainAdmins", "");
    is_complete("b", "DomainAdmins", "is_active");
    is_complete("b", "SimpleUsers", "NOT is_active");
    is_complete("kowalski", "", "NOT is_active");
}

static void wrong_requests_are_refused(void **state)
{
    Roost__Accounts__V1__ListAccountsRequest req = filter("", "shoe_size");
    Roost__Accounts__V1__ListAccountsResponse *resp;
    (void)state;
    fill();
    fixture_refused(accounts_client_list_accounts(fixture_call(), &req, &resp), "ORDERING_UNKNOWN");
    req = filter("", "password_hash");
    fixture_refused(accounts_client_list_accounts(fixture_call(), &req, &resp), "ORDERING_UNKNOWN");
    req = filter("", "");
    req.role = (char *)"Wizards";
    fixture_refused(accounts_client_list_accounts(fixture_call(), &req, &resp), "ROLE_UNKNOWN");
    req = filter("", "");
    req.domain = (char *)"a..b";
    fixture_refused(accounts_client_list_accounts(fixture_call(), &req, &resp),
                    "DOMAIN_NAME_INVALID");
    req = filter("", "");
    req.page_size = -1;
    fixture_refused(accounts_client_list_accounts(fixture_call(), &req, &resp), "FIELD_INVALID");
    req.page_size = 2;
    fixture_ok(accounts_client_list_accounts(fixture_call(), &req, &resp));
    req.page_token = resp->next_page_token;
    req.search = (char *)"b";
    fixture_refused(accounts_client_list_accounts(fixture_call(), &req, &resp),
                    "PAGE_TOKEN_INVALID");
    req.search = (char *)"";
    struct call *other = fixture_call_as(5, "dom", "SuperAdmins");
    fixture_refused(accounts_client_list_accounts(other, &req, &resp), "PAGE_TOKEN_INVALID");
    struct call *bob = fixture_call_as(2, "bob@a.test", "SimpleUsers");
    fixture_refused(accounts_client_list_accounts(bob, &req, &resp), "ROLE_NOT_ALLOWED");
}

static void mailboxes_come_in_one_batch(void **state)
{
    Roost__Accounts__V1__ListAccountsRequest req = filter("", "");
    Roost__Accounts__V1__ListAccountsResponse *resp;
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_create_simple("alice@example.test");
    fixture_ok(accounts_client_list_accounts(fixture_call(), &req, &resp));
    assert_int_equal(resp->n_accounts, 3);
    assert_null(resp->accounts[0]->mailbox);
    assert_string_equal(resp->accounts[1]->mailbox->full_address, "alice@example.test");
    assert_string_equal(resp->accounts[2]->mailbox->full_address, "bob@example.test");
    assert_int_equal(siblings_calls("BatchGetMailboxes"), 1);
    assert_int_equal(siblings_calls("BatchGetQuotas"), 1);
    siblings_break("BatchGetMailboxes", false);
    fixture_refused(accounts_client_list_accounts(fixture_call(), &req, &resp),
                    "SERVICE_UNAVAILABLE");
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_ordering_pages_both_ways),
        TEST(search_finds_beginnings_in_any_case),
        TEST(filters_combine),
        TEST(totals_count_what_is_seen),
        TEST(much_is_found_like_little),
        TEST(a_search_is_complete_whichever_way_it_goes),
        TEST(wrong_requests_are_refused),
        TEST(mailboxes_come_in_one_batch),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
