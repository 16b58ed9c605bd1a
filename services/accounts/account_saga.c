#include "services/accounts/account_saga.h"

#include <string.h>

#include "proto/roost/accounts/v1/accounts_private.pb-c.h"
#include "services/accounts/account_mailbox.h"
#include "services/accounts/account_write.h"

static const struct error *abort_step(struct call *call, const ProtobufCMessage *payload)
{
    const Roost__Accounts__V1__AbortSaga *saga = (const Roost__Accounts__V1__AbortSaga *)payload;
    bool is_active;
    const struct error *err = account_write_abort(call, saga, &is_active);
    if (err || is_active) {
        return err;
    }
    err = account_mailbox_release(call, saga->account_id, saga->mailbox);
    if (err) {
        return err;
    }
    return account_write_forget(call, saga->account_id, saga->request);
}

static const struct error *confirm_step(struct call *call, const ProtobufCMessage *payload)
{
    const Roost__Accounts__V1__ConfirmSaga *saga =
        (const Roost__Accounts__V1__ConfirmSaga *)payload;
    return account_mailbox_confirm(call, saga->account_id, saga->mailbox_id);
}

static const struct error *change_step(struct call *call, const ProtobufCMessage *payload)
{
    Roost__Accounts__V1__ChangeSaga *saga = (Roost__Accounts__V1__ChangeSaga *)payload;
    struct account_change change = {.saga = saga};
    Roost__Accounts__V1__AccountMailbox *mailbox;
    const struct error *err = account_mailbox_change(call, saga->after->id, saga->mailbox,
                                                     saga->before->mailbox, &mailbox);
    if (err && account_mailbox_is_refusal(err)) {
        return account_write_drop_change(call, &change);
    }
    if (err) {
        return err;
    }
    account_change_settle(&change, mailbox);
    bool is_done;
    /* Not done: the handler has been faster. */
    err = account_write_apply_change(call, &change, &is_done);
    if (!err) {
        account_saga_end_sessions(call, change.sessions_saga_id);
    }
    return err;
}

static const struct error *delete_step(struct call *call, const ProtobufCMessage *payload)
{
    const Roost__Accounts__V1__DeleteSaga *saga = (const Roost__Accounts__V1__DeleteSaga *)payload;
    const struct error *err = account_mailbox_delete(call, saga->account_id, saga->keepdir);
    if (err) {
        return err;
    }
    return account_write_forget(call, saga->account_id, NULL);
}

static const struct error *sessions_step(struct call *call, const ProtobufCMessage *payload)
{
    return account_mailbox_end_sessions(
        call, ((const Roost__Accounts__V1__SessionsSaga *)payload)->account_id);
}

const struct error *account_saga_begin_sessions(struct call *call,
                                                const Roost__Accounts__V1__Account *account,
                                                int64_t *ret_saga_id)
{
    if (*account->email == '\0') {
        *ret_saga_id = 0;
        return NULL;
    }
    Roost__Accounts__V1__SessionsSaga saga = ROOST__ACCOUNTS__V1__SESSIONS_SAGA__INIT;
    saga.account_id = account->id;
    return saga_begin(call, &account_saga_kinds[ACCOUNT_SAGA_SESSIONS], account->id, &saga.base,
                      ACCOUNT_CONFIRM_DELAY_MS, ret_saga_id);
}

void account_saga_end_sessions(struct call *call, int64_t saga_id)
{
    if (saga_id) {
        const struct error *ignored =
            saga_run(call, &account_saga_kinds[ACCOUNT_SAGA_SESSIONS], saga_id);
        (void)ignored;
    }
}

const struct saga_kind account_saga_kinds[ACCOUNT_N_SAGAS] = {
    [ACCOUNT_SAGA_ABORT] = {"account_abort", &roost__accounts__v1__abort_saga__descriptor,
                            abort_step},
    [ACCOUNT_SAGA_CONFIRM] = {"account_confirm", &roost__accounts__v1__confirm_saga__descriptor,
                              confirm_step},
    [ACCOUNT_SAGA_CHANGE] = {"account_change", &roost__accounts__v1__change_saga__descriptor,
                             change_step},
    [ACCOUNT_SAGA_DELETE] = {"account_delete", &roost__accounts__v1__delete_saga__descriptor,
                             delete_step},
    [ACCOUNT_SAGA_SESSIONS] = {"account_sessions", &roost__accounts__v1__sessions_saga__descriptor,
                               sessions_step},
};
