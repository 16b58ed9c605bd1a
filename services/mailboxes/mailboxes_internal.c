/* The methods for other services and the agent: roost.mailboxes.v1.MailboxesInternal, in the order
 * of the proto. Their callers have validated names and addresses. */
#include <string.h>

#include "proto/roost/mailboxes/v1/mailboxes.rpc.h"
#include "services/common/address/address.h"
#include "services/common/message/message.h"
#include "services/mailboxes/domain_store.h"
#include "services/mailboxes/mailbox_store.h"
#include "services/mailboxes/operation_store.h"
#include "services/mailboxes/session_end_store.h"

enum { BATCH_GET_MAX = 1000 };

static const struct error *check_local_part(struct call *call, const char *local_part)
{
    const char *fault = address_mailbox_fault(call->arena, local_part);
    return fault ? error_on_field(call->arena, REASON_ADDRESS_INVALID, "local_part", "%s", fault)
                 : NULL;
}

const struct error *mailboxes_internal_reserve_mailbox(
    struct call *call, const Roost__Mailboxes__V1__ReserveMailboxRequest *req,
    Roost__Mailboxes__V1__Mailbox **ret_resp)
{
    const struct error *err = check_local_part(call, req->local_part);
    return err ? err : mailbox_store_reserve(call, req, ret_resp);
}

const struct error *mailboxes_internal_confirm_mailbox(
    struct call *call, const Roost__Mailboxes__V1__ConfirmMailboxRequest *req,
    Roost__Mailboxes__V1__Mailbox **ret_resp)
{
    return mailbox_store_confirm(call, req->account_id, ret_resp);
}

const struct error *mailboxes_internal_cancel_mailbox(
    struct call *call, const Roost__Mailboxes__V1__CancelMailboxRequest *req,
    Google__Protobuf__Empty **ret_resp)
{
    const struct error *err = mailbox_store_cancel(call, req->account_id);
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

const struct error *mailboxes_internal_rename_mailbox(
    struct call *call, const Roost__Mailboxes__V1__RenameMailboxRequest *req,
    Roost__Mailboxes__V1__Mailbox **ret_resp)
{
    const struct error *err = check_local_part(call, req->local_part);
    return err ? err : mailbox_store_rename(call, req, ret_resp);
}

const struct error *mailboxes_internal_delete_mailbox(
    struct call *call, const Roost__Mailboxes__V1__DeleteMailboxRequest *req,
    Roost__Mailboxes__V1__DeleteMailboxResponse **ret_resp)
{
    Roost__Mailboxes__V1__DeleteMailboxResponse *resp =
        message_new(call->arena, &roost__mailboxes__v1__delete_mailbox_response__descriptor);
    const struct error *err =
        mailbox_store_delete(call, req->account_id, req->keep_directory, &resp->mailbox_id);
    if (err) {
        return err;
    }
    *ret_resp = resp;
    return NULL;
}

const struct error *mailboxes_internal_end_sessions(
    struct call *call, const Roost__Mailboxes__V1__EndSessionsRequest *req,
    Google__Protobuf__Empty **ret_resp)
{
    const struct error *err = session_end_store_add_asked(call, req);
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

static const struct error *check_batch(struct call *call, const char *field, size_t n)
{
    if (n > BATCH_GET_MAX) {
        return error_on_field(call->arena, REASON_FIELD_INVALID, field,
                              "At most %d ids at once, not %zu.", BATCH_GET_MAX, n);
    }
    return NULL;
}

const struct error *mailboxes_internal_batch_get_mailboxes(
    struct call *call, const Roost__Mailboxes__V1__BatchGetMailboxesRequest *req,
    Roost__Mailboxes__V1__BatchGetMailboxesResponse **ret_resp)
{
    const struct error *err = check_batch(call, "account_ids", req->n_account_ids);
    if (err) {
        return err;
    }
    *ret_resp =
        message_new(call->arena, &roost__mailboxes__v1__batch_get_mailboxes_response__descriptor);
    return mailbox_store_batch_get_by_account(call, req, *ret_resp);
}

const struct error *mailboxes_internal_batch_get_domain_counters(
    struct call *call, const Roost__Mailboxes__V1__BatchGetDomainCountersRequest *req,
    Roost__Mailboxes__V1__BatchGetDomainCountersResponse **ret_resp)
{
    const struct error *err = check_batch(call, "domain_ids", req->n_domain_ids);
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena,
                            &roost__mailboxes__v1__batch_get_domain_counters_response__descriptor);
    return mailbox_store_domain_counters(call, req, *ret_resp);
}

const struct error *mailboxes_internal_rewrite_domain(
    struct call *call, const Roost__Mailboxes__V1__RewriteDomainRequest *req,
    Roost__Mailboxes__V1__RewriteDomainResponse **ret_resp)
{
    *ret_resp =
        message_new(call->arena, &roost__mailboxes__v1__rewrite_domain_response__descriptor);
    return domain_store_rewrite(call, req, *ret_resp);
}

const struct error *mailboxes_internal_remove_domain(
    struct call *call, const Roost__Mailboxes__V1__RemoveDomainRequest *req,
    Roost__Mailboxes__V1__RemoveDomainResponse **ret_resp)
{
    *ret_resp = message_new(call->arena, &roost__mailboxes__v1__remove_domain_response__descriptor);
    return domain_store_remove(call, req, *ret_resp);
}

const struct error *mailboxes_internal_list_domain_accounts(
    struct call *call, const Roost__Mailboxes__V1__ListDomainAccountsRequest *req,
    Roost__Mailboxes__V1__ListDomainAccountsResponse **ret_resp)
{
    *ret_resp =
        message_new(call->arena, &roost__mailboxes__v1__list_domain_accounts_response__descriptor);
    return mailbox_store_list_accounts(call, req, *ret_resp);
}

const struct error *mailboxes_internal_claim_operations(
    struct call *call, const Roost__Mailboxes__V1__ClaimOperationsRequest *req,
    Roost__Mailboxes__V1__ClaimOperationsResponse **ret_resp)
{
    const struct error *err = check_batch(call, "ended_session_ids", req->n_ended_session_ids);
    if (err) {
        return err;
    }
    *ret_resp =
        message_new(call->arena, &roost__mailboxes__v1__claim_operations_response__descriptor);
    err = session_end_store_exchange(call, req, *ret_resp);
    return err ? err : operation_store_claim(call, req, *ret_resp);
}

const struct error *mailboxes_internal_finish_operation(
    struct call *call, const Roost__Mailboxes__V1__FinishOperationRequest *req,
    Google__Protobuf__Empty **ret_resp)
{
    const struct error *err = operation_store_finish(call, req);
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}
