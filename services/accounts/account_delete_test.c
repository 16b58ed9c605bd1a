/* Deletes that can be undone. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/accounts/account_saga.h"
#include "services/accounts/testing/fixture.h"
#include "services/common/saga/saga.h"
#include "services/common/testing/testing.h"

static const struct error *delete_for(int64_t id, int32_t undo_seconds, const char *request_id)
{
    Roost__Accounts__V1__DeleteAccountRequest req =
        ROOST__ACCOUNTS__V1__DELETE_ACCOUNT_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.id = id;
    req.undo_seconds = undo_seconds;
    req.request_id = (char *)request_id;
    return accounts_client_delete_account(fixture_call(), &req, &empty);
}

static const struct error *restore_as(struct call *call, int64_t id, const char *request_id,
                                      Roost__Accounts__V1__Account **ret_account)
{
    Roost__Accounts__V1__RestoreAccountRequest req =
        ROOST__ACCOUNTS__V1__RESTORE_ACCOUNT_REQUEST__INIT;
    req.id = id;
    req.request_id = (char *)request_id;
    return accounts_client_restore_account(call, &req, ret_account);
}

static const struct error *restore(int64_t id)
{
    Roost__Accounts__V1__Account *account;
    return restore_as(fixture_call(), id, "", &account);
}

static const struct error *log_in(const char *username)
{
    Roost__Accounts__V1__LoginRequest req = ROOST__ACCOUNTS__V1__LOGIN_REQUEST__INIT;
    Roost__Accounts__V1__LoginResponse *resp;
    req.username = (char *)username;
    req.password = (char *)"Secret123";
    return accounts_client_login(fixture_call_as(0, "", ""), &req, &resp);
}

static const struct error *create(const char *username)
{
    Roost__Accounts__V1__CreateAccountRequest req =
        ROOST__ACCOUNTS__V1__CREATE_ACCOUNT_REQUEST__INIT;
    Roost__Accounts__V1__Account account = ROOST__ACCOUNTS__V1__ACCOUNT__INIT;
    Roost__Accounts__V1__Account *created;
    account.username = (char *)username;
    account.role = (char *)"SimpleUsers";
    account.password = (char *)"Secret123";
    req.account = &account;
    return accounts_client_create_account(fixture_call(), &req, &created);
}

static void a_deleted_account_waits_and_is_gone(void **state)
{
    (void)state;
    fixture_create_simple("bob@example.test");
    char *before = testing_select("accounts", "SELECT clock_timestamp()");
    fixture_ok(delete_for(2, 60, ""));
    fixture_selects(arena_printf(fixture_call()->arena,
                                 "SELECT due_at BETWEEN timestamptz '%s' + interval '60 seconds' "
                                 "AND clock_timestamp() + interval '60 seconds' "
                                 "AND attempts = 0 FROM saga",
                                 before),
                    "t");
    free(before);
    fixture_refused(fixture_try_get(2), "ACCOUNT_NOT_FOUND");
    fixture_refused(log_in("bob@example.test"), "LOGIN_FAILED");
    fixture_refused(delete_for(2, 60, ""), "ACCOUNT_NOT_FOUND");
    fixture_selects("SELECT sum(accounts) FROM tally", "1");
    fixture_selects("SELECT state FROM account WHERE id = 2", "deleting");
    /* Mailbox and quota wait too. */
    assert_string_equal(siblings_mailbox_state(2), "active");
    assert_string_equal(siblings_quota_state(2), "active");
    assert_int_equal(siblings_calls("DeleteMailbox"), 0);
    fixture_refused_field(create("bob@example.test"), "ACCOUNT_EXISTS", "account.username",
                          "A deleted user has that username and can still be restored.");
    fixture_finish();
    fixture_selects("SELECT count(*) FROM account", "1");
    fixture_selects("SELECT count(*) FROM saga", "0");
    assert_int_equal(siblings_n_mailboxes(), 0);
    assert_int_equal(siblings_n_quotas(), 0);
    fixture_events("AccountCreated AccountDeleted");
    fixture_refused(restore(2), "ACCOUNT_NOT_FOUND");
    fixture_ok(create("bob@example.test"));
}

static void restore_brings_all_of_it_back(void **state)
{
    Roost__Accounts__V1__Account *account;
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_execute("INSERT INTO api_token (account_id, name, key_hash) VALUES (2, 't', 'x')");
    const char *etag = fixture_get(2)->etag;
    fixture_ok(delete_for(2, 86400, ""));
    fixture_ok(restore_as(fixture_call(), 2, "", &account));
    assert_string_equal(account->username, "bob@example.test");
    assert_string_equal(account->etag, etag);
    assert_string_equal(account->mailbox->full_address, "bob@example.test");
    assert_int_equal(account->mailbox->quota, 5);
    fixture_selects("SELECT count(*) FROM saga", "0");
    fixture_selects("SELECT sum(accounts) FROM tally", "2");
    fixture_selects("SELECT count(*) FROM api_token", "1");
    fixture_selects("SELECT session_epoch FROM account WHERE id = 2", "2");
    fixture_ok(log_in("bob@example.test"));
    fixture_events("AccountCreated AccountDeleted AccountRestored UserLogin");
    fixture_selects("SELECT before IS NULL AND after ->> 'username' = 'bob@example.test' "
                    "FROM outbox WHERE event_type = 'AccountRestored'",
                    "t");
    /* Once more changes nothing. */
    fixture_ok(restore(2));
    fixture_events("AccountCreated AccountDeleted AccountRestored UserLogin");
    fixture_finish();
    assert_string_equal(fixture_get(2)->username, "bob@example.test");
    fixture_ok(delete_for(2, 0, ""));
    assert_int_equal(siblings_n_mailboxes(), 0);
}

static void an_account_without_mailbox_waits_too(void **state)
{
    (void)state;
    fixture_create_admin("boss", "DomainAdmins");
    fixture_ok(delete_for(2, 1, ""));
    fixture_ok(restore(2));
    assert_string_equal(fixture_get(2)->username, "boss");
    fixture_ok(delete_for(2, 1, ""));
    fixture_finish();
    fixture_selects("SELECT count(*) FROM account", "1");
    fixture_selects("SELECT count(*) FROM saga", "0");
}

static void wrong_input_and_wrong_callers_are_refused(void **state)
{
    static const int32_t wrong[] = {-1, 86401, INT32_MIN, INT32_MAX};
    static const char *const roles[] = {"Resellers", "DomainAdmins", "SimpleUsers"};
    Roost__Accounts__V1__Account *account;
    (void)state;
    fixture_create_simple("bob@example.test");
    for (size_t i = 0; i < 4; i++) {
        fixture_refused_field(delete_for(2, wrong[i], ""), "FIELD_INVALID", "undo_seconds",
                              "Must be between 0 and 86400.");
    }
    fixture_refused(delete_for(1, 60, ""), "OWN_ACCOUNT");
    fixture_refused(restore(99), "ACCOUNT_NOT_FOUND");
    fixture_refused(restore(0), "ACCOUNT_NOT_FOUND");
    fixture_ok(delete_for(2, 60, ""));
    for (size_t i = 0; i < 3; i++) {
        fixture_refused(restore_as(fixture_call_as(9, "eve", roles[i]), 2, "", &account),
                        "ROLE_NOT_ALLOWED");
    }
    fixture_events("AccountCreated AccountDeleted");
}

static void a_repeated_request_is_answered_again(void **state)
{
    Roost__Accounts__V1__Account *account;
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_ok(delete_for(2, 60, "key-1"));
    fixture_ok(restore_as(fixture_call(), 2, "key-2", &account));
    fixture_ok(restore_as(fixture_call(), 2, "key-2", &account));
    assert_string_equal(account->username, "bob@example.test");
    /* The first delete, told again: it deletes no second time. */
    fixture_ok(delete_for(2, 60, "key-1"));
    fixture_refused(delete_for(2, 30, "key-1"), "REQUEST_ID_REUSED");
    fixture_events("AccountCreated AccountDeleted AccountRestored");
}

static void what_is_being_removed_stays_removed(void **state)
{
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_ok(delete_for(2, 60, ""));
    siblings_break("DeleteMailbox", false);
    fixture_finish();
    fixture_refused(restore(2), "DELETE_FINAL");
    fixture_refused(create("bob@example.test"), "REQUEST_IN_PROGRESS");
    siblings_break(NULL, false);
    fixture_finish();
    fixture_refused(restore(2), "ACCOUNT_NOT_FOUND");
    fixture_events("AccountCreated AccountDeleted");
    /* Without time to undo it there is none, even if the other services are away. */
    int64_t eve = fixture_create_simple("eve@example.test")->id;
    siblings_break("ConfirmMailbox", false);
    fixture_ok(delete_for(eve, 0, ""));
    fixture_refused(restore(eve), "DELETE_FINAL");
}

/* Its time is over, but nobody has come to remove it: it is not too late. */
static void the_finisher_decides_not_the_clock(void **state)
{
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_ok(delete_for(2, 60, ""));
    fixture_execute("UPDATE saga SET due_at = now() - interval '1 hour'");
    fixture_ok(restore(2));
    fixture_finish();
    assert_string_equal(fixture_get(2)->username, "bob@example.test");
    assert_string_equal(siblings_mailbox_state(2), "active");
}

static void *run_finisher(void *ctx)
{
    struct call *call = ctx;
    return (void *)saga_finish_due(call);
}

/* A restore and the finisher at once: either all of it is back, or all of it goes. */
static void restore_and_clean_up_do_not_mix(void **state)
{
    static const Roost__Common__V1__Identity nobody = ROOST__COMMON__V1__IDENTITY__INIT;
    (void)state;
    int n_restored = 0;
    struct call *task = testing_call_new("accounts");
    task->identity = &nobody;
    fixture_ok(saga_finish_due(task));
    fixture_create_simple("bob@example.test");
    for (int64_t id = 2; id < 32; id++) {
        pthread_t thread;
        void *task_err;
        testing_call_next(task);
        task->peers = fixture_call()->peers;
        fixture_ok(delete_for(id, 60, ""));
        fixture_execute("UPDATE saga SET due_at = now()");
        assert_int_equal(pthread_create(&thread, NULL, run_finisher, task), 0);
        const struct error *err = restore(id);
        pthread_join(thread, &task_err);
        assert_null(task_err);
        fixture_selects("SELECT count(*) FROM saga", "0");
        assert_int_equal(siblings_n_mailboxes(), err ? 0 : 1);
        assert_int_equal(siblings_n_quotas(), err ? 0 : 1);
        fixture_selects("SELECT count(*) FROM account WHERE state = 'active'", err ? "1" : "2");
        if (err) {
            assert_true(strcmp(err->reason, "DELETE_FINAL") == 0 ||
                        strcmp(err->reason, "ACCOUNT_NOT_FOUND") == 0);
        } else {
            n_restored++;
            fixture_ok(delete_for(id, 0, ""));
        }
        fixture_create_simple("bob@example.test");
    }
    testing_call_free(task);
    print_message("%d of 30 restored\n", n_restored);
}

static void a_renamed_domain_renames_deleted_accounts_too(void **state)
{
    Roost__Accounts__V1__RewriteAddressesRequest req =
        ROOST__ACCOUNTS__V1__REWRITE_ADDRESSES_REQUEST__INIT;
    Roost__Accounts__V1__RewriteAddressesRequest__Item item =
        ROOST__ACCOUNTS__V1__REWRITE_ADDRESSES_REQUEST__ITEM__INIT;
    Roost__Accounts__V1__RewriteAddressesRequest__Item *items[] = {&item};
    Google__Protobuf__Empty *empty;
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_ok(delete_for(2, 60, ""));
    item.account_id = 2;
    item.old_address = (char *)"bob@example.test";
    item.new_address = (char *)"bob@new.test";
    req.items = items;
    req.n_items = 1;
    fixture_ok(accounts_internal_client_rewrite_addresses(fixture_call(), &req, &empty));
    fixture_ok(restore(2));
    assert_string_equal(fixture_get(2)->username, "bob@new.test");
    fixture_events("AccountCreated AccountDeleted AccountRestored");
}

static void a_removed_domain_takes_deleted_accounts_along(void **state)
{
    Roost__Accounts__V1__RemoveDomainAccountsRequest req =
        ROOST__ACCOUNTS__V1__REMOVE_DOMAIN_ACCOUNTS_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    int64_t ids[] = {2, 3};
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_execute("INSERT INTO account (username, email, role, password_hash) "
                    "VALUES ('boss', 'boss@example.test', 'DomainAdmins', '')");
    fixture_ok(delete_for(2, 60, ""));
    fixture_ok(delete_for(3, 60, ""));
    req.account_ids = ids;
    req.n_account_ids = 2;
    fixture_ok(accounts_internal_client_remove_domain_accounts(fixture_call(), &req, &empty));
    fixture_refused(restore(2), "ACCOUNT_NOT_FOUND");
    fixture_ok(restore(3));
    assert_string_equal(fixture_get(3)->email, "");
    fixture_selects("SELECT sum(accounts) FROM tally", "2");
    /* What waits for its clean-up finds nothing to do, as the mailbox went with the domain. */
    fixture_finish();
    fixture_selects("SELECT string_agg(username, ' ' ORDER BY id) FROM account", "admin boss");
    fixture_selects("SELECT count(*) FROM saga", "0");
    fixture_events("AccountCreated AccountDeleted AccountDeleted AccountRestored");
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_deleted_account_waits_and_is_gone),
        TEST(restore_brings_all_of_it_back),
        TEST(an_account_without_mailbox_waits_too),
        TEST(wrong_input_and_wrong_callers_are_refused),
        TEST(a_repeated_request_is_answered_again),
        TEST(what_is_being_removed_stays_removed),
        TEST(the_finisher_decides_not_the_clock),
        TEST(restore_and_clean_up_do_not_mix),
        TEST(a_renamed_domain_renames_deleted_accounts_too),
        TEST(a_removed_domain_takes_deleted_accounts_along),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
