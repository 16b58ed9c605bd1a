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
    return account_write_apply_change(call, &change, &is_done);
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

const struct saga_kind account_saga_kinds[ACCOUNT_N_SAGAS] = {
    [ACCOUNT_SAGA_ABORT] = {"account_abort", &roost__accounts__v1__abort_saga__descriptor,
                            abort_step},
    [ACCOUNT_SAGA_CONFIRM] = {"account_confirm", &roost__accounts__v1__confirm_saga__descriptor,
                              confirm_step},
    [ACCOUNT_SAGA_CHANGE] = {"account_change", &roost__accounts__v1__change_saga__descriptor,
                             change_step},
    [ACCOUNT_SAGA_DELETE] = {"account_delete", &roost__accounts__v1__delete_saga__descriptor,
                             delete_step},
};
