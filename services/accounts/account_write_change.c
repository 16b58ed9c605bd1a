#include <string.h>

#include "services/accounts/account.h"
#include "services/accounts/account_check.h"
#include "services/accounts/account_event.h"
#include "services/accounts/account_saga.h"
#include "services/accounts/account_store.h"
#include "services/accounts/account_write.h"
#include "services/common/request_log/request_log.h"

struct change_tx {
    struct call *call;
    struct account_change *change;
    bool is_done;
};

bool account_change_ends_sessions(const struct account_change *change)
{
    const Roost__Accounts__V1__ChangeSaga *saga = change->saga;
    return *saga->password_hash || strcmp(saga->before->role, saga->after->role) != 0 ||
           (saga->before->is_active && !saga->after->is_active);
}

static bool is_enabled_super_admin(const Roost__Accounts__V1__Account *account)
{
    return account_is_super_admin(account) && account->is_active;
}

static const struct error *begin_log(struct call *call, struct account_change *change)
{
    ProtobufCMessage *replayed = NULL;
    const struct error *err = NULL;
    if (change->req) {
        err = request_log_begin(call, change->req->request_id, &change->req->base,
                                &roost__accounts__v1__account__descriptor, &replayed);
    }
    change->replayed = (Roost__Accounts__V1__Account *)replayed;
    return err;
}

/* All that can refuse a change of the account itself. */
static const struct error *check_change(struct call *call, const struct account_change *change)
{
    const Roost__Accounts__V1__ChangeSaga *saga = change->saga;
    const struct error *err = account_check_lock(call, saga->before->id, saga->before->etag);
    if (err) {
        return err;
    }
    if (is_enabled_super_admin(saga->before) && !is_enabled_super_admin(saga->after)) {
        return account_check_super_admins(call, saga->before->id);
    }
    return NULL;
}

/* Writes the row and its events. *ret_done is false if the row has another guard. */
static const struct error *store(struct call *call, struct account_change *change, bool *ret_done)
{
    const Roost__Accounts__V1__ChangeSaga *saga = change->saga;
    const struct account_row_update update = {.account = saga->after,
                                              .password_hash = saga->password_hash,
                                              .guard = saga->guard,
                                              .ends_sessions =
                                                  account_change_ends_sessions(change)};
    const struct error *err = account_store_update(call, &update, &change->changed);
    *ret_done = !err && change->changed;
    if (err || !change->changed) {
        return err;
    }
    change->changed->mailbox = saga->after->mailbox;
    err = account_event_modified(call, saga->before, change->changed);
    if (!err && *saga->password_hash) {
        err = account_event_password(call, change->changed);
    }
    if (!err && update.ends_sessions) {
        err = account_saga_begin_sessions(call, change->changed, &change->sessions_saga_id);
    }
    return err;
}

static const struct error *change_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    struct call *call = ((struct change_tx *)ctx)->call;
    struct account_change *change = ((struct change_tx *)ctx)->change;
    const struct error *err = begin_log(call, change);
    if (err || change->replayed) {
        return err;
    }
    err = check_change(call, change);
    if (err) {
        return err;
    }
    bool is_done;
    err = store(call, change, &is_done);
    if (err) {
        return err;
    }
    check(is_done);
    return change->req ? request_log_end(call, change->req->request_id, &change->changed->base)
                       : NULL;
}

const struct error *account_write_change(struct call *call, struct account_change *change)
{
    struct change_tx tx = {.call = call, .change = change};
    const struct error *err = pg_transact(call->pg, change_in_tx, &tx);
    return account_check_taken(call, err, change->saga->after->username);
}

static const struct error *begin_change_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    struct call *call = ((struct change_tx *)ctx)->call;
    struct account_change *change = ((struct change_tx *)ctx)->change;
    const Roost__Accounts__V1__ChangeSaga *saga = change->saga;
    const struct error *err = begin_log(call, change);
    if (err || change->replayed) {
        return err;
    }
    err = check_change(call, change);
    if (err) {
        return err;
    }
    bool is_set;
    err = account_store_set_guard(call, saga->before->id, saga->guard, &is_set);
    if (err) {
        return err;
    }
    check(is_set);
    if (*saga->reserved_username) {
        err = account_store_reserve_username(call, saga->before->id, saga->reserved_username);
        if (err) {
            return err;
        }
    }
    return saga_begin(call, &account_saga_kinds[ACCOUNT_SAGA_CHANGE], saga->before->id, &saga->base,
                      ACCOUNT_SAGA_DELAY_MS, &change->saga_id);
}

const struct error *account_write_begin_change(struct call *call, struct account_change *change)
{
    struct change_tx tx = {.call = call, .change = change};
    const struct error *err = pg_transact(call->pg, begin_change_in_tx, &tx);
    return account_check_taken(call, err, change->saga->after->username);
}

static const struct error *begin_confirm_saga(struct call *call, struct account_change *change)
{
    Roost__Accounts__V1__ConfirmSaga saga = ROOST__ACCOUNTS__V1__CONFIRM_SAGA__INIT;
    saga.account_id = change->changed->id;
    saga.mailbox_id = change->changed->mailbox->id;
    return saga_begin(call, &account_saga_kinds[ACCOUNT_SAGA_CONFIRM], saga.account_id, &saga.base,
                      ACCOUNT_CONFIRM_DELAY_MS, &change->confirm_saga_id);
}

static const struct error *apply_change_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    struct change_tx *tx = ctx;
    struct call *call = tx->call;
    struct account_change *change = tx->change;
    const Roost__Accounts__V1__ChangeSaga *saga = change->saga;
    const struct error *err = NULL;
    if (*saga->reserved_username) {
        err = account_store_release_username(call, saga->before->id, saga->reserved_username);
    }
    if (!err) {
        err = store(call, change, &tx->is_done);
    }
    if (err || !tx->is_done) {
        return err;
    }
    if (saga->mailbox->create) {
        err = begin_confirm_saga(call, change);
        if (err) {
            return err;
        }
    }
    if (!change->req) {
        /* Nobody waits for the answer; a repeated request finds nothing to change. */
        return account_write_forget_request(call, saga->request);
    }
    err = saga_cancel(call, change->saga_id);
    return err ? err : request_log_end(call, change->req->request_id, &change->changed->base);
}

void account_change_settle(struct account_change *change,
                           Roost__Accounts__V1__AccountMailbox *mailbox)
{
    Roost__Accounts__V1__Account *after = change->saga->after;
    after->mailbox = mailbox;
    after->email = mailbox->full_address;
    if (account_is_simple(after)) {
        after->username = mailbox->full_address;
    }
}

const struct error *account_write_apply_change(struct call *call, struct account_change *change,
                                               bool *ret_done)
{
    struct change_tx tx = {.call = call, .change = change};
    const struct error *err = pg_transact(call->pg, apply_change_in_tx, &tx);
    *ret_done = tx.is_done;
    return err;
}

static const struct error *drop_change_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    struct call *call = ((struct change_tx *)ctx)->call;
    const struct account_change *change = ((struct change_tx *)ctx)->change;
    const Roost__Accounts__V1__ChangeSaga *saga = change->saga;
    const struct error *err = account_store_clear_guard(call, saga->before->id, saga->guard);
    if (!err && *saga->reserved_username) {
        err = account_store_release_username(call, saga->before->id, saga->reserved_username);
    }
    if (!err && change->saga_id) {
        err = saga_cancel(call, change->saga_id);
    }
    return err ? err : account_write_forget_request(call, saga->request);
}

const struct error *account_write_drop_change(struct call *call,
                                              const struct account_change *change)
{
    struct change_tx tx = {.call = call, .change = (struct account_change *)change};
    return pg_transact(call->pg, drop_change_in_tx, &tx);
}
