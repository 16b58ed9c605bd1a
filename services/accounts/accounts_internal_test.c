/* AccountsInternal: what a domain's rename and removal do to the accounts in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "services/accounts/testing/fixture.h"

struct rename {
    int64_t id;
    const char *old_address, *new_address;
};

static const struct error *rewrite(const struct rename *renames, size_t n)
{
    Roost__Accounts__V1__RewriteAddressesRequest req =
        ROOST__ACCOUNTS__V1__REWRITE_ADDRESSES_REQUEST__INIT;
    struct call *call = fixture_call();
    Google__Protobuf__Empty *empty;
    req.items = arena_alloc(call->arena, (n + 1) * sizeof *req.items);
    for (req.n_items = 0; req.n_items < n; req.n_items++) {
        Roost__Accounts__V1__RewriteAddressesRequest__Item *item =
            arena_alloc(call->arena, sizeof *item);
        roost__accounts__v1__rewrite_addresses_request__item__init(item);
        item->account_id = renames[req.n_items].id;
        item->old_address = (char *)renames[req.n_items].old_address;
        item->new_address = (char *)renames[req.n_items].new_address;
        req.items[req.n_items] = item;
    }
    return accounts_internal_client_rewrite_addresses(call, &req, &empty);
}

static void names_and_addresses_follow_their_domain(void **state)
{
    static const struct rename renames[] = {{3, "boss@example.test", "boss@new.test"},
                                            {2, "bob@example.test", "bob@new.test"},
                                            {99, "x@example.test", "x@new.test"}};
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_execute("INSERT INTO account (username, email, role, password_hash) "
                    "VALUES ('boss', 'boss@example.test', 'DomainAdmins', '')");
    fixture_ok(rewrite(renames, 3));
    fixture_selects("SELECT string_agg(username || '/' || email || '/' || domain, ' ' ORDER BY id) "
                    "FROM account",
                    "admin// bob@new.test/bob@new.test/new.test boss/boss@new.test/new.test");
    fixture_events("AccountCreated AccountModified AccountModified");
    fixture_selects("SELECT (before ->> 'username') || ' ' || (after ->> 'username') FROM outbox "
                    "WHERE object_id = 2 AND event_type = 'AccountModified'",
                    "bob@example.test bob@new.test");
    /* Again: nothing happens. */
    fixture_ok(rewrite(renames, 3));
    fixture_events("AccountCreated AccountModified AccountModified");
    fixture_ok(rewrite(renames, 0));
}

static void a_rewrite_reaches_accounts_not_yet_active(void **state)
{
    static const struct rename renames[] = {{2, "bob@example.test", "bob@new.test"}};
    (void)state;
    fixture_execute(
        "INSERT INTO account (username, email, role, password_hash, state) "
        "VALUES ('bob@example.test', 'bob@example.test', 'SimpleUsers', '', 'pending')");
    fixture_ok(rewrite(renames, 1));
    fixture_selects("SELECT username || '/' || email FROM account WHERE id = 2",
                    "bob@new.test/bob@new.test");
}

static void a_taken_name_does_not_stop_a_domains_rename(void **state)
{
    static const struct rename renames[] = {{2, "bob@example.test", "bob@new.test"}};
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_create_admin("bob@new.test", "DomainAdmins");
    fixture_ok(rewrite(renames, 1));
    fixture_selects("SELECT username || '/' || email FROM account WHERE id = 2",
                    "bob@example.test/bob@new.test");
}

/* Its own rename knows the old name of the domain only: first that must be over. */
static void an_account_under_change_is_waited_for(void **state)
{
    static const struct rename renames[] = {{2, "bob@example.test", "bob@new.test"}};
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_execute("UPDATE account SET guard = 'x' WHERE id = 2");
    fixture_refused(rewrite(renames, 1), "REQUEST_IN_PROGRESS");
    fixture_execute("UPDATE account SET guard = '' WHERE id = 2");
    fixture_ok(rewrite(renames, 1));
}

static void a_removed_domain_takes_its_simple_users_along(void **state)
{
    Roost__Accounts__V1__RemoveDomainAccountsRequest req =
        ROOST__ACCOUNTS__V1__REMOVE_DOMAIN_ACCOUNTS_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    int64_t ids[] = {3, 2, 99};
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_execute("INSERT INTO account (username, email, role, password_hash) "
                    "VALUES ('boss', 'boss@example.test', 'DomainAdmins', '')");
    fixture_execute("INSERT INTO api_token (account_id, name, key_hash) VALUES (2, 't', 'x')");
    req.account_ids = ids;
    req.n_account_ids = 3;
    fixture_ok(accounts_internal_client_remove_domain_accounts(fixture_call(), &req, &empty));
    fixture_selects("SELECT string_agg(username || '/' || email, ' ' ORDER BY id) FROM account",
                    "admin/ boss/");
    fixture_selects("SELECT count(*) FROM api_token", "0");
    fixture_selects("SELECT sum(accounts) FROM tally", "2");
    fixture_events("AccountCreated AccountDeleted AccountModified");
    fixture_ok(accounts_internal_client_remove_domain_accounts(fixture_call(), &req, &empty));
    fixture_events("AccountCreated AccountDeleted AccountModified");
}

static void batches_have_a_limit(void **state)
{
    static int64_t ids[1001];
    Roost__Accounts__V1__RemoveDomainAccountsRequest req =
        ROOST__ACCOUNTS__V1__REMOVE_DOMAIN_ACCOUNTS_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    (void)state;
    req.account_ids = ids;
    req.n_account_ids = 1001;
    fixture_refused(accounts_internal_client_remove_domain_accounts(fixture_call(), &req, &empty),
                    "FIELD_TOO_LONG");
    req.n_account_ids = 1000;
    fixture_ok(accounts_internal_client_remove_domain_accounts(fixture_call(), &req, &empty));
}

/* The page behind an account: the user names, and whether there is more. */
static void page_is(const char *ordering, const char *after, int64_t after_id, const char *wanted)
{
    Roost__Accounts__V1__ListIdentityAccountsRequest req =
        ROOST__ACCOUNTS__V1__LIST_IDENTITY_ACCOUNTS_REQUEST__INIT;
    Roost__Accounts__V1__ListAccountsRequest list =
        ROOST__ACCOUNTS__V1__LIST_ACCOUNTS_REQUEST__INIT;
    Roost__Accounts__V1__ListAccountsResponse *resp;
    struct call *call = fixture_call();
    char *text = arena_strdup(call->arena, "");
    list.page_size = 2;
    list.ordering = (char *)ordering;
    list.page_token = "passed over";
    req.list = &list;
    if (after) {
        req._after_username_case =
            ROOST__ACCOUNTS__V1__LIST_IDENTITY_ACCOUNTS_REQUEST___AFTER_USERNAME_AFTER_USERNAME;
        req.after_username = (char *)after;
        req.after_id = after_id;
    } else {
        list.page_token = "";
    }
    fixture_ok(accounts_internal_client_list_identity_accounts(call, &req, &resp));
    for (size_t i = 0; i < resp->n_accounts; i++) {
        text = arena_printf(call->arena, "%s%s ", text, resp->accounts[i]->username);
    }
    text = arena_printf(call->arena, "%s%s", text, *resp->next_page_token ? "..." : "");
    assert_string_equal(text, wanted);
    assert_int_equal(resp->total_size, 4);
}

static void a_merged_list_goes_on_from_any_account(void **state)
{
    Roost__Accounts__V1__ListIdentityAccountsRequest req =
        ROOST__ACCOUNTS__V1__LIST_IDENTITY_ACCOUNTS_REQUEST__INIT;
    Roost__Accounts__V1__ListAccountsResponse *resp;
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_create_simple("carl@example.test");
    fixture_create_simple("dora@example.test");
    page_is("username", NULL, 0, "admin bob@example.test ...");
    page_is("username", "bob@example.test", 2, "carl@example.test dora@example.test ");
    page_is("username", "bob@example.test", 1, "bob@example.test carl@example.test ...");
    page_is("username", "bz", INT64_MAX, "carl@example.test dora@example.test ");
    page_is("-username", "carl@example.test", 3, "bob@example.test admin ");
    page_is("-username", "carl@example.test", INT64_MAX, "carl@example.test bob@example.test ...");
    fixture_refused(accounts_internal_client_list_identity_accounts(fixture_call(), &req, &resp),
                    "FIELD_REQUIRED");
}

static void close_domain(const char *name, bool closed, int64_t version)
{
    Roost__Accounts__V1__SetDomainClosedRequest req =
        ROOST__ACCOUNTS__V1__SET_DOMAIN_CLOSED_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.domain_id = 7;
    req.name = (char *)name;
    req.closed = closed;
    req.version = version;
    fixture_ok(accounts_internal_client_set_domain_closed(fixture_call(), &req, &empty));
}

static const struct error *log_in(const char *username, const char *password)
{
    Roost__Accounts__V1__LoginRequest req = ROOST__ACCOUNTS__V1__LOGIN_REQUEST__INIT;
    Roost__Accounts__V1__LoginResponse *resp;
    req.username = (char *)username;
    req.password = (char *)password;
    return accounts_client_login(fixture_call(), &req, &resp);
}

static void people_of_a_closed_domain_are_kept_out(void **state)
{
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_create_simple("ann@other.test");
    fixture_execute("UPDATE account SET email = 'boss@example.test' WHERE username = 'admin'");
    fixture_ok(log_in("bob@example.test", "Secret123"));
    close_domain("example.test", true, 5);
    assert_non_null(log_in("bob@example.test", "Secret123"));
    fixture_ok(log_in("ann@other.test", "Secret123"));
    /* Other roles outlive their domain. */
    fixture_ok(log_in("admin", "Admin1234"));
    close_domain("example.test", false, 5);
    assert_non_null(log_in("bob@example.test", "Secret123"));
    close_domain("example.test", false, 6);
    fixture_ok(log_in("bob@example.test", "Secret123"));
    /* What comes late does not count. */
    close_domain("example.test", true, 5);
    fixture_ok(log_in("bob@example.test", "Secret123"));
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_and_addresses_follow_their_domain),
        TEST(a_rewrite_reaches_accounts_not_yet_active),
        TEST(a_taken_name_does_not_stop_a_domains_rename),
        TEST(an_account_under_change_is_waited_for),
        TEST(a_removed_domain_takes_its_simple_users_along),
        TEST(batches_have_a_limit),
        TEST(a_merged_list_goes_on_from_any_account),
        TEST(people_of_a_closed_domain_are_kept_out),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
