/* The methods on accounts of roost.accounts.v1.Accounts, in the order of the proto. */
#include <string.h>

#include "proto/roost/accounts/v1/accounts.rpc.h"
#include "services/accounts/account.h"
#include "services/accounts/account_bulk.h"
#include "services/accounts/account_delete.h"
#include "services/accounts/account_mailbox.h"
#include "services/accounts/account_saga.h"
#include "services/accounts/account_search.h"
#include "services/accounts/account_store.h"
#include "services/accounts/account_update.h"
#include "services/accounts/account_write.h"
#include "services/accounts/accounts_config.h"
#include "services/accounts/limited_call.h"
#include "services/common/message/message.h"

static const struct error *hash_password(struct call *call, const char *password, char **ret_stored)
{
    struct accounts *accounts = call->service;
    if (password_is_hash(password)) {
        *ret_stored = (char *)password;
        return NULL;
    }
    return hashing_hash(&accounts->hashing, call->arena, password, ret_stored);
}

/* Reserves the mailbox and makes the account active. */
static const struct error *complete(struct call *call, struct account_creation *creation)
{
    struct call limited = limited_call(call, ACCOUNT_CUT_OFF_MS);
    const struct error *err = account_mailbox_change(
        &limited, creation->created->id, creation->mailbox, NULL, &creation->created->mailbox);
    if (!err) {
        err = account_write_activate(call, creation);
    } else if (account_mailbox_is_refusal(err)) {
        /* Its own failure leaves it to the finisher: the caller learns why there is no account. */
        const struct error *ignored =
            saga_run(call, &account_saga_kinds[ACCOUNT_SAGA_ABORT], creation->abort_saga_id);
        (void)ignored;
    }
    return err;
}

/* The rest is invisible to the caller; what fails here the finisher does. */
static void confirm(struct call *call, const Roost__Accounts__V1__Account *account, int64_t saga_id)
{
    const struct error *err = account_mailbox_confirm(call, account->id, account->mailbox->id);
    if (!err) {
        err = saga_cancel(call, saga_id);
    }
    (void)err;
}

const struct error *accounts_create_account(struct call *call,
                                            const Roost__Accounts__V1__CreateAccountRequest *req,
                                            Roost__Accounts__V1__Account **ret_resp)
{
    const struct accounts *accounts = call->service;
    struct account_draft draft;
    struct account_creation creation = {.req = req};
    if (!req->account) {
        return error_on_field(call->arena, REASON_FIELD_REQUIRED, "account",
                              "This field is required.");
    }
    const struct error *err =
        account_draft_create(call->arena, &accounts->policy, req->account, &draft);
    if (!err) {
        err = account_mailbox_plan(call, &(struct account_mailbox_state){0}, &draft,
                                   &creation.mailbox);
    }
    char *password_hash;
    if (!err) {
        err = hash_password(call, draft.password, &password_hash);
    }
    if (err) {
        return err;
    }
    if (creation.mailbox) {
        draft.account->email = draft.mailbox.address.full;
    }
    creation.account = draft.account;
    creation.password_hash = password_hash;
    err = account_write_create(call, &creation);
    if (err) {
        return err;
    }
    if (creation.replayed) {
        *ret_resp = creation.replayed;
        return NULL;
    }
    if (creation.mailbox) {
        err = complete(call, &creation);
        if (err) {
            return err;
        }
        confirm(call, creation.created, creation.confirm_saga_id);
    }
    *ret_resp = creation.created;
    return NULL;
}

static const struct error *read_account(struct call *call, int64_t id,
                                        Roost__Accounts__V1__Account **ret_account)
{
    Roost__Accounts__V1__Account *account;
    const struct error *err = account_store_get(call, id, &account);
    if (!err) {
        err = account_mailbox_attach(call, &account, 1);
    }
    if (err) {
        return err;
    }
    *ret_account = account;
    return NULL;
}

const struct error *accounts_get_account(struct call *call,
                                         const Roost__Accounts__V1__GetAccountRequest *req,
                                         Roost__Accounts__V1__Account **ret_resp)
{
    return read_account(call, req->id, ret_resp);
}

const struct error *accounts_list_accounts(struct call *call,
                                           const Roost__Accounts__V1__ListAccountsRequest *req,
                                           Roost__Accounts__V1__ListAccountsResponse **ret_resp)
{
    Roost__Accounts__V1__ListAccountsResponse *resp;
    const struct error *err = account_search(call, req, &resp);
    if (!err) {
        err = account_mailbox_attach(call, resp->accounts, resp->n_accounts);
    }
    if (err) {
        return err;
    }
    *ret_resp = resp;
    return NULL;
}

const struct error *accounts_update_account(struct call *call,
                                            const Roost__Accounts__V1__UpdateAccountRequest *req,
                                            Roost__Accounts__V1__Account **ret_resp)
{
    struct account_change change = {.req = req};
    if (!req->account) {
        return error_on_field(call->arena, REASON_FIELD_REQUIRED, "account",
                              "This field is required.");
    }
    const struct error *err = account_update(call, &change);
    if (err) {
        return err;
    }
    if (change.replayed) {
        *ret_resp = change.replayed;
        return NULL;
    }
    if (change.confirm_saga_id) {
        confirm(call, change.changed, change.confirm_saga_id);
    }
    *ret_resp = change.changed;
    return NULL;
}

const struct error *accounts_delete_account(struct call *call,
                                            const Roost__Accounts__V1__DeleteAccountRequest *req,
                                            Google__Protobuf__Empty **ret_resp)
{
    const struct error *err = account_delete(call, req);
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

const struct error *accounts_restore_account(struct call *call,
                                             const Roost__Accounts__V1__RestoreAccountRequest *req,
                                             Roost__Accounts__V1__Account **ret_resp)
{
    const struct error *err = account_write_restore(call, req);
    return err ? err : read_account(call, req->id, ret_resp);
}

const struct error *accounts_bulk_change_accounts(
    struct call *call, const Roost__Accounts__V1__BulkChangeAccountsRequest *req,
    Roost__Accounts__V1__BulkChangeAccountsResponse **ret_resp)
{
    return account_bulk_change(call, req, ret_resp);
}
