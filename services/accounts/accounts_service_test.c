/* CreateAccount, GetAccount, UpdateAccount, DeleteAccount as their callers see them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "services/accounts/testing/fixture.h"
#include "services/common/message/message.h"

#define ACCOUNT ROOST__ACCOUNTS__V1__ACCOUNT__INIT
#define MAILBOX ROOST__ACCOUNTS__V1__ACCOUNT_MAILBOX__INIT

static void set_quota(Roost__Accounts__V1__AccountMailbox *mailbox, int64_t quota)
{
    mailbox->_quota_case = ROOST__ACCOUNTS__V1__ACCOUNT_MAILBOX___QUOTA_QUOTA;
    mailbox->quota = quota;
}

static void set_active(Roost__Accounts__V1__Account *account, bool is_active)
{
    account->_is_active_case = ROOST__ACCOUNTS__V1__ACCOUNT___IS_ACTIVE_IS_ACTIVE;
    account->is_active = is_active;
}

static const struct error *create(const Roost__Accounts__V1__Account *account,
                                  const char *request_id,
                                  Roost__Accounts__V1__Account **ret_account)
{
    Roost__Accounts__V1__CreateAccountRequest req =
        ROOST__ACCOUNTS__V1__CREATE_ACCOUNT_REQUEST__INIT;
    req.account = (Roost__Accounts__V1__Account *)account;
    req.request_id = (char *)request_id;
    return accounts_client_create_account(fixture_call(), &req, ret_account);
}

static void create_makes_account_mailbox_and_quota(void **state)
{
    (void)state;
    Roost__Accounts__V1__Account *bob = fixture_create_simple("Bob@Example.test");
    assert_int_equal(bob->id, 2);
    assert_string_equal(bob->username, "bob@example.test");
    assert_string_equal(bob->email, "bob@example.test");
    assert_true(bob->is_active);
    assert_string_equal(bob->password, "");
    assert_string_not_equal(bob->etag, "");
    assert_non_null(bob->date_joined);
    assert_null(bob->last_login);
    assert_string_equal(bob->mailbox->full_address, "bob@example.test");
    assert_true(bob->mailbox->use_domain_quota);
    assert_int_equal(bob->mailbox->quota, 5);
    assert_string_equal(siblings_mailbox_state(2), "active");
    assert_string_equal(siblings_quota_state(2), "active");
    fixture_selects("SELECT count(*) FROM saga", "0");
    fixture_selects("SELECT state FROM account WHERE id = 2", "active");
    fixture_events("AccountCreated");
    fixture_selects("SELECT actor_account_id || ' ' || (after ->> 'username') || ' ' || (after #>> "
                    "'{mailbox,quota}') "
                    "FROM outbox",
                    "1 bob@example.test 5");
    fixture_selects("SELECT count(*) FROM outbox WHERE after::text LIKE '%assword%' OR after::text "
                    "LIKE '%$y$%'",
                    "0");
    Roost__Accounts__V1__Account *again = fixture_get(2);
    assert_string_equal(again->mailbox->full_address, "bob@example.test");
    assert_string_equal(again->etag, bob->etag);
}

static void create_without_mailbox_calls_nobody(void **state)
{
    (void)state;
    Roost__Accounts__V1__Account *boss = fixture_create_admin("Boss", "SuperAdmins");
    assert_string_equal(boss->username, "boss");
    assert_null(boss->mailbox);
    assert_int_equal(siblings_calls("ResolveDomains"), 0);
    fixture_get(boss->id);
    assert_int_equal(siblings_calls("BatchGetMailboxes"), 0);
    fixture_selects("SELECT sum(accounts) FROM tally", "2");
}

static void create_refusals_leave_nothing(void **state)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__AccountMailbox mailbox = MAILBOX;
    Roost__Accounts__V1__Account *created;
    (void)state;
    fixture_create_simple("bob@example.test");
    account.role = (char *)"SimpleUsers";
    account.password = (char *)"Secret123";
    account.username = (char *)"bob@example.test";
    fixture_refused_field(create(&account, "", &created), "ACCOUNT_EXISTS", "account.username",
                          "A user with that username already exists.");
    account.username = (char *)"bob@nowhere.test";
    fixture_refused(create(&account, "", &created), "DOMAIN_NOT_FOUND");
    account.username = (char *)"bob@alias.test";
    fixture_refused(create(&account, "", &created), "DOMAIN_NOT_FOUND");
    account.username = (char *)"bob@relay.test";
    fixture_refused(create(&account, "", &created), "FIELD_INVALID");
    account.username = (char *)"alice@example.test";
    account.password = (char *)"weak";
    fixture_refused_field(create(&account, "", &created), "PASSWORD_WEAK", "account.password",
                          "This password is too short. It must contain at least 8 characters.");
    account.password = (char *)"Secret123";
    account.mailbox = &mailbox;
    mailbox.full_address = (char *)"alice@example.test";
    set_quota(&mailbox, 1000);
    fixture_refused_field(create(&account, "", &created), "QUOTA_EXCEEDS_DOMAIN",
                          "account.mailbox.quota", "Domain quota exceeded");
    account.role = (char *)"DomainAdmins";
    account.username = (char *)"boss";
    mailbox.full_address = (char *)"bob@example.test";
    set_quota(&mailbox, 1);
    fixture_refused(create(&account, "", &created), "MAILBOX_EXISTS");
    siblings_set_renaming(true);
    mailbox.full_address = (char *)"boss@example.test";
    fixture_refused(create(&account, "", &created), "RENAME_IN_PROGRESS");
    assert_int_equal(siblings_n_mailboxes(), 1);
    assert_int_equal(siblings_n_quotas(), 1);
    fixture_selects("SELECT count(*) FROM account", "2");
    fixture_selects("SELECT count(*) FROM saga", "0");
    fixture_events("AccountCreated");
}

static void create_needs_an_account_and_a_role(void **state)
{
    Roost__Accounts__V1__CreateAccountRequest req =
        ROOST__ACCOUNTS__V1__CREATE_ACCOUNT_REQUEST__INIT;
    Roost__Accounts__V1__Account *created;
    (void)state;
    fixture_refused(accounts_client_create_account(fixture_call(), &req, &created),
                    "FIELD_REQUIRED");
    struct call *bob = fixture_call_as(2, "bob@example.test", "SimpleUsers");
    fixture_refused(accounts_client_create_account(bob, &req, &created), "ROLE_NOT_ALLOWED");
}

static void create_takes_a_hash(void **state)
{
    static const char hash[] =
        "{SHA512-CRYPT}$6$pmgteCXREtAL1AIN$KE1QOWOKKWpzgFxYRj0RGBXWBvbuQoDl4ImGeQXbXtk0CGQk3Dy"
        "QpvRMr6r.uzYHV4DddX3OhIJf8x/Lmno3D.";
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *created;
    (void)state;
    account.role = (char *)"SuperAdmins";
    account.username = (char *)"boss";
    account.password = (char *)hash;
    fixture_ok(create(&account, "", &created));
    fixture_selects("SELECT password_hash FROM account WHERE username = 'boss'", hash);
}

static void create_is_idempotent(void **state)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *first;
    Roost__Accounts__V1__Account *second;
    (void)state;
    account.role = (char *)"SimpleUsers";
    account.username = (char *)"bob@example.test";
    account.password = (char *)"Secret123";
    fixture_ok(create(&account, "key-1", &first));
    fixture_ok(create(&account, "key-1", &second));
    assert_int_equal(first->id, second->id);
    assert_string_equal(second->mailbox->full_address, "bob@example.test");
    account.first_name = (char *)"Bob";
    fixture_refused(create(&account, "key-1", &second), "REQUEST_ID_REUSED");
    fixture_refused(create(&account, "key-2", &second), "ACCOUNT_EXISTS");
    fixture_events("AccountCreated");
    assert_int_equal(siblings_calls("ReserveMailbox"), 1);
}

static void get_sees_active_accounts_only(void **state)
{
    (void)state;
    fixture_refused(fixture_try_get(99), "ACCOUNT_NOT_FOUND");
    fixture_execute(
        "INSERT INTO account (username, role, password_hash, state) "
        "VALUES ('p', 'SuperAdmins', '', 'pending'), ('d', 'SuperAdmins', '', 'deleting')");
    fixture_refused(fixture_try_get(2), "ACCOUNT_NOT_FOUND");
    fixture_refused(fixture_try_get(3), "ACCOUNT_NOT_FOUND");
    assert_string_equal(fixture_get(1)->username, "admin");
}

static void get_needs_the_other_services(void **state)
{
    (void)state;
    fixture_create_simple("bob@example.test");
    siblings_break("BatchGetQuotas", false);
    fixture_refused(fixture_try_get(2), "SERVICE_UNAVAILABLE");
    fixture_get(1);
}

static void update_changes_the_row(void **state)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *changed;
    (void)state;
    const char *etag = fixture_create_simple("bob@example.test")->etag;
    account.first_name = (char *)"Bob";
    account.phone_number = (char *)"+49 1";
    fixture_ok(fixture_update(2, &account, "first_name phone_number", &changed));
    assert_string_equal(changed->first_name, "Bob");
    assert_string_equal(changed->phone_number, "+49 1");
    assert_string_not_equal(changed->etag, etag);
    assert_string_equal(changed->mailbox->full_address, "bob@example.test");
    assert_int_equal(siblings_calls("SetMailboxQuota"), 1);
    fixture_events("AccountCreated AccountModified");
    fixture_selects("SELECT (before ->> 'first_name') || '/' || (after ->> 'first_name') FROM "
                    "outbox WHERE id = 2",
                    "/Bob");
}

static void update_respects_the_etag(void **state)
{
    Roost__Accounts__V1__UpdateAccountRequest req =
        ROOST__ACCOUNTS__V1__UPDATE_ACCOUNT_REQUEST__INIT;
    Roost__Accounts__V1__Account account = ACCOUNT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    Roost__Accounts__V1__Account *changed;
    (void)state;
    fixture_create_admin("boss", "SuperAdmins");
    mask.paths = (char *[]){(char *)"last_name"};
    mask.n_paths = 1;
    req.id = 2;
    req.account = &account;
    req.update_mask = &mask;
    req.etag = (char *)"999";
    fixture_refused(accounts_client_update_account(fixture_call(), &req, &changed),
                    "ETAG_MISMATCH");
    req.etag = fixture_get(2)->etag;
    fixture_ok(accounts_client_update_account(fixture_call(), &req, &changed));
    fixture_refused(accounts_client_update_account(fixture_call(), &req, &changed),
                    "ETAG_MISMATCH");
    req.etag = (char *)"";
    req.request_id = (char *)"key-1";
    fixture_ok(accounts_client_update_account(fixture_call(), &req, &changed));
    const char *etag = changed->etag;
    fixture_ok(accounts_client_update_account(fixture_call(), &req, &changed));
    assert_string_equal(changed->etag, etag);
}

static void a_rename_moves_mailbox_and_quota(void **state)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *changed;
    (void)state;
    fixture_create_simple("bob@example.test");
    account.username = (char *)"Robert@example.test";
    account.first_name = (char *)"Robert";
    fixture_ok(fixture_update(2, &account, "username first_name", &changed));
    assert_string_equal(changed->username, "robert@example.test");
    assert_string_equal(changed->email, "robert@example.test");
    assert_string_equal(changed->first_name, "Robert");
    assert_string_equal(changed->mailbox->full_address, "robert@example.test");
    assert_string_equal(siblings_mailbox_address(2), "robert@example.test");
    assert_string_equal(siblings_quota_address(2), "robert@example.test");
    fixture_selects("SELECT count(*) FROM account", "2");
    fixture_selects("SELECT count(*) FROM saga", "0");
    fixture_selects("SELECT guard FROM account WHERE id = 2", "");
    fixture_events("AccountCreated AccountModified");
    account.username = (char *)"bob@other.test";
    fixture_ok(fixture_update(2, &account, "username", &changed));
    assert_string_equal(siblings_quota_address(2), "bob@other.test");
    assert_string_equal(fixture_get(2)->mailbox->full_address, "bob@other.test");
}

static void a_refused_rename_changes_nothing(void **state)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__AccountMailbox mailbox = MAILBOX;
    Roost__Accounts__V1__Account *changed;
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_create_simple("alice@example.test");
    account.username = (char *)"alice@example.test";
    fixture_refused_field(fixture_update(2, &account, "username", &changed), "ACCOUNT_EXISTS",
                          "account.username", "A user with that username already exists.");
    account.username = (char *)"bob@nowhere.test";
    fixture_refused(fixture_update(2, &account, "username", &changed), "DOMAIN_NOT_FOUND");
    /* An address that only mailboxes knows to be taken, and a quota that was accepted before that
     * was found. */
    fixture_execute("UPDATE account SET username = 'x' WHERE id = 3");
    account.username = (char *)"alice@example.test";
    account.mailbox = &mailbox;
    set_quota(&mailbox, 20);
    fixture_refused(fixture_update(2, &account, "username mailbox", &changed), "MAILBOX_EXISTS");
    assert_int_equal(siblings_quota(2), 5);
    assert_string_equal(siblings_quota_address(2), "bob@example.test");
    assert_string_equal(fixture_get(2)->username, "bob@example.test");
    fixture_selects("SELECT count(*) FROM account", "3");
    fixture_selects("SELECT count(*) FROM saga", "0");
    fixture_selects("SELECT guard FROM account WHERE id = 2", "");
    fixture_events("AccountCreated AccountCreated");
}

static void a_quota_is_changed_strictly(void **state)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__AccountMailbox mailbox = MAILBOX;
    Roost__Accounts__V1__Account *changed;
    (void)state;
    fixture_create_simple("bob@example.test");
    account.mailbox = &mailbox;
    account.first_name = (char *)"Bob";
    set_quota(&mailbox, 30);
    fixture_ok(fixture_update(2, &account, "mailbox.quota", &changed));
    assert_int_equal(changed->mailbox->quota, 30);
    assert_false(changed->mailbox->use_domain_quota);
    assert_int_equal(siblings_quota(2), 30);
    set_quota(&mailbox, 101);
    fixture_refused_field(fixture_update(2, &account, "first_name mailbox.quota", &changed),
                          "QUOTA_EXCEEDS_DOMAIN", "account.mailbox.quota", "Domain quota exceeded");
    assert_string_equal(fixture_get(2)->first_name, "");
    assert_int_equal(siblings_quota(2), 30);
}

static void an_admin_can_get_a_mailbox_later(void **state)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__AccountMailbox mailbox = MAILBOX;
    Roost__Accounts__V1__Account *changed;
    (void)state;
    fixture_create_admin("boss", "SuperAdmins");
    account.mailbox = &mailbox;
    mailbox.full_address = (char *)"boss@example.test";
    fixture_ok(fixture_update(2, &account, "mailbox", &changed));
    assert_string_equal(changed->username, "boss");
    assert_string_equal(changed->email, "boss@example.test");
    assert_string_equal(siblings_mailbox_state(2), "active");
    assert_string_equal(siblings_quota_state(2), "active");
    fixture_selects("SELECT count(*) FROM saga", "0");
    assert_int_equal(fixture_get(2)->mailbox->quota, 5);
}

static void one_cannot_shut_oneself_out(void **state)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *changed;
    (void)state;
    fixture_create_admin("boss", "SuperAdmins");
    set_active(&account, false);
    fixture_refused(fixture_update(1, &account, "is_active", &changed), "OWN_ACCOUNT");
    account.role = (char *)"DomainAdmins";
    fixture_refused(fixture_update(1, &account, "role", &changed), "OWN_ACCOUNT");
    fixture_refused(fixture_delete(1), "OWN_ACCOUNT");
    account.first_name = (char *)"Ada";
    fixture_ok(fixture_update(1, &account, "first_name", &changed));
}

static void the_last_super_admin_stays(void **state)
{
    Roost__Accounts__V1__DeleteAccountRequest req =
        ROOST__ACCOUNTS__V1__DELETE_ACCOUNT_REQUEST__INIT;
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *changed;
    Google__Protobuf__Empty *empty;
    (void)state;
    /* Boss was disabled a moment ago, and still has an assertion. */
    fixture_create_admin("boss", "SuperAdmins");
    fixture_execute("UPDATE account SET is_active = false WHERE id = 2");
    req.id = 1;
    struct call *boss = fixture_call_as(2, "boss", "SuperAdmins");
    fixture_refused(accounts_client_delete_account(boss, &req, &empty), "LAST_SUPER_ADMIN");
    Roost__Accounts__V1__UpdateAccountRequest update =
        ROOST__ACCOUNTS__V1__UPDATE_ACCOUNT_REQUEST__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    mask.paths = (char *[]){(char *)"is_active"};
    mask.n_paths = 1;
    set_active(&account, false);
    update.id = 1;
    update.account = &account;
    update.update_mask = &mask;
    boss = fixture_call_as(2, "boss", "SuperAdmins");
    fixture_refused(accounts_client_update_account(boss, &update, &changed), "LAST_SUPER_ADMIN");
    account.role = (char *)"DomainAdmins";
    mask.paths = (char *[]){(char *)"role"};
    boss = fixture_call_as(2, "boss", "SuperAdmins");
    fixture_refused(accounts_client_update_account(boss, &update, &changed), "LAST_SUPER_ADMIN");
    fixture_execute("UPDATE account SET is_active = true WHERE id = 2");
    boss = fixture_call_as(2, "boss", "SuperAdmins");
    fixture_ok(accounts_client_update_account(boss, &update, &changed));
    fixture_events("AccountCreated AccountModified RoleChanged");
}

static void delete_removes_everything(void **state)
{
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_ok(fixture_delete(2));
    fixture_selects("SELECT count(*) FROM account", "1");
    fixture_selects("SELECT count(*) FROM saga", "0");
    fixture_selects("SELECT sum(accounts) FROM tally", "1");
    assert_int_equal(siblings_n_mailboxes(), 0);
    assert_int_equal(siblings_n_quotas(), 0);
    fixture_events("AccountCreated AccountDeleted");
    fixture_refused(fixture_delete(2), "ACCOUNT_NOT_FOUND");
    fixture_create_admin("boss", "SuperAdmins");
    fixture_ok(fixture_delete(3));
    fixture_selects("SELECT count(*) FROM account", "1");
    /* The name is free again. */
    fixture_create_simple("bob@example.test");
}

static void delete_is_idempotent_and_respects_the_etag(void **state)
{
    Roost__Accounts__V1__DeleteAccountRequest req =
        ROOST__ACCOUNTS__V1__DELETE_ACCOUNT_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    (void)state;
    fixture_create_simple("bob@example.test");
    req.id = 2;
    req.etag = (char *)"999";
    fixture_refused(accounts_client_delete_account(fixture_call(), &req, &empty), "ETAG_MISMATCH");
    req.etag = (char *)"";
    req.request_id = (char *)"key-1";
    fixture_ok(accounts_client_delete_account(fixture_call(), &req, &empty));
    fixture_ok(accounts_client_delete_account(fixture_call(), &req, &empty));
    fixture_events("AccountCreated AccountDeleted");
}

static void exists_asks_for_an_address(void **state)
{
    static const struct {
        const char *email;
        bool exists;
    } cases[] = {{"bob@example.test", true},
                 {"BOB@Example.test", true},
                 {"eve@example.test", false},
                 {"bob", false}};
    Roost__Accounts__V1__AccountExistsRequest req =
        ROOST__ACCOUNTS__V1__ACCOUNT_EXISTS_REQUEST__INIT;
    Roost__Accounts__V1__AccountExistsResponse *resp;
    (void)state;
    fixture_create_simple("bob@example.test");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        req.email = (char *)cases[i].email;
        fixture_ok(accounts_client_account_exists(fixture_call(), &req, &resp));
        assert_int_equal(resp->exists, cases[i].exists);
    }
    req.email = (char *)"";
    fixture_refused(accounts_client_account_exists(fixture_call(), &req, &resp), "REQUEST_INVALID");
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(create_makes_account_mailbox_and_quota),
        TEST(create_without_mailbox_calls_nobody),
        TEST(create_refusals_leave_nothing),
        TEST(create_needs_an_account_and_a_role),
        TEST(create_takes_a_hash),
        TEST(create_is_idempotent),
        TEST(get_sees_active_accounts_only),
        TEST(get_needs_the_other_services),
        TEST(update_changes_the_row),
        TEST(update_respects_the_etag),
        TEST(a_rename_moves_mailbox_and_quota),
        TEST(a_refused_rename_changes_nothing),
        TEST(a_quota_is_changed_strictly),
        TEST(an_admin_can_get_a_mailbox_later),
        TEST(one_cannot_shut_oneself_out),
        TEST(the_last_super_admin_stays),
        TEST(delete_removes_everything),
        TEST(delete_is_idempotent_and_respects_the_etag),
        TEST(exists_asks_for_an_address),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
