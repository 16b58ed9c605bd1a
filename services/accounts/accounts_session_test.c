/* A person's own web sessions as he sees them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "services/accounts/testing/fixture.h"
#include "services/common/clock/clock.h"
#include "services/common/testing/testing.h"

/* A new session of an account: the secret, and as whom a call with it is made. */
struct login {
    char *cookie;
    Roost__Common__V1__Identity identity;
};

static struct login log_in(const char *username, const char *password)
{
    Roost__Accounts__V1__LoginRequest req = ROOST__ACCOUNTS__V1__LOGIN_REQUEST__INIT;
    Roost__Accounts__V1__AuthenticateRequest who = ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__INIT;
    Roost__Accounts__V1__LoginResponse *resp;
    Roost__Accounts__V1__AuthenticateResponse *found;
    struct call *call = fixture_call_as(0, "", "");
    ((Roost__Common__V1__Identity *)call->identity)->remote_address = (char *)"192.0.2.1";
    req.username = (char *)username;
    req.password = (char *)password;
    req.user_agent = (char *)"Mozilla/5.0";
    fixture_ok(accounts_client_login(call, &req, &resp));
    who.credential_case = ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__CREDENTIAL_SESSION;
    who.session = resp->session;
    fixture_ok(accounts_internal_client_authenticate(fixture_call(), &who, &found));
    return (struct login){.cookie = resp->session, .identity = *found->identity};
}

static struct call *as(const struct login *login)
{
    struct call *call = fixture_call();
    call->identity = &login->identity;
    return call;
}

static const struct error *authenticate(const struct login *login)
{
    Roost__Accounts__V1__AuthenticateRequest req = ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__INIT;
    Roost__Accounts__V1__AuthenticateResponse *resp;
    req.credential_case = ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__CREDENTIAL_SESSION;
    req.session = login->cookie;
    return accounts_internal_client_authenticate(fixture_call(), &req, &resp);
}

static Roost__Accounts__V1__ListSessionsResponse *list(struct call *call)
{
    const Roost__Accounts__V1__ListSessionsRequest req =
        ROOST__ACCOUNTS__V1__LIST_SESSIONS_REQUEST__INIT;
    Roost__Accounts__V1__ListSessionsResponse *resp;
    fixture_ok(accounts_client_list_sessions(call, &req, &resp));
    return resp;
}

static const struct error *end(struct call *call, const char *id)
{
    Roost__Accounts__V1__DeleteSessionRequest req =
        ROOST__ACCOUNTS__V1__DELETE_SESSION_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.id = (char *)id;
    return accounts_client_delete_session(call, &req, &empty);
}

static const struct error *end_others(struct call *call)
{
    const Roost__Accounts__V1__EndOtherSessionsRequest req =
        ROOST__ACCOUNTS__V1__END_OTHER_SESSIONS_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    return accounts_client_end_other_sessions(call, &req, &empty);
}

static void one_sees_ones_own_sessions(void **state)
{
    (void)state;
    fixture_create_simple("bob@example.test");
    int64_t began_s = clock_wall_us() / 1000000;
    struct login first = log_in("bob@example.test", "Secret123");
    struct login second = log_in("bob@example.test", "Secret123");
    struct login admin = log_in("admin", "Admin1234");
    int64_t now_s = clock_wall_us() / 1000000;
    const Roost__Accounts__V1__ListSessionsResponse *resp = list(as(&second));
    assert_int_equal(resp->n_sessions, 2);
    assert_string_equal(resp->next_page_token, "");
    for (size_t i = 0; i < 2; i++) {
        const Roost__Accounts__V1__Session *session = resp->sessions[i];
        assert_int_equal(session->current, strcmp(session->id, second.identity.session_id) == 0);
        assert_string_not_equal(session->id, first.cookie);
        assert_string_not_equal(session->id, second.cookie);
        assert_string_equal(session->remote_address, "192.0.2.1");
        assert_string_equal(session->user_agent, "Mozilla/5.0");
        assert_in_range(session->created_at->seconds, began_s, now_s);
        assert_int_equal(session->last_seen_at->seconds, session->created_at->seconds);
        assert_in_range(session->expires_at->seconds, began_s + 3600, now_s + 3600);
    }
    assert_string_not_equal(resp->sessions[0]->id, resp->sessions[1]->id);
    assert_int_equal(list(as(&admin))->n_sessions, 1);
    /* With an API token none is the current one. */
    resp = list(fixture_call_as(2, "bob@example.test", "SimpleUsers"));
    assert_int_equal(resp->n_sessions, 2);
    assert_false(resp->sessions[0]->current || resp->sessions[1]->current);
}

static void an_ended_session_opens_nothing(void **state)
{
    (void)state;
    fixture_create_simple("bob@example.test");
    struct login first = log_in("bob@example.test", "Secret123");
    struct login second = log_in("bob@example.test", "Secret123");
    fixture_ok(end(as(&second), first.identity.session_id));
    fixture_refused(authenticate(&first), "CREDENTIALS_INVALID");
    fixture_ok(authenticate(&second));
    assert_int_equal(list(as(&second))->n_sessions, 1);
    fixture_refused(end(as(&second), first.identity.session_id), "SESSION_NOT_FOUND");
    fixture_events("AccountCreated UserLogin UserLogin SessionEnded");
    fixture_selects(
        "SELECT before ->> 'pk' || ' ' || (before ->> 'user_agent') || ' ' || object_id "
        "|| ' ' || object_type FROM outbox WHERE event_type = 'SessionEnded'",
        arena_printf(fixture_call()->arena, "%s Mozilla/5.0 2 account", first.identity.session_id));
    /* One may end the session one is in. */
    fixture_ok(end(as(&second), second.identity.session_id));
    fixture_refused(authenticate(&second), "CREDENTIALS_INVALID");
}

static void anothers_session_is_not_there(void **state)
{
    (void)state;
    fixture_create_simple("bob@example.test");
    struct login bob = log_in("bob@example.test", "Secret123");
    struct login admin = log_in("admin", "Admin1234");
    fixture_refused(end(as(&admin), bob.identity.session_id), "SESSION_NOT_FOUND");
    fixture_refused(end(as(&bob), admin.identity.session_id), "SESSION_NOT_FOUND");
    fixture_refused(end(as(&bob), bob.cookie), "SESSION_NOT_FOUND");
    fixture_refused(end(as(&bob), ""), "SESSION_NOT_FOUND");
    fixture_ok(end_others(as(&admin)));
    fixture_ok(authenticate(&bob));
    fixture_ok(authenticate(&admin));
    fixture_events("AccountCreated UserLogin UserLogin");
}

static void all_others_end(void **state)
{
    (void)state;
    struct login logins[3];
    for (size_t i = 0; i < 3; i++) {
        logins[i] = log_in("admin", "Admin1234");
    }
    fixture_ok(end_others(as(&logins[1])));
    fixture_refused(authenticate(&logins[0]), "CREDENTIALS_INVALID");
    fixture_ok(authenticate(&logins[1]));
    fixture_refused(authenticate(&logins[2]), "CREDENTIALS_INVALID");
    assert_int_equal(list(as(&logins[1]))->n_sessions, 1);
    fixture_events("UserLogin UserLogin UserLogin SessionEnded SessionEnded");
    /* Nothing to end is no event; with an API token every session is another. */
    fixture_ok(end_others(as(&logins[1])));
    fixture_ok(end_others(fixture_call_as(1, "admin", "SuperAdmins")));
    fixture_refused(authenticate(&logins[1]), "CREDENTIALS_INVALID");
    fixture_events("UserLogin UserLogin UserLogin SessionEnded SessionEnded SessionEnded");
}

static void a_new_password_ends_the_other_sessions(void **state)
{
    Roost__Accounts__V1__ChangePasswordRequest req =
        ROOST__ACCOUNTS__V1__CHANGE_PASSWORD_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    (void)state;
    struct login first = log_in("admin", "Admin1234");
    struct login second = log_in("admin", "Admin1234");
    req.password = (char *)"Admin1234";
    req.new_password = (char *)"Admin5678";
    fixture_ok(accounts_client_change_password(as(&first), &req, &empty));
    fixture_ok(authenticate(&first));
    fixture_refused(authenticate(&second), "CREDENTIALS_INVALID");
    const Roost__Accounts__V1__ListSessionsResponse *resp = list(as(&first));
    assert_int_equal(resp->n_sessions, 1);
    assert_true(resp->sessions[0]->current);
}

static void a_service_and_a_stranger_have_no_sessions(void **state)
{
    const Roost__Accounts__V1__ListSessionsRequest req =
        ROOST__ACCOUNTS__V1__LIST_SESSIONS_REQUEST__INIT;
    Roost__Accounts__V1__ListSessionsResponse *resp;
    (void)state;
    struct call *call = fixture_call_as(0, "", "");
    fixture_refused(accounts_client_list_sessions(call, &req, &resp), "CREDENTIALS_MISSING");
    call = fixture_call_as(99, "gone", "SimpleUsers");
    fixture_refused(accounts_client_list_sessions(call, &req, &resp), "ACCOUNT_NOT_FOUND");
    fixture_refused(end_others(fixture_call_as(99, "gone", "SimpleUsers")), "ACCOUNT_NOT_FOUND");
}

static void sessions_need_redis(void **state)
{
    const Roost__Accounts__V1__ListSessionsRequest req =
        ROOST__ACCOUNTS__V1__LIST_SESSIONS_REQUEST__INIT;
    Roost__Accounts__V1__ListSessionsResponse *resp;
    (void)state;
    struct login admin = log_in("admin", "Admin1234");
    testing_redis_stop();
    fixture_refused(accounts_client_list_sessions(as(&admin), &req, &resp), "REDIS_UNAVAILABLE");
    fixture_refused(end(as(&admin), admin.identity.session_id), "REDIS_UNAVAILABLE");
    fixture_refused(end_others(as(&admin)), "REDIS_UNAVAILABLE");
    testing_redis_start();
    fixture_events("UserLogin");
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_sees_ones_own_sessions),
        TEST(an_ended_session_opens_nothing),
        TEST(anothers_session_is_not_there),
        TEST(all_others_end),
        TEST(a_new_password_ends_the_other_sessions),
        TEST(a_service_and_a_stranger_have_no_sessions),
        TEST(sessions_need_redis),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
