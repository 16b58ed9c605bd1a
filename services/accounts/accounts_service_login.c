/* Passwords, web sessions and the caller's own account in roost.accounts.v1.Accounts, in the order
 * of the proto. */
#include <string.h>

#include "proto/roost/accounts/v1/accounts.rpc.h"
#include "services/accounts/account_event.h"
#include "services/accounts/account_mailbox.h"
#include "services/accounts/account_saga.h"
#include "services/accounts/account_update.h"
#include "services/accounts/accounts_config.h"
#include "services/accounts/login.h"
#include "services/accounts/secret.h"
#include "services/common/message/message.h"
#include "services/common/pg/pg.h"

static const struct error *missing(struct call *call, const struct error *err, const char *field,
                                   const char *value)
{
    return *value ? err
                  : error_add_field(call->arena, err, REASON_FIELD_REQUIRED, field,
                                    "This field is required.");
}

/* ACCOUNT_NOT_FOUND as well where the caller may not know of the account. */
static const struct error *find_account(struct call *call, int64_t id,
                                        struct account_credentials **ret_found)
{
    struct account_credentials *found = NULL;
    bool is_own = id == call->identity->account_id;
    const struct error *err = is_own || call_has_role(call, "SuperAdmins")
                                  ? account_store_get_credentials(call, id, &found)
                                  : NULL;
    if (err) {
        return err;
    }
    if (!found) {
        return error_new(call->arena, REASON_ACCOUNT_NOT_FOUND, "There is no account %lld.",
                         (long long)id);
    }
    *ret_found = found;
    return NULL;
}

/* Another's password is only checked where it is given. */
static const struct error *check_current(struct call *call,
                                         const struct account_credentials *account,
                                         const char *password)
{
    bool is_own = account->id == call->identity->account_id;
    if (*password == '\0') {
        return is_own ? missing(call, NULL, "password", password) : NULL;
    }
    bool matches;
    const struct error *err = login_verify(call, account, password, &matches);
    if (err || matches) {
        return err;
    }
    return error_on_field(call->arena, REASON_PASSWORD_WRONG, "password", "Password not correct");
}

static const struct error *check_new(struct call *call, const struct account_credentials *account,
                                     const char *password)
{
    const struct accounts *accounts = call->service;
    const char *fault =
        password_is_hash(password)
            ? "A hash is accepted for a new account only."
            : password_policy_fault(call->arena, &accounts->policy, password, account->username);
    return fault ? error_on_field(call->arena, REASON_PASSWORD_WEAK, "new_password", "%s", fault)
                 : NULL;
}

static const struct error *set_password(struct call *call,
                                        const struct account_credentials *account,
                                        const char *clear)
{
    struct accounts *accounts = call->service;
    struct account_password password = {.id = account->id};
    char *stored;
    const struct error *err = hashing_hash(&accounts->hashing, call->arena, clear, &stored);
    if (!err) {
        password.hash = stored;
        err = account_write_password(call, &password);
    }
    if (err) {
        return err;
    }
    /* The epoch has ended all sessions; this lets the caller's own go on. */
    const char *own = account->id == call->identity->account_id ? call->identity->session_id : "";
    const struct error *ignored = session_end_others(call, account->id, own, password.epoch);
    (void)ignored;
    account_saga_end_sessions(call, password.sessions_saga_id);
    return NULL;
}

const struct error *accounts_change_password(struct call *call,
                                             const Roost__Accounts__V1__ChangePasswordRequest *req,
                                             Google__Protobuf__Empty **ret_resp)
{
    int64_t id = req->id ? req->id : call->identity->account_id;
    struct account_credentials *account;
    const struct error *err = find_account(call, id, &account);
    if (!err) {
        err = missing(call, err, "new_password", req->new_password);
    }
    if (!err) {
        err = check_current(call, account, req->password);
    }
    if (!err) {
        err = check_new(call, account, req->new_password);
    }
    if (!err) {
        err = set_password(call, account, req->new_password);
    }
    secret_wipe(req->password);
    secret_wipe(req->new_password);
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

const struct error *accounts_account_exists(struct call *call,
                                            const Roost__Accounts__V1__AccountExistsRequest *req,
                                            Roost__Accounts__V1__AccountExistsResponse **ret_resp)
{
    struct address address;
    const char *fault;
    bool exists = false;
    if (*req->email == '\0') {
        return error_new(call->arena, REASON_REQUEST_INVALID, "email not provided");
    }
    if (address_parse(call->arena, req->email, false, &address, &fault)) {
        const struct error *err = account_store_exists(call, address.full, &exists);
        if (err) {
            return err;
        }
    }
    *ret_resp = message_new(call->arena, &roost__accounts__v1__account_exists_response__descriptor);
    (*ret_resp)->exists = exists;
    return NULL;
}

struct login_tx {
    struct call *call;
    const struct account_credentials *account;
    const Roost__Accounts__V1__LoginRequest *login; /* as the event tells it */
};

static const struct error *login_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    const struct login_tx *tx = ctx;
    bool is_done;
    const struct error *err = account_store_record_login(tx->call, tx->account->id, &is_done);
    if (err) {
        return err;
    }
    if (!is_done) {
        return error_new(tx->call->arena, REASON_LOGIN_FAILED, "Incorrect username or password.");
    }
    return account_event_session(tx->call, tx->account->id, tx->account->username, tx->login);
}

/* Session, last_login and event. */
static const struct error *start_session(struct call *call,
                                         const struct account_credentials *account,
                                         const Roost__Accounts__V1__LoginRequest *req,
                                         Roost__Accounts__V1__LoginResponse *resp)
{
    const struct accounts *accounts = call->service;
    struct session session = {.account_id = account->id,
                              .epoch = account->session_epoch,
                              .address = login_address(call),
                              .user_agent = req->user_agent};
    const struct error *err = session_begin(call, &accounts->session, &session, &resp->session);
    if (err) {
        return err;
    }
    Roost__Accounts__V1__LoginRequest login = ROOST__ACCOUNTS__V1__LOGIN_REQUEST__INIT;
    login.username = (char *)account->username;
    login.remote_address = (char *)session.address;
    login.user_agent = req->user_agent;
    struct login_tx tx = {.call = call, .account = account, .login = &login};
    err = pg_transact(call->pg, login_in_tx, &tx);
    if (err) {
        const struct error *ignored = session_end(call, account->id, session.public_id);
        (void)ignored;
        return err;
    }
    int64_t expires_ms = session.created_ms + accounts->session.max_s * 1000;
    resp->csrf_token = (char *)session.csrf_token;
    resp->expires_at = message_new(call->arena, &google__protobuf__timestamp__descriptor);
    resp->expires_at->seconds = expires_ms / 1000;
    return NULL;
}

static const struct error *get_account(struct call *call, int64_t id,
                                       Roost__Accounts__V1__Account **ret_account)
{
    const struct error *err = account_store_get(call, id, ret_account);
    return err ? err : account_mailbox_attach(call, ret_account, 1);
}

const struct error *accounts_login(struct call *call, const Roost__Accounts__V1__LoginRequest *req,
                                   Roost__Accounts__V1__LoginResponse **ret_resp)
{
    struct account_credentials *account;
    const struct error *err = missing(call, NULL, "username", req->username);
    err = missing(call, err, "password", req->password);
    if (!err) {
        err = login_check(call, req->username, req->password, &account);
    }
    secret_wipe(req->password);
    if (err) {
        return err;
    }
    Roost__Accounts__V1__LoginResponse *resp =
        message_new(call->arena, &roost__accounts__v1__login_response__descriptor);
    /* The mailbox before the session: no session is begun for an answer that cannot be given. */
    Roost__Accounts__V1__Account *before;
    err = get_account(call, account->id, &before);
    if (!err) {
        err = start_session(call, account, req, resp);
    }
    if (!err) {
        err = account_store_get(call, account->id, &resp->account);
    }
    if (err) {
        return err;
    }
    resp->account->mailbox = before->mailbox;
    *ret_resp = resp;
    return NULL;
}

static const struct error *logout_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    struct call *call = ctx;
    return account_event_session(call, call->identity->account_id, call->identity->username, NULL);
}

const struct error *accounts_logout(struct call *call,
                                    const Roost__Accounts__V1__LogoutRequest *req,
                                    Google__Protobuf__Empty **ret_resp)
{
    (void)req;
    if (*call->identity->session_id) {
        const struct error *err =
            session_end(call, call->identity->account_id, call->identity->session_id);
        if (!err) {
            err = pg_transact(call->pg, logout_in_tx, call);
        }
        if (err) {
            return err;
        }
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

const struct error *accounts_get_me(struct call *call, const Roost__Accounts__V1__GetMeRequest *req,
                                    Roost__Accounts__V1__Account **ret_resp)
{
    (void)req;
    return get_account(call, call->identity->account_id, ret_resp);
}

const struct error *accounts_update_me(struct call *call,
                                       const Roost__Accounts__V1__UpdateMeRequest *req,
                                       Roost__Accounts__V1__Account **ret_resp)
{
    if (!req->account) {
        return error_on_field(call->arena, REASON_FIELD_REQUIRED, "account",
                              "This field is required.");
    }
    return account_update_profile(call, req, ret_resp);
}

const struct error *accounts_verify_password(struct call *call,
                                             const Roost__Accounts__V1__VerifyPasswordRequest *req,
                                             Google__Protobuf__Empty **ret_resp)
{
    struct account_credentials *account;
    const struct error *err = missing(call, NULL, "password", req->password);
    if (!err) {
        err = find_account(call, call->identity->account_id, &account);
    }
    bool matches = false;
    if (!err) {
        err = login_verify(call, account, req->password, &matches);
    }
    secret_wipe(req->password);
    if (err) {
        return err;
    }
    if (!matches) {
        return error_on_field(call->arena, REASON_PASSWORD_WRONG, "password",
                              "Password not correct");
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}
