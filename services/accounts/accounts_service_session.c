/* The methods on the caller's web sessions of roost.accounts.v1.Accounts, in the order of the
 * proto. */
#include <string.h>

#include "proto/roost/accounts/v1/accounts.rpc.h"
#include "services/accounts/account_check.h"
#include "services/accounts/account_event.h"
#include "services/accounts/account_store.h"
#include "services/accounts/accounts_config.h"
#include "services/common/message/message.h"
#include "services/common/pg/pg.h"

/* The caller's account, and the sessions of its current epoch. */
static const struct error *own_sessions(struct call *call, struct account_credentials **ret_account,
                                        size_t *ret_n, struct session **ret_sessions)
{
    const struct accounts *accounts = call->service;
    int64_t id;
    const struct error *err = account_check_own(call, &id);
    if (!err) {
        err = account_store_get_credentials(call, id, ret_account);
    }
    if (err) {
        return err;
    }
    if (!*ret_account) {
        return error_new(call->arena, REASON_ACCOUNT_NOT_FOUND, "There is no account %lld.",
                         (long long)id);
    }
    return session_list(call, &accounts->session, id, (*ret_account)->session_epoch, ret_n,
                        ret_sessions);
}

static Google__Protobuf__Timestamp *timestamp(struct call *call, int64_t unix_ms)
{
    Google__Protobuf__Timestamp *time =
        message_new(call->arena, &google__protobuf__timestamp__descriptor);
    time->seconds = unix_ms / 1000;
    return time;
}

static Roost__Accounts__V1__Session *show(struct call *call, const struct session *session)
{
    const struct accounts *accounts = call->service;
    Roost__Accounts__V1__Session *shown =
        message_new(call->arena, &roost__accounts__v1__session__descriptor);
    shown->id = (char *)session->public_id;
    shown->current = strcmp(session->public_id, call->identity->session_id) == 0;
    shown->created_at = timestamp(call, session->created_ms);
    shown->last_seen_at = timestamp(call, session->seen_ms);
    shown->expires_at = timestamp(call, session_expires_ms(&accounts->session, session));
    shown->remote_address = (char *)session->address;
    shown->user_agent = (char *)session->user_agent;
    return shown;
}

const struct error *accounts_list_sessions(struct call *call,
                                           const Roost__Accounts__V1__ListSessionsRequest *req,
                                           Roost__Accounts__V1__ListSessionsResponse **ret_resp)
{
    struct account_credentials *account;
    struct session *sessions;
    size_t n;
    (void)req;
    const struct error *err = own_sessions(call, &account, &n, &sessions);
    if (err) {
        return err;
    }
    Roost__Accounts__V1__ListSessionsResponse *resp =
        message_new(call->arena, &roost__accounts__v1__list_sessions_response__descriptor);
    resp->sessions = arena_alloc(call->arena, (n + 1) * sizeof *resp->sessions);
    for (size_t i = 0; i < n; i++) {
        resp->sessions[resp->n_sessions++] = show(call, &sessions[i]);
    }
    *ret_resp = resp;
    return NULL;
}

struct ended {
    struct call *call;
    Roost__Accounts__V1__Session **sessions;
    size_t n;
};

static const struct error *tell_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    const struct ended *ended = ctx;
    const struct error *err = NULL;
    for (size_t i = 0; !err && i < ended->n; i++) {
        err = account_event_session_ended(ended->call, ended->sessions[i]);
    }
    return err;
}

const struct error *accounts_delete_session(struct call *call,
                                            const Roost__Accounts__V1__DeleteSessionRequest *req,
                                            Google__Protobuf__Empty **ret_resp)
{
    struct account_credentials *account;
    struct session *sessions;
    size_t n;
    const struct error *err = own_sessions(call, &account, &n, &sessions);
    if (err) {
        return err;
    }
    size_t i = 0;
    while (i < n && strcmp(sessions[i].public_id, req->id) != 0) {
        i++;
    }
    if (i == n) {
        return error_new(call->arena, REASON_SESSION_NOT_FOUND, "There is no such session.");
    }
    err = session_end(call, account->id, sessions[i].public_id);
    Roost__Accounts__V1__Session *shown = show(call, &sessions[i]);
    if (!err) {
        err = pg_transact(call->pg, tell_in_tx,
                          &(struct ended){.call = call, .sessions = &shown, .n = 1});
    }
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

const struct error *accounts_end_other_sessions(
    struct call *call, const Roost__Accounts__V1__EndOtherSessionsRequest *req,
    Google__Protobuf__Empty **ret_resp)
{
    struct account_credentials *account;
    struct session *sessions;
    size_t n;
    (void)req;
    const struct error *err = own_sessions(call, &account, &n, &sessions);
    if (!err) {
        err = session_end_others(call, account->id, call->identity->session_id,
                                 account->session_epoch);
    }
    if (err) {
        return err;
    }
    struct ended ended = {.call = call};
    ended.sessions = arena_alloc(call->arena, (n + 1) * sizeof *ended.sessions);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(sessions[i].public_id, call->identity->session_id) != 0) {
            ended.sessions[ended.n++] = show(call, &sessions[i]);
        }
    }
    if (ended.n > 0) {
        err = pg_transact(call->pg, tell_in_tx, &ended);
    }
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}
