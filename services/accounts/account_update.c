#include "services/accounts/account_update.h"

#include <string.h>

#include "services/accounts/account.h"
#include "services/accounts/account_mailbox.h"
#include "services/accounts/account_saga.h"
#include "services/accounts/account_store.h"
#include "services/accounts/accounts_config.h"
#include "services/accounts/limited_call.h"
#include "services/accounts/secret.h"
#include "services/common/message/message.h"

/* How often a change starts anew because somebody else's came in between. */
enum { ATTEMPTS = 5, GUARD_BYTES = 16 };

static const struct error *check_own_account(struct call *call,
                                             const Roost__Accounts__V1__Account *before,
                                             const Roost__Accounts__V1__Account *after)
{
    if (call->identity->account_id != before->id) {
        return NULL;
    }
    if (before->is_active && !after->is_active) {
        return error_new(call->arena, REASON_OWN_ACCOUNT, "You can't disable your own account.");
    }
    if (strcmp(before->role, after->role) != 0) {
        return error_new(call->arena, REASON_OWN_ACCOUNT, "You can't change your own role.");
    }
    return NULL;
}

/* The account as it is, with its mailbox. One that was created a moment ago may have a mailbox that
 * is not confirmed yet. */
static const struct error *load(struct call *call, int64_t id,
                                struct account_mailbox_state *ret_state)
{
    Roost__Accounts__V1__Account *before;
    int64_t domain_id = 0;
    const struct error *err = account_store_get(call, id, &before);
    if (!err) {
        err = account_mailbox_attach_one(call, before, &domain_id);
    }
    if (!err && !before->mailbox && *before->email) {
        err = account_mailbox_confirm_reserved(call, id);
        err = err ? err : account_mailbox_attach_one(call, before, &domain_id);
    }
    if (err) {
        return err;
    }
    *ret_state = (struct account_mailbox_state){.before = before, .domain_id = domain_id};
    return NULL;
}

static void set_request_key(struct call *call, const char *request_id,
                            Roost__Accounts__V1__ChangeSaga *saga)
{
    saga->request = message_new(call->arena, &roost__accounts__v1__request_key__descriptor);
    saga->request->method = (char *)call->method;
    saga->request->request_id = (char *)request_id;
}

/* What is to be done, in change->saga. */
static const struct error *plan(struct call *call, struct account_change *change)
{
    const struct accounts *accounts = call->service;
    const Roost__Accounts__V1__UpdateAccountRequest *req = change->req;
    struct account_mailbox_state state;
    const struct error *err = load(call, req->id, &state);
    if (err) {
        return err;
    }
    if (*req->etag && strcmp(req->etag, state.before->etag) != 0) {
        return error_new(call->arena, REASON_ETAG_MISMATCH,
                         "The account has changed: its etag is %s, not %s.", state.before->etag,
                         req->etag);
    }
    struct account_draft draft;
    err = account_draft_update(
        call->arena, &accounts->policy,
        &(struct account_update){.before = state.before,
                                 .request = req->account,
                                 .paths = req->update_mask ? req->update_mask->paths : NULL,
                                 .n_paths = req->update_mask ? req->update_mask->n_paths : 0},
        &draft);
    if (!err) {
        err = check_own_account(call, state.before, draft.account);
    }
    Roost__Accounts__V1__ChangeSaga *saga =
        message_new(call->arena, &roost__accounts__v1__change_saga__descriptor);
    if (!err) {
        err = account_mailbox_plan(call, &state, &draft, &saga->mailbox);
    }
    if (err) {
        return err;
    }
    saga->before = (Roost__Accounts__V1__Account *)state.before;
    saga->after = draft.account;
    saga->after->mailbox = saga->before->mailbox;
    if (saga->mailbox) {
        saga->after->email = account_mailbox_address(call->arena, saga->mailbox);
        saga->guard = secret_random_hex(call->arena, GUARD_BYTES);
        saga->reserved_username = strcmp(saga->before->username, saga->after->username) != 0
                                      ? saga->after->username
                                      : (char *)"";
    }
    set_request_key(call, req->request_id, saga);
    change->saga = saga;
    return draft.password ? hashing_hash(&((struct accounts *)call->service)->hashing, call->arena,
                                         draft.password, &saga->password_hash)
                          : NULL;
}

/* Mailbox and account together. */
static const struct error *carry_out(struct call *call, struct account_change *change)
{
    struct call limited = limited_call(call, ACCOUNT_CUT_OFF_MS);
    Roost__Accounts__V1__ChangeSaga *saga = change->saga;
    const struct error *err = account_write_begin_change(call, change);
    if (err || change->replayed) {
        return err;
    }
    Roost__Accounts__V1__AccountMailbox *mailbox;
    err = account_mailbox_change(&limited, saga->before->id, saga->mailbox, saga->before->mailbox,
                                 &mailbox);
    if (err && account_mailbox_is_refusal(err)) {
        const struct error *drop_err = account_write_drop_change(call, change);
        return drop_err ? drop_err : err;
    }
    if (err) {
        return err;
    }
    account_change_settle(change, mailbox);
    bool is_done;
    err = account_write_apply_change(call, change, &is_done);
    if (!err && !is_done) {
        err = error_new(call->arena, REASON_REQUEST_IN_PROGRESS,
                        "The change took too long; look at the account again.");
    }
    return err;
}

/* The new epoch has ended those of the API already; this spares the caller's own and tidies up.
 * Those of the mailbox are the agent's to end. */
static void end_sessions(struct call *call, const struct account_change *change)
{
    struct account_credentials *found;
    int64_t id = change->saga->before->id;
    const struct error *err = account_store_get_credentials(call, id, &found);
    if (!err && found) {
        const char *own = call->identity->account_id == id ? call->identity->session_id : "";
        err = session_end_others(call, id, own, found->session_epoch);
    }
    (void)err;
    account_saga_end_sessions(call, change->sessions_saga_id);
}

const struct error *account_update(struct call *call, struct account_change *change)
{
    const struct error *err = NULL;
    for (int i = 0; i < ATTEMPTS; i++) {
        err = plan(call, change);
        if (err) {
            return err;
        }
        err = change->saga->mailbox ? carry_out(call, change) : account_write_change(call, change);
        if (*change->req->etag || !error_is(err, REASON_ETAG_MISMATCH)) {
            break;
        }
    }
    if (!err && !change->replayed && account_change_ends_sessions(change)) {
        end_sessions(call, change);
    }
    return err;
}

/* One attempt. change->changed stays NULL where nothing is to be changed. */
static const struct error *try_set_active(struct call *call, int64_t id, bool is_active,
                                          struct account_change *change)
{
    struct account_mailbox_state state;
    const struct error *err = load(call, id, &state);
    if (err || state.before->is_active == is_active) {
        return err;
    }
    Roost__Accounts__V1__Account *after =
        arena_memdup(call->arena, state.before, sizeof *state.before);
    after->is_active = is_active;
    err = check_own_account(call, state.before, after);
    if (err) {
        return err;
    }
    change->saga = message_new(call->arena, &roost__accounts__v1__change_saga__descriptor);
    change->saga->before = (Roost__Accounts__V1__Account *)state.before;
    change->saga->after = after;
    return account_write_change(call, change);
}

const struct error *account_set_active(struct call *call, int64_t id, bool is_active,
                                       bool *ret_changed)
{
    struct account_change change = {0};
    const struct error *err = NULL;
    for (int i = 0; i < ATTEMPTS; i++) {
        err = try_set_active(call, id, is_active, &change);
        if (!error_is(err, REASON_ETAG_MISMATCH)) {
            break;
        }
    }
    if (err) {
        return err;
    }
    *ret_changed = change.changed;
    if (change.changed && account_change_ends_sessions(&change)) {
        end_sessions(call, &change);
    }
    return NULL;
}

const struct error *account_update_profile(struct call *call,
                                           const Roost__Accounts__V1__UpdateMeRequest *req,
                                           Roost__Accounts__V1__Account **ret_account)
{
    struct account_change change = {0};
    const struct error *err = NULL;
    for (int i = 0; i < ATTEMPTS; i++) {
        struct account_mailbox_state state;
        err = load(call, call->identity->account_id, &state);
        struct account_draft draft;
        if (!err) {
            err = account_draft_profile(
                call->arena,
                &(struct account_update){.before = state.before,
                                         .request = req->account,
                                         .paths = req->update_mask ? req->update_mask->paths : NULL,
                                         .n_paths =
                                             req->update_mask ? req->update_mask->n_paths : 0},
                &draft);
        }
        if (err) {
            return err;
        }
        change.saga = message_new(call->arena, &roost__accounts__v1__change_saga__descriptor);
        change.saga->before = (Roost__Accounts__V1__Account *)state.before;
        change.saga->after = draft.account;
        change.saga->after->mailbox = state.before->mailbox;
        err = account_write_change(call, &change);
        if (!error_is(err, REASON_ETAG_MISMATCH)) {
            break;
        }
    }
    if (err) {
        return err;
    }
    *ret_account = change.changed;
    return NULL;
}
