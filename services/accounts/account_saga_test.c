/* Writes that cross services when the others fail: the finisher completes or undoes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/accounts/testing/fixture.h"
#include "services/common/testing/testing.h"

#define ACCOUNT ROOST__ACCOUNTS__V1__ACCOUNT__INIT

static const struct error *create_bob(const char *request_id)
{
    Roost__Accounts__V1__CreateAccountRequest req =
        ROOST__ACCOUNTS__V1__CREATE_ACCOUNT_REQUEST__INIT;
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *created;
    account.username = (char *)"bob@example.test";
    account.role = (char *)"SimpleUsers";
    account.password = (char *)"Secret123";
    req.account = &account;
    req.request_id = (char *)request_id;
    return accounts_client_create_account(fixture_call(), &req, &created);
}

static void nothing_is_left(void)
{
    fixture_selects("SELECT count(*) FROM account", "1");
    fixture_selects("SELECT count(*) FROM saga", "0");
    assert_int_equal(siblings_n_mailboxes(), 0);
    assert_int_equal(siblings_n_quotas(), 0);
}

static void an_unanswered_create_is_undone(void **state)
{
    static const struct {
        const char *method;
        bool after_effect;
    } cases[] = {{"ReserveMailbox", false},
                 {"ReserveMailbox", true},
                 {"SetMailboxQuota", false},
                 {"SetMailboxQuota", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s %d\n", cases[i].method, cases[i].after_effect);
        fixture_reset(state);
        siblings_break(cases[i].method, cases[i].after_effect);
        fixture_refused(create_bob("key-1"), "SERVICE_UNAVAILABLE");
        fixture_refused(fixture_try_get(2), "ACCOUNT_NOT_FOUND");
        fixture_selects("SELECT state FROM account WHERE id = 2", "pending");
        /* Meanwhile the request is under way, and the name is held. */
        fixture_refused(create_bob("key-1"), "REQUEST_IN_PROGRESS");
        fixture_refused(create_bob(""), "REQUEST_IN_PROGRESS");
        siblings_break(NULL, false);
        fixture_finish();
        nothing_is_left();
        fixture_ok(create_bob("key-1"));
        char *id = testing_select("accounts", "SELECT max(id) FROM account");
        assert_string_equal(siblings_mailbox_state(strtoll(id, NULL, 10)), "active");
        free(id);
        fixture_events("AccountCreated");
    }
}

static void an_undo_waits_for_the_other_services(void **state)
{
    (void)state;
    siblings_break("ReserveMailbox", true);
    fixture_refused(create_bob(""), "SERVICE_UNAVAILABLE");
    fixture_finish();
    fixture_selects("SELECT state FROM account WHERE id = 2", "deleting");
    fixture_selects("SELECT attempts > 0 AND last_error <> '' FROM saga", "t");
    siblings_break(NULL, false);
    fixture_finish();
    nothing_is_left();
}

static void an_acknowledged_create_is_completed(void **state)
{
    static const char *const methods[] = {"ConfirmMailbox", "ConfirmMailboxQuota"};
    for (size_t i = 0; i < 2; i++) {
        fixture_reset(state);
        siblings_break(methods[i], false);
        fixture_ok(create_bob("key-1"));
        fixture_selects("SELECT kind FROM saga", "account_confirm");
        siblings_break(NULL, false);
        fixture_ok(create_bob("key-1"));
        fixture_finish();
        fixture_selects("SELECT count(*) FROM saga", "0");
        assert_string_equal(siblings_mailbox_state(2), "active");
        assert_string_equal(siblings_quota_state(2), "active");
        fixture_events("AccountCreated");
    }
}

/* The finisher was faster than a handler that hung: the handler must not make the account active
 * any more. */
static void an_undone_create_cannot_be_activated(void **state)
{
    (void)state;
    siblings_break("SetMailboxQuota", true);
    fixture_refused(create_bob(""), "SERVICE_UNAVAILABLE");
    siblings_break(NULL, false);
    fixture_execute("UPDATE account SET state = 'active' WHERE id = 2");
    fixture_finish();
    /* The other way round: what has been activated is not undone. */
    fixture_selects("SELECT state FROM account WHERE id = 2", "active");
    assert_string_equal(siblings_mailbox_state(2), "pending");
}

static void a_delete_is_completed(void **state)
{
    static const struct {
        const char *method;
        bool after_effect;
    } cases[] = {{"ConfirmMailbox", false},
                 {"DeleteMailboxQuota", false},
                 {"DeleteMailboxQuota", true},
                 {"DeleteMailbox", false},
                 {"DeleteMailbox", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s %d\n", cases[i].method, cases[i].after_effect);
        fixture_reset(state);
        fixture_create_simple("bob@example.test");
        siblings_break(cases[i].method, cases[i].after_effect);
        fixture_ok(fixture_delete(2));
        fixture_refused(fixture_try_get(2), "ACCOUNT_NOT_FOUND");
        fixture_refused(fixture_delete(2), "ACCOUNT_NOT_FOUND");
        fixture_refused(create_bob(""), "REQUEST_IN_PROGRESS");
        siblings_break(NULL, false);
        fixture_finish();
        nothing_is_left();
        fixture_events("AccountCreated AccountDeleted");
    }
}

/* Renamed before its mailbox was confirmed. */
static void a_change_confirms_a_reserved_mailbox(void **state)
{
    static const char *const methods[] = {"ConfirmMailbox", "ConfirmMailboxQuota"};
    for (size_t i = 0; i < 2; i++) {
        fixture_reset(state);
        siblings_break(methods[i], false);
        fixture_ok(create_bob(""));
        siblings_break(NULL, false);
        Roost__Accounts__V1__Account account = ACCOUNT;
        Roost__Accounts__V1__Account *changed;
        account.username = (char *)"robert@example.test";
        fixture_ok(fixture_update(2, &account, "username", &changed));
        assert_string_equal(changed->mailbox->full_address, "robert@example.test");
        fixture_finish();
        assert_string_equal(siblings_mailbox_state(2), "active");
        assert_string_equal(siblings_quota_state(2), "active");
    }
}

/* Deleted before its mailbox was confirmed. */
static void a_delete_takes_an_unconfirmed_mailbox_along(void **state)
{
    (void)state;
    siblings_break("ConfirmMailbox", false);
    fixture_ok(create_bob(""));
    siblings_break(NULL, false);
    fixture_ok(fixture_delete(2));
    fixture_finish();
    nothing_is_left();
}

static const struct error *rename_bob(const char *username)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *changed;
    account.username = (char *)username;
    account.first_name = (char *)"Robert";
    account.password = (char *)"Another123";
    return fixture_update(2, &account, "username first_name password", &changed);
}

static void an_unanswered_rename_is_completed(void **state)
{
    static const struct {
        const char *method;
        bool after_effect;
    } cases[] = {{"RenameMailbox", false},
                 {"RenameMailbox", true},
                 {"RewriteQuotaAddresses", false},
                 {"RewriteQuotaAddresses", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Roost__Accounts__V1__Account account = ACCOUNT;
        Roost__Accounts__V1__Account *changed;
        print_message("%s %d\n", cases[i].method, cases[i].after_effect);
        fixture_reset(state);
        fixture_create_simple("bob@example.test");
        char *hash = testing_select("accounts", "SELECT password_hash FROM account WHERE id = 2");
        siblings_break(cases[i].method, cases[i].after_effect);
        fixture_refused(rename_bob("robert@example.test"), "SERVICE_UNAVAILABLE");
        assert_string_equal(fixture_get(2)->first_name, "");
        fixture_selects("SELECT password_hash FROM account WHERE id = 2", hash);
        /* Nobody else changes it or takes the name meanwhile. */
        account.last_name = (char *)"Miller";
        fixture_refused(fixture_update(2, &account, "last_name", &changed), "REQUEST_IN_PROGRESS");
        fixture_refused(fixture_delete(2), "REQUEST_IN_PROGRESS");
        siblings_break(NULL, false);
        fixture_finish();
        Roost__Accounts__V1__Account *bob = fixture_get(2);
        assert_string_equal(bob->username, "robert@example.test");
        assert_string_equal(bob->email, "robert@example.test");
        assert_string_equal(bob->first_name, "Robert");
        assert_string_equal(bob->mailbox->full_address, "robert@example.test");
        assert_string_equal(siblings_quota_address(2), "robert@example.test");
        fixture_selects("SELECT count(*) FROM account WHERE state <> 'active' OR guard <> ''", "0");
        fixture_selects("SELECT count(*) FROM saga", "0");
        fixture_events("AccountCreated AccountModified PasswordChange");
        fixture_selects("SELECT actor || ' ' || request_id FROM outbox WHERE id = 2",
                        "admin test-trace");
        char *new_hash =
            testing_select("accounts", "SELECT password_hash FROM account WHERE id = 2");
        assert_string_not_equal(hash, new_hash);
        free(hash);
        free(new_hash);
    }
}

static void a_rename_that_is_refused_later_is_dropped(void **state)
{
    (void)state;
    fixture_create_simple("bob@example.test");
    siblings_break("RenameMailbox", false);
    fixture_refused(rename_bob("robert@example.test"), "SERVICE_UNAVAILABLE");
    /* Somebody takes the address: an account of another name. */
    siblings_break(NULL, false);
    Roost__Accounts__V1__CreateAccountRequest req =
        ROOST__ACCOUNTS__V1__CREATE_ACCOUNT_REQUEST__INIT;
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__AccountMailbox mailbox = ROOST__ACCOUNTS__V1__ACCOUNT_MAILBOX__INIT;
    Roost__Accounts__V1__Account *created;
    account.username = (char *)"office";
    account.role = (char *)"DomainAdmins";
    account.password = (char *)"Secret123";
    account.mailbox = &mailbox;
    mailbox.full_address = (char *)"robert@example.test";
    req.account = &account;
    fixture_ok(accounts_client_create_account(fixture_call(), &req, &created));
    fixture_finish();
    Roost__Accounts__V1__Account *bob = fixture_get(2);
    assert_string_equal(bob->username, "bob@example.test");
    assert_string_equal(bob->first_name, "");
    assert_string_equal(siblings_mailbox_address(2), "bob@example.test");
    fixture_selects("SELECT count(*) FROM account WHERE state <> 'active' OR guard <> ''", "0");
    fixture_selects("SELECT count(*) FROM saga", "0");
    fixture_ok(rename_bob("bobby@example.test"));
}

static const struct error *disable(void)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *changed;
    account._is_active_case = ROOST__ACCOUNTS__V1__ACCOUNT___IS_ACTIVE_IS_ACTIVE;
    account.is_active = false;
    return fixture_update(2, &account, "is_active", &changed);
}

static const struct error *disable_by_bulk(void)
{
    Roost__Accounts__V1__BulkChangeAccountsRequest req =
        ROOST__ACCOUNTS__V1__BULK_CHANGE_ACCOUNTS_REQUEST__INIT;
    Roost__Accounts__V1__BulkChangeAccountsResponse *resp;
    req.action = (char *)"disable";
    req.ids = (int64_t[]){2};
    req.n_ids = 1;
    return accounts_client_bulk_change_accounts(fixture_call(), &req, &resp);
}

static const struct error *set_password(void)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *changed;
    account.password = (char *)"Another123";
    return fixture_update(2, &account, "password", &changed);
}

static const struct error *reset_password(void)
{
    Roost__Accounts__V1__ChangePasswordRequest req =
        ROOST__ACCOUNTS__V1__CHANGE_PASSWORD_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.id = 2;
    req.new_password = (char *)"Another123";
    return accounts_client_change_password(fixture_call(), &req, &empty);
}

static const struct error *delete_for_a_while(void)
{
    Roost__Accounts__V1__DeleteAccountRequest req =
        ROOST__ACCOUNTS__V1__DELETE_ACCOUNT_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.id = 2;
    req.undo_seconds = 3600;
    return accounts_client_delete_account(fixture_call(), &req, &empty);
}

static const struct error *rename_and_set_password(void)
{
    return rename_bob("robert@example.test");
}

/* Sessions with the mailbox, which the agent ends: at once, or when mailboxes is there again. */
static void what_ends_logins_ends_open_sessions(void **state)
{
    static const struct error *(*const changes[])(void) = {
        disable,        disable_by_bulk,    set_password,
        reset_password, delete_for_a_while, rename_and_set_password};
    static const char waiting[] = "SELECT count(*) FROM saga WHERE kind = 'account_sessions'";
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        print_message("%zu\n", i);
        for (int is_broken = 0; is_broken <= 1; is_broken++) {
            fixture_reset(state);
            fixture_create_simple("bob@example.test");
            siblings_break(is_broken ? "EndSessions" : NULL, false);
            fixture_ok(changes[i]());
            assert_int_equal(siblings_calls("EndSessions"), 1);
            fixture_selects(waiting, is_broken ? "1" : "0");
            siblings_break(NULL, false);
            fixture_execute("DELETE FROM saga WHERE kind = 'account_delete'");
            fixture_finish();
            assert_int_equal(siblings_calls("EndSessions"), 1 + is_broken);
            fixture_selects(waiting, "0");
        }
    }
}

static void other_changes_leave_open_sessions(void **state)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *changed;
    (void)state;
    fixture_create_simple("bob@example.test");
    account.first_name = (char *)"Robert";
    account.username = (char *)"robert@example.test";
    fixture_ok(fixture_update(2, &account, "first_name", &changed));
    fixture_ok(fixture_update(2, &account, "username", &changed));
    /* Without a mailbox there is nothing to end. */
    const Roost__Accounts__V1__Account *admin = fixture_create_admin("office", "DomainAdmins");
    account.password = (char *)"Another123";
    fixture_ok(fixture_update(admin->id, &account, "password", &changed));
    assert_int_equal(siblings_calls("EndSessions"), 0);
    fixture_selects("SELECT count(*) FROM saga", "0");
}

static void without_domains_nothing_begins(void **state)
{
    (void)state;
    siblings_break("ResolveDomains", false);
    fixture_refused(create_bob(""), "SERVICE_UNAVAILABLE");
    nothing_is_left();
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_unanswered_create_is_undone),
        TEST(an_undo_waits_for_the_other_services),
        TEST(an_acknowledged_create_is_completed),
        TEST(an_undone_create_cannot_be_activated),
        TEST(a_delete_is_completed),
        TEST(a_change_confirms_a_reserved_mailbox),
        TEST(a_delete_takes_an_unconfirmed_mailbox_along),
        TEST(an_unanswered_rename_is_completed),
        TEST(a_rename_that_is_refused_later_is_dropped),
        TEST(what_ends_logins_ends_open_sessions),
        TEST(other_changes_leave_open_sessions),
        TEST(without_domains_nothing_begins),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
