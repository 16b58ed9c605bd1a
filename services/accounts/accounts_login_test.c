/* Passwords, sessions, tokens and the caller's own account as their callers see them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/accounts/testing/fixture.h"
#include "services/common/clock/clock.h"
#include "services/common/message/message.h"
#include "services/common/rpc/client.h"
#include "services/common/testing/testing.h"

#define ACCOUNT ROOST__ACCOUNTS__V1__ACCOUNT__INIT

/* The call of somebody who has not said who he is, as the gateway hands it on. */
static struct call *anonymous(const char *remote_address)
{
    struct call *call = fixture_call_as(0, "", "");
    ((Roost__Common__V1__Identity *)call->identity)->remote_address = (char *)remote_address;
    return call;
}

static const struct error *login(const char *username, const char *password,
                                 Roost__Accounts__V1__LoginResponse **ret)
{
    Roost__Accounts__V1__LoginRequest req = ROOST__ACCOUNTS__V1__LOGIN_REQUEST__INIT;
    req.username = (char *)username;
    req.password = (char *)password;
    req.user_agent = (char *)"curl/8";
    req.remote_address = (char *)"203.0.113.200";
    return accounts_client_login(anonymous("192.0.2.1"), &req, ret);
}

static const struct error *authenticate(const char *token, const char *session,
                                        Roost__Accounts__V1__AuthenticateResponse **ret)
{
    Roost__Accounts__V1__AuthenticateRequest req = ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__INIT;
    if (token) {
        req.credential_case = ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__CREDENTIAL_TOKEN;
        req.token = (char *)token;
    } else if (session) {
        req.credential_case = ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__CREDENTIAL_SESSION;
        req.session = (char *)session;
    }
    return accounts_internal_client_authenticate(fixture_call(), &req, ret);
}

static const struct error *create_token(struct call *call, const char *name, int64_t expires_in_s,
                                        Roost__Accounts__V1__ApiToken **ret)
{
    Roost__Accounts__V1__CreateApiTokenRequest req =
        ROOST__ACCOUNTS__V1__CREATE_API_TOKEN_REQUEST__INIT;
    Roost__Accounts__V1__ApiToken token = ROOST__ACCOUNTS__V1__API_TOKEN__INIT;
    Google__Protobuf__Timestamp expires_at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    token.name = (char *)name;
    expires_at.seconds = clock_wall_us() / 1000000 + expires_in_s;
    token.expires_at = expires_in_s ? &expires_at : NULL;
    req.api_token = &token;
    return accounts_client_create_api_token(call, &req, ret);
}

static void login_starts_a_session(void **state)
{
    Roost__Accounts__V1__LoginResponse *first;
    Roost__Accounts__V1__LoginResponse *second;
    Roost__Accounts__V1__AuthenticateResponse *found;
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_ok(login("Bob@Example.test", "Secret123", &first));
    fixture_ok(login("bob@example.test", "Secret123", &second));
    assert_string_equal(first->account->username, "bob@example.test");
    assert_non_null(first->account->last_login);
    assert_string_equal(first->account->mailbox->full_address, "bob@example.test");
    assert_string_not_equal(first->session, second->session);
    assert_string_not_equal(first->csrf_token, second->csrf_token);
    assert_non_null(first->expires_at);
    fixture_ok(authenticate(NULL, first->session, &found));
    assert_int_equal(found->identity->account_id, 2);
    assert_string_equal(found->identity->username, "bob@example.test");
    assert_string_equal(found->identity->role, "SimpleUsers");
    assert_string_not_equal(found->identity->session_id, first->session);
    assert_string_equal(found->csrf_token, first->csrf_token);
    fixture_events("AccountCreated UserLogin UserLogin");
    fixture_selects("SELECT actor_account_id || ' ' || object_id || ' ' || (after ->> "
                    "'remote_address') || ' ' || "
                    "(after ->> 'user_agent') FROM outbox WHERE id = 2",
                    "2 2 192.0.2.1 curl/8");
    fixture_selects("SELECT count(*) FROM outbox WHERE after::text LIKE '%Secret123%'", "0");
}

static void wrong_logins_answer_alike(void **state)
{
    static const struct {
        const char *username;
        const char *password;
    } cases[] = {{"admin", "Wrong1234"},
                 {"nobody", "Admin1234"},
                 {"disabled", "Secret123"},
                 {" admin", "Admin1234"},
                 {"a@b@c", "Admin1234"}};
    Roost__Accounts__V1__LoginResponse *resp;
    (void)state;
    fixture_create_admin("disabled", "SuperAdmins");
    fixture_execute("UPDATE account SET is_active = false WHERE username = 'disabled'");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct error *err = login(cases[i].username, cases[i].password, &resp);
        print_message("%s\n", cases[i].username);
        fixture_refused(err, "LOGIN_FAILED");
        assert_string_equal(err->detail, "Incorrect username or password.");
    }
    fixture_refused(login("", "Admin1234", &resp), "FIELD_REQUIRED");
    fixture_refused(login("admin", "", &resp), "FIELD_REQUIRED");
    fixture_events("AccountCreated");
}

static void guessing_is_throttled(void **state)
{
    Roost__Accounts__V1__LoginResponse *resp;
    (void)state;
    int64_t began_us = clock_monotonic_us();
    for (int i = 0; i < 3; i++) {
        fixture_refused(login("admin", "Wrong1234", &resp), "LOGIN_FAILED");
    }
    const struct error *err = login("admin", "Admin1234", &resp);
    fixture_refused(err, "LOGIN_THROTTLED");
    assert_int_equal(err->code, ERROR_RESOURCE_EXHAUSTED);
    int64_t passed_ms = (clock_monotonic_us() - began_us) / 1000 + 1;
    assert_in_range(err->retry_after_ms, 60000 - passed_ms, 60000);
    /* The same counter guards the other ways to try a password. */
    Roost__Accounts__V1__VerifyPasswordRequest req =
        ROOST__ACCOUNTS__V1__VERIFY_PASSWORD_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.password = (char *)"Admin1234";
    fixture_refused(accounts_client_verify_password(fixture_call(), &req, &empty),
                    "LOGIN_THROTTLED");
}

static void login_needs_redis(void **state)
{
    Roost__Accounts__V1__LoginResponse *resp;
    (void)state;
    testing_redis_stop();
    fixture_refused(login("admin", "Admin1234", &resp), "REDIS_UNAVAILABLE");
    assert_string_equal(fixture_get(1)->username, "admin");
    testing_redis_start();
    fixture_ok(login("admin", "Admin1234", &resp));
}

static void login_replaces_an_old_hash(void **state)
{
    Roost__Accounts__V1__LoginResponse *resp;
    (void)state;
    fixture_execute("UPDATE account SET password_hash = "
                    "'{MD5-CRYPT}$1$LiyRRpKg$lxDNO7hxnDkSN8wI5HfFd/' WHERE id = 1");
    fixture_ok(login("admin", "Secret123", &resp));
    fixture_selects("SELECT left(password_hash, 14) FROM account WHERE id = 1", "{CRYPT}$y$j75$");
    fixture_ok(login("admin", "Secret123", &resp));
}

static void logout_ends_the_session(void **state)
{
    Roost__Accounts__V1__LoginResponse *resp;
    Roost__Accounts__V1__AuthenticateResponse *found;
    Roost__Accounts__V1__LogoutRequest req = ROOST__ACCOUNTS__V1__LOGOUT_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    (void)state;
    fixture_ok(login("admin", "Admin1234", &resp));
    fixture_ok(authenticate(NULL, resp->session, &found));
    struct call *call = fixture_call();
    call->identity = found->identity;
    fixture_ok(accounts_client_logout(call, &req, &empty));
    fixture_refused(authenticate(NULL, resp->session, &found), "CREDENTIALS_INVALID");
    fixture_events("UserLogin UserLogout");
    fixture_ok(accounts_client_logout(fixture_call(), &req, &empty));
    fixture_events("UserLogin UserLogout");
}

static void sessions_end_with_their_account(void **state)
{
    Roost__Accounts__V1__Account account = ACCOUNT;
    Roost__Accounts__V1__Account *changed;
    Roost__Accounts__V1__LoginResponse *resp;
    Roost__Accounts__V1__AuthenticateResponse *found;
    (void)state;
    fixture_create_admin("boss", "SuperAdmins");
    fixture_ok(login("boss", "Secret123", &resp));
    account._is_active_case = ROOST__ACCOUNTS__V1__ACCOUNT___IS_ACTIVE_IS_ACTIVE;
    account.is_active = false;
    fixture_ok(fixture_update(2, &account, "is_active", &changed));
    fixture_refused(authenticate(NULL, resp->session, &found), "CREDENTIALS_INVALID");
    /* Enabled again, it does not come back. */
    account.is_active = true;
    fixture_ok(fixture_update(2, &account, "is_active", &changed));
    fixture_refused(authenticate(NULL, resp->session, &found), "CREDENTIALS_INVALID");
    fixture_ok(login("boss", "Secret123", &resp));
    account.role = (char *)"DomainAdmins";
    fixture_ok(fixture_update(2, &account, "role", &changed));
    fixture_refused(authenticate(NULL, resp->session, &found), "CREDENTIALS_INVALID");
    fixture_ok(login("boss", "Secret123", &resp));
    fixture_ok(fixture_delete(2));
    fixture_refused(authenticate(NULL, resp->session, &found), "CREDENTIALS_INVALID");
}

/* Even where Redis could not be told. */
static void a_session_of_an_old_epoch_is_void(void **state)
{
    Roost__Accounts__V1__LoginResponse *resp;
    Roost__Accounts__V1__AuthenticateResponse *found;
    (void)state;
    fixture_ok(login("admin", "Admin1234", &resp));
    fixture_execute("UPDATE account SET session_epoch = session_epoch + 1 WHERE id = 1");
    fixture_refused(authenticate(NULL, resp->session, &found), "CREDENTIALS_INVALID");
    fixture_ok(login("admin", "Admin1234", &resp));
    fixture_execute("UPDATE account SET is_active = false WHERE id = 1");
    fixture_refused(authenticate(NULL, resp->session, &found), "ACCOUNT_DISABLED");
}

static const struct error *change_password(struct call *call, int64_t id, const char *old,
                                           const char *new)
{
    Roost__Accounts__V1__ChangePasswordRequest req =
        ROOST__ACCOUNTS__V1__CHANGE_PASSWORD_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.id = id;
    req.password = (char *)old;
    req.new_password = (char *)new;
    return accounts_client_change_password(call, &req, &empty);
}

static void a_password_is_changed_by_its_owner(void **state)
{
    Roost__Accounts__V1__LoginResponse *own;
    Roost__Accounts__V1__LoginResponse *other;
    Roost__Accounts__V1__AuthenticateResponse *found;
    (void)state;
    fixture_ok(login("admin", "Admin1234", &own));
    fixture_ok(login("admin", "Admin1234", &other));
    fixture_ok(authenticate(NULL, own->session, &found));
    struct call *call = fixture_call();
    call->identity = found->identity;
    fixture_refused_field(change_password(call, 0, "Wrong1234", "Another123"), "PASSWORD_WRONG",
                          "password", "Password not correct");
    fixture_refused_field(change_password(call, 1, "", "Another123"), "FIELD_REQUIRED", "password",
                          "This field is required.");
    fixture_refused_field(change_password(call, 1, "Admin1234", "weak"), "PASSWORD_WEAK",
                          "new_password",
                          "This password is too short. It must contain at least 8 characters.");
    fixture_refused_field(change_password(call, 1, "Admin1234", ""), "FIELD_REQUIRED",
                          "new_password", "This field is required.");
    fixture_refused(
        change_password(call, 1, "Admin1234", "{MD5-CRYPT}$1$LiyRRpKg$lxDNO7hxnDkSN8wI5HfFd/"),
        "PASSWORD_WEAK");
    fixture_ok(change_password(call, 1, "Admin1234", "Another123"));
    fixture_ok(authenticate(NULL, own->session, &found));
    fixture_refused(authenticate(NULL, other->session, &found), "CREDENTIALS_INVALID");
    fixture_refused(login("admin", "Admin1234", &own), "LOGIN_FAILED");
    fixture_ok(login("admin", "Another123", &own));
    fixture_events("UserLogin UserLogin PasswordChange UserLogin");
}

static void super_admins_set_others_passwords(void **state)
{
    Roost__Accounts__V1__LoginResponse *resp;
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_ok(change_password(fixture_call(), 2, "", "Another123"));
    fixture_ok(login("bob@example.test", "Another123", &resp));
    fixture_refused(change_password(fixture_call(), 2, "Wrong1234", "Third1234"), "PASSWORD_WRONG");
    fixture_refused(change_password(fixture_call(), 99, "", "Third1234"), "ACCOUNT_NOT_FOUND");
    struct call *bob = fixture_call_as(2, "bob@example.test", "SimpleUsers");
    fixture_refused(change_password(bob, 1, "Admin1234", "Third1234"), "ACCOUNT_NOT_FOUND");
    fixture_ok(login("admin", "Admin1234", &resp));
}

static void the_own_password_is_verified(void **state)
{
    Roost__Accounts__V1__VerifyPasswordRequest req =
        ROOST__ACCOUNTS__V1__VERIFY_PASSWORD_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    (void)state;
    req.password = (char *)"Admin1234";
    fixture_ok(accounts_client_verify_password(fixture_call(), &req, &empty));
    req.password = (char *)"Wrong1234";
    fixture_refused_field(accounts_client_verify_password(fixture_call(), &req, &empty),
                          "PASSWORD_WRONG", "password", "Password not correct");
    req.password = (char *)"";
    fixture_refused(accounts_client_verify_password(fixture_call(), &req, &empty),
                    "FIELD_REQUIRED");
}

static void everybody_has_a_profile(void **state)
{
    Roost__Accounts__V1__GetMeRequest get = ROOST__ACCOUNTS__V1__GET_ME_REQUEST__INIT;
    Roost__Accounts__V1__UpdateMeRequest update = ROOST__ACCOUNTS__V1__UPDATE_ME_REQUEST__INIT;
    Roost__Accounts__V1__Account account = ACCOUNT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    Roost__Accounts__V1__Account *me;
    (void)state;
    fixture_create_simple("bob@example.test");
    struct call *bob = fixture_call_as(2, "bob@example.test", "SimpleUsers");
    fixture_ok(accounts_client_get_me(bob, &get, &me));
    assert_string_equal(me->mailbox->full_address, "bob@example.test");
    account.first_name = (char *)"Bob";
    account.role = (char *)"SuperAdmins";
    account.username = (char *)"admin2";
    account.password = (char *)"Another123";
    mask.paths =
        (char *[]){(char *)"first_name", (char *)"role", (char *)"username", (char *)"password"};
    mask.n_paths = 4;
    update.account = &account;
    update.update_mask = &mask;
    fixture_ok(accounts_client_update_me(bob, &update, &me));
    assert_string_equal(me->first_name, "Bob");
    assert_string_equal(me->role, "SimpleUsers");
    assert_string_equal(me->username, "bob@example.test");
    fixture_events("AccountCreated AccountModified");
    account.language = (char *)"klingon";
    mask.paths = (char *[]){(char *)"language"};
    mask.n_paths = 1;
    fixture_refused_field(accounts_client_update_me(bob, &update, &me), "FIELD_INVALID",
                          "account.language", "\"klingon\" is not a valid choice.");
}

static void a_token_opens_until_it_is_revoked(void **state)
{
    Roost__Accounts__V1__ApiToken *token;
    Roost__Accounts__V1__AuthenticateResponse *found;
    Roost__Accounts__V1__DeleteApiTokenRequest revoke =
        ROOST__ACCOUNTS__V1__DELETE_API_TOKEN_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    (void)state;
    fixture_create_simple("bob@example.test");
    struct call *bob = fixture_call_as(2, "bob@example.test", "SimpleUsers");
    fixture_ok(create_token(bob, "backup", 0, &token));
    assert_int_equal(strlen(token->token), 40);
    assert_int_equal(strspn(token->token, "0123456789abcdef"), 40);
    fixture_selects(arena_printf(bob->arena,
                                 "SELECT count(*) FROM api_token WHERE key_hash = sha256('%s')",
                                 token->token),
                    "1");
    fixture_selects(arena_printf(bob->arena,
                                 "SELECT count(*) FROM outbox WHERE after::text LIKE '%%%s%%'",
                                 token->token),
                    "0");
    fixture_ok(authenticate(token->token, NULL, &found));
    assert_int_equal(found->identity->account_id, 2);
    assert_int_equal(found->identity->token_id, token->id);
    fixture_selects("SELECT count(last_used_at) FROM api_token", "1");
    fixture_execute("UPDATE api_token SET last_used_at = now() - interval '30 seconds'");
    fixture_ok(authenticate(token->token, NULL, &found));
    fixture_selects("SELECT now() - last_used_at > interval '20 seconds' FROM api_token", "t");
    revoke.id = token->id;
    /* Another's token is not seen. */
    fixture_refused(accounts_client_delete_api_token(fixture_call(), &revoke, &empty),
                    "TOKEN_NOT_FOUND");
    bob = fixture_call_as(2, "bob@example.test", "SimpleUsers");
    fixture_ok(accounts_client_delete_api_token(bob, &revoke, &empty));
    fixture_refused(authenticate(token->token, NULL, &found), "CREDENTIALS_INVALID");
    fixture_events("AccountCreated ApiTokenCreated ApiTokenRevoked");
}

static void tokens_make_none_that_outlives_them(void **state)
{
    Roost__Accounts__V1__ApiToken *maker;
    Roost__Accounts__V1__ApiToken *made;
    (void)state;
    fixture_ok(create_token(fixture_call(), "maker", 3600, &maker));
    struct call *call = fixture_call();
    Roost__Common__V1__Identity by_token = *call->identity;
    by_token.token_id = maker->id;
    call->identity = &by_token;
    static const char told[] = "Must not be later than the end of the token that makes this one.";
    fixture_refused_field(create_token(call, "endless", 0, &made), "FIELD_INVALID",
                          "api_token.expires_at", told);
    fixture_refused_field(create_token(call, "later", 7200, &made), "FIELD_INVALID",
                          "api_token.expires_at", told);
    fixture_ok(create_token(call, "sooner", 1800, &made));
    fixture_execute("DELETE FROM api_token WHERE name = 'maker'");
    fixture_refused(create_token(call, "orphan", 1800, &made), "CREDENTIALS_INVALID");
}

static void tokens_have_limits(void **state)
{
    Roost__Accounts__V1__ApiToken *token;
    Roost__Accounts__V1__AuthenticateResponse *found;
    (void)state;
    fixture_refused_field(create_token(fixture_call(), "", 0, &token), "FIELD_REQUIRED",
                          "api_token.name", "This field is required.");
    fixture_refused_field(create_token(fixture_call(), "old", -10, &token), "FIELD_INVALID",
                          "api_token.expires_at", "Must be in the future.");
    fixture_refused_field(create_token(fixture_call(), "late", 253402300800, &token),
                          "FIELD_INVALID", "api_token.expires_at",
                          "Must be a time of the years 1 to 9999.");
    fixture_ok(create_token(fixture_call(), "a", 3600, &token));
    fixture_ok(authenticate(token->token, NULL, &found));
    fixture_execute("UPDATE api_token SET expires_at = now()");
    fixture_refused(authenticate(token->token, NULL, &found), "CREDENTIALS_INVALID");
    fixture_ok(create_token(fixture_call(), "b", 0, &token));
    fixture_refused(create_token(fixture_call(), "c", 0, &token), "TOKEN_LIMIT_REACHED");
    fixture_execute("UPDATE account SET is_active = false WHERE id = 1");
    fixture_refused(authenticate(token->token, NULL, &found), "ACCOUNT_DISABLED");
    fixture_execute("UPDATE account SET state = 'deleting' WHERE id = 1");
    fixture_refused(authenticate(token->token, NULL, &found), "CREDENTIALS_INVALID");
}

static void tokens_are_listed_without_keys(void **state)
{
    Roost__Accounts__V1__ListApiTokensRequest req =
        ROOST__ACCOUNTS__V1__LIST_API_TOKENS_REQUEST__INIT;
    Roost__Accounts__V1__ListApiTokensResponse *resp;
    Roost__Accounts__V1__ApiToken *token;
    (void)state;
    fixture_create_simple("bob@example.test");
    fixture_ok(create_token(fixture_call(), "a", 0, &token));
    fixture_ok(create_token(fixture_call(), "b", 3600, &token));
    fixture_ok(
        create_token(fixture_call_as(2, "bob@example.test", "SimpleUsers"), "bob's", 0, &token));
    req.page_size = 1;
    fixture_ok(accounts_client_list_api_tokens(fixture_call(), &req, &resp));
    assert_int_equal(resp->n_api_tokens, 1);
    assert_string_equal(resp->api_tokens[0]->name, "a");
    assert_string_equal(resp->api_tokens[0]->token, "");
    assert_null(resp->api_tokens[0]->expires_at);
    req.page_token = resp->next_page_token;
    fixture_ok(accounts_client_list_api_tokens(fixture_call(), &req, &resp));
    assert_int_equal(resp->n_api_tokens, 1);
    assert_string_equal(resp->api_tokens[0]->name, "b");
    assert_non_null(resp->api_tokens[0]->expires_at);
    assert_string_equal(resp->next_page_token, "");
}

static void odd_credentials_open_nothing(void **state)
{
    static const char *const tokens[] = {"", "x", "0000000000000000000000000000000000000000",
                                         "0000000000000000000000000000000000000000000",
                                         "' OR 1=1 --                             "};
    Roost__Accounts__V1__AuthenticateResponse *found;
    (void)state;
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        fixture_refused(authenticate(tokens[i], NULL, &found), "CREDENTIALS_INVALID");
        fixture_refused(authenticate(NULL, tokens[i], &found), "CREDENTIALS_INVALID");
    }
    fixture_refused(authenticate(NULL, NULL, &found), "CREDENTIALS_MISSING");
}

static void a_client_shows_its_token_itself(void **state)
{
    Roost__Accounts__V1__GetMeRequest req = ROOST__ACCOUNTS__V1__GET_ME_REQUEST__INIT;
    Roost__Accounts__V1__ApiToken *token;
    ProtobufCMessage *me;
    (void)state;
    fixture_ok(create_token(fixture_call(), "script", 0, &token));
    struct call *call = fixture_call_as(0, "", "");
    const char *const names[] = {"authorization", NULL};
    const char *values[] = {arena_printf(call->arena, "Token %s", token->token), NULL};
    fixture_ok(rpc_call_with_metadata(call, &accounts_client_get_me_method, names, values,
                                      &req.base, &me));
    assert_string_equal(((Roost__Accounts__V1__Account *)me)->username, "admin");
    values[0] = "Token 0000000000000000000000000000000000000000";
    fixture_refused(
        rpc_call_with_metadata(call, &accounts_client_get_me_method, names, values, &req.base, &me),
        "CREDENTIALS_INVALID");
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(login_starts_a_session),
        TEST(wrong_logins_answer_alike),
        TEST(guessing_is_throttled),
        TEST(login_needs_redis),
        TEST(login_replaces_an_old_hash),
        TEST(logout_ends_the_session),
        TEST(sessions_end_with_their_account),
        TEST(a_session_of_an_old_epoch_is_void),
        TEST(a_password_is_changed_by_its_owner),
        TEST(super_admins_set_others_passwords),
        TEST(the_own_password_is_verified),
        TEST(everybody_has_a_profile),
        TEST(a_token_opens_until_it_is_revoked),
        TEST(tokens_make_none_that_outlives_them),
        TEST(tokens_have_limits),
        TEST(tokens_are_listed_without_keys),
        TEST(odd_credentials_open_nothing),
        TEST(a_client_shows_its_token_itself),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
