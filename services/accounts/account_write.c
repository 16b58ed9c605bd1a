#include "services/accounts/account_write.h"

#include <string.h>

#include "services/accounts/account.h"
#include "services/accounts/account_check.h"
#include "services/accounts/account_event.h"
#include "services/accounts/account_saga.h"
#include "services/accounts/account_store.h"
#include "services/common/message/message.h"
#include "services/common/request_log/request_log.h"

struct creation_tx {
    struct call *call;
    struct account_creation *creation;
};

static const char *request_id_of(const struct account_creation *creation)
{
    return creation->req ? creation->req->request_id : "";
}

static const struct error *begin_abort_saga(struct call *call, struct account_creation *creation)
{
    Roost__Accounts__V1__RequestKey request = ROOST__ACCOUNTS__V1__REQUEST_KEY__INIT;
    request.method = (char *)call->method;
    request.request_id = (char *)request_id_of(creation);
    Roost__Accounts__V1__AbortSaga saga = ROOST__ACCOUNTS__V1__ABORT_SAGA__INIT;
    saga.account_id = creation->created->id;
    saga.mailbox = creation->mailbox;
    saga.request = &request;
    return saga_begin(call, &account_saga_kinds[ACCOUNT_SAGA_ABORT], saga.account_id, &saga.base,
                      ACCOUNT_SAGA_DELAY_MS, &creation->abort_saga_id);
}

/* The account is there for good. */
static const struct error *conclude(struct call *call, struct account_creation *creation)
{
    const struct error *err = account_event_created(call, creation->created);
    if (err) {
        return err;
    }
    return request_log_end(call, request_id_of(creation), &creation->created->base);
}

static const struct error *create_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    struct call *call = ((struct creation_tx *)ctx)->call;
    struct account_creation *creation = ((struct creation_tx *)ctx)->creation;
    ProtobufCMessage *replayed = NULL;
    const struct error *err = NULL;
    if (creation->req) {
        err = request_log_begin(call, request_id_of(creation), &creation->req->base,
                                &roost__accounts__v1__account__descriptor, &replayed);
    }
    creation->replayed = (Roost__Accounts__V1__Account *)replayed;
    if (err || replayed) {
        return err;
    }
    err = account_store_insert(call, creation->account, creation->password_hash,
                               creation->mailbox ? "pending" : "active", &creation->created);
    if (err) {
        return err;
    }
    return creation->mailbox ? begin_abort_saga(call, creation) : conclude(call, creation);
}

const struct error *account_write_create(struct call *call, struct account_creation *creation)
{
    struct creation_tx tx = {.call = call, .creation = creation};
    const struct error *err = pg_transact(call->pg, create_in_tx, &tx);
    return account_check_taken(call, err, creation->account->username);
}

static const struct error *activate_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    struct call *call = ((struct creation_tx *)ctx)->call;
    struct account_creation *creation = ((struct creation_tx *)ctx)->creation;
    bool is_done;
    const struct error *err = account_store_activate(call, creation->created->id, &is_done);
    if (err) {
        return err;
    }
    if (!is_done) {
        return error_new(call->arena, REASON_REQUEST_IN_PROGRESS,
                         "Creating the account took too long and was undone; try again.");
    }
    err = saga_cancel(call, creation->abort_saga_id);
    if (err) {
        return err;
    }
    Roost__Accounts__V1__ConfirmSaga saga = ROOST__ACCOUNTS__V1__CONFIRM_SAGA__INIT;
    saga.account_id = creation->created->id;
    saga.mailbox_id = creation->created->mailbox->id;
    err = saga_begin(call, &account_saga_kinds[ACCOUNT_SAGA_CONFIRM], saga.account_id, &saga.base,
                     ACCOUNT_CONFIRM_DELAY_MS, &creation->confirm_saga_id);
    return err ? err : conclude(call, creation);
}

const struct error *account_write_activate(struct call *call, struct account_creation *creation)
{
    struct creation_tx tx = {.call = call, .creation = creation};
    return pg_transact(call->pg, activate_in_tx, &tx);
}

const struct error *account_write_abort(struct call *call,
                                        const Roost__Accounts__V1__AbortSaga *saga,
                                        bool *ret_is_active)
{
    const char *state;
    const struct error *err = account_store_mark_aborted(call, saga->account_id);
    if (!err) {
        err = account_store_state(call, saga->account_id, &state);
    }
    if (err) {
        return err;
    }
    *ret_is_active = strcmp(state, "active") == 0;
    return NULL;
}

struct forget_tx {
    struct call *call;
    int64_t account_id;
    const Roost__Accounts__V1__RequestKey *request;
};

static const struct error *forget_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    const struct forget_tx *tx = ctx;
    const struct error *err = account_store_remove(tx->call, tx->account_id);
    return err ? err : account_write_forget_request(tx->call, tx->request);
}

const struct error *account_write_forget(struct call *call, int64_t account_id,
                                         const Roost__Accounts__V1__RequestKey *request)
{
    struct forget_tx tx = {.call = call, .account_id = account_id, .request = request};
    return pg_transact(call->pg, forget_in_tx, &tx);
}

const struct error *account_write_forget_request(struct call *call,
                                                 const Roost__Accounts__V1__RequestKey *request)
{
    if (!request) {
        return NULL;
    }
    struct call as_then = *call;
    as_then.method = request->method;
    return request_log_forget(&as_then, request->request_id);
}

struct deletion_tx {
    struct call *call;
    struct account_deletion *deletion;
};

/* Marks the account, or removes it where nothing remains to be done. The saga of a deletion that
 * can be undone is left to the finisher. */
static const struct error *mark(struct call *call, struct account_deletion *deletion,
                                const Roost__Accounts__V1__Account *account)
{
    bool is_done;
    const struct error *err = account_store_mark_deleting(call, account->id, &is_done);
    if (err) {
        return err;
    }
    check(is_done);
    int64_t undo_ms = deletion->req->undo_seconds * INT64_C(1000);
    if (*account->email == '\0' && undo_ms == 0) {
        deletion->saga_id = 0;
        return account_store_remove(call, account->id);
    }
    if (undo_ms > 0) {
        err = account_saga_begin_sessions(call, account, &deletion->sessions_saga_id);
        if (err) {
            return err;
        }
    }
    Roost__Accounts__V1__DeleteSaga saga = ROOST__ACCOUNTS__V1__DELETE_SAGA__INIT;
    saga.account_id = account->id;
    saga.keepdir = deletion->req->keepdir;
    int64_t saga_id;
    err = saga_begin(call, &account_saga_kinds[ACCOUNT_SAGA_DELETE], account->id, &saga.base,
                     undo_ms, &saga_id);
    deletion->saga_id = err || undo_ms > 0 ? 0 : saga_id;
    return err;
}

static const struct error *delete_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    struct call *call = ((struct deletion_tx *)ctx)->call;
    struct account_deletion *deletion = ((struct deletion_tx *)ctx)->deletion;
    const Roost__Accounts__V1__DeleteAccountRequest *req = deletion->req;
    ProtobufCMessage *replayed;
    const struct error *err = request_log_begin(call, req->request_id, &req->base,
                                                &google__protobuf__empty__descriptor, &replayed);
    if (err || replayed) {
        deletion->is_replayed = !err;
        return err;
    }
    err = account_check_lock(call, req->id, req->etag);
    if (err) {
        return err;
    }
    Roost__Accounts__V1__Account *account;
    err = account_store_get(call, req->id, &account);
    if (err) {
        return err;
    }
    if (account_is_super_admin(account) && account->is_active) {
        err = account_check_super_admins(call, account->id);
        if (err) {
            return err;
        }
    }
    err = mark(call, deletion, account);
    if (!err) {
        err = account_event_deleted(call, account);
    }
    const Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;
    return err ? err : request_log_end(call, req->request_id, &empty.base);
}

const struct error *account_write_delete(struct call *call, struct account_deletion *deletion)
{
    struct deletion_tx tx = {.call = call, .deletion = deletion};
    if (call->identity->account_id == deletion->req->id) {
        return error_new(call->arena, REASON_OWN_ACCOUNT, "You can't delete your own account.");
    }
    return pg_transact(call->pg, delete_in_tx, &tx);
}

struct restore_tx {
    struct call *call;
    const Roost__Accounts__V1__RestoreAccountRequest *req;
};

/* The finisher claims the saga before its first step: who comes second loses. */
static const struct error *restore_deleted(struct call *call, int64_t id)
{
    bool is_done;
    const struct error *err =
        saga_withdraw(call, &account_saga_kinds[ACCOUNT_SAGA_DELETE], id, &is_done);
    if (!err && !is_done) {
        err = error_new(call->arena, REASON_DELETE_FINAL,
                        "The time to restore the account is over: it is being removed.");
    }
    if (!err) {
        err = account_store_restore(call, id, &is_done);
    }
    if (err) {
        return err;
    }
    check(is_done);
    Roost__Accounts__V1__Account *account;
    err = account_store_get(call, id, &account);
    return err ? err : account_event_restored(call, account);
}

static const struct error *restore_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    struct call *call = ((struct restore_tx *)ctx)->call;
    const Roost__Accounts__V1__RestoreAccountRequest *req = ((struct restore_tx *)ctx)->req;
    const Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;
    ProtobufCMessage *replayed;
    const struct error *err =
        request_log_begin(call, req->request_id, &req->base, empty.base.descriptor, &replayed);
    if (err || replayed) {
        return err;
    }
    const char *state;
    err = account_store_lock_deleted(call, req->id, &state);
    if (err) {
        return err;
    }
    if (strcmp(state, "deleting") == 0) {
        err = restore_deleted(call, req->id);
    } else if (strcmp(state, "active") != 0) {
        err = error_new(call->arena, REASON_ACCOUNT_NOT_FOUND, "There is no account %lld.",
                        (long long)req->id);
    }
    return err ? err : request_log_end(call, req->request_id, &empty.base);
}

const struct error *account_write_restore(struct call *call,
                                          const Roost__Accounts__V1__RestoreAccountRequest *req)
{
    struct restore_tx tx = {.call = call, .req = req};
    return pg_transact(call->pg, restore_in_tx, &tx);
}

struct password_tx {
    struct call *call;
    struct account_password *password;
};

static const struct error *password_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    struct call *call = ((struct password_tx *)ctx)->call;
    struct account_password *password = ((struct password_tx *)ctx)->password;
    const struct error *err =
        account_store_set_password(call, password->id, password->hash, &password->epoch);
    if (err) {
        return err;
    }
    if (password->epoch == 0) {
        return error_new(call->arena, REASON_ACCOUNT_NOT_FOUND, "There is no account %lld.",
                         (long long)password->id);
    }
    Roost__Accounts__V1__Account *account;
    err = account_store_get(call, password->id, &account);
    if (!err) {
        err = account_saga_begin_sessions(call, account, &password->sessions_saga_id);
    }
    return err ? err : account_event_password(call, account);
}

const struct error *account_write_password(struct call *call, struct account_password *password)
{
    struct password_tx tx = {.call = call, .password = password};
    return pg_transact(call->pg, password_in_tx, &tx);
}
