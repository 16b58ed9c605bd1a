/* The public methods: roost.mailboxes.v1.Mailboxes, in the order of the proto. */
#include <string.h>

#include "proto/roost/mailboxes/v1/mailboxes.rpc.h"
#include "services/common/message/message.h"
#include "services/mailboxes/alias_bulk.h"
#include "services/mailboxes/alias_delete.h"
#include "services/mailboxes/alias_request.h"
#include "services/mailboxes/alias_store.h"
#include "services/mailboxes/domain_names.h"
#include "services/mailboxes/identity_list.h"
#include "services/mailboxes/mailbox_store.h"
#include "services/mailboxes/operation_store.h"

const struct error *mailboxes_list_identities(
    struct call *call, const Roost__Mailboxes__V1__ListIdentitiesRequest *req,
    Roost__Mailboxes__V1__ListIdentitiesResponse **ret_resp)
{
    return identity_list(call, req, ret_resp);
}

const struct error *mailboxes_get_mailbox(struct call *call,
                                          const Roost__Mailboxes__V1__GetMailboxRequest *req,
                                          Roost__Mailboxes__V1__Mailbox **ret_resp)
{
    Roost__Mailboxes__V1__Mailbox *mailbox;
    const struct error *err = mailbox_store_get(call, req->id, &mailbox);
    if (err) {
        return err;
    }
    if (!mailbox) {
        return error_new(call->arena, REASON_MAILBOX_NOT_FOUND, "There is no such mailbox.");
    }
    *ret_resp = mailbox;
    return NULL;
}

const struct error *mailboxes_list_mailboxes(struct call *call,
                                             const Roost__Mailboxes__V1__ListMailboxesRequest *req,
                                             Roost__Mailboxes__V1__ListMailboxesResponse **ret_resp)
{
    struct mailbox_filter filter = {.range = mailbox_range_of_prefix(call->arena, req->search)};
    const struct error *err = list_check_search(call, req->search);
    if (!err) {
        err = domain_names_filter(call, req->domain, &filter.domain_id);
    }
    if (err) {
        return err;
    }
    const struct list_request request = {req->page_size, req->page_token, req->ordering};
    struct list_page page;
    err = mailbox_store_list(call, &request, &filter, &page);
    if (err) {
        return err;
    }
    Roost__Mailboxes__V1__ListMailboxesResponse *resp =
        message_new(call->arena, &roost__mailboxes__v1__list_mailboxes_response__descriptor);
    resp->mailboxes = (Roost__Mailboxes__V1__Mailbox **)page.messages;
    resp->n_mailboxes = page.n;
    resp->next_page_token = page.next_page_token;
    if (req->count || (!*req->search && !*req->domain)) {
        resp->_total_size_case =
            ROOST__MAILBOXES__V1__LIST_MAILBOXES_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        err = mailbox_store_count(call, &filter, &resp->total_size);
        if (err) {
            return err;
        }
    }
    *ret_resp = resp;
    return NULL;
}

const struct error *mailboxes_create_alias(struct call *call,
                                           const Roost__Mailboxes__V1__CreateAliasRequest *req,
                                           Roost__Mailboxes__V1__Alias **ret_resp)
{
    if (!req->alias) {
        return error_on_field(call->arena, REASON_FIELD_REQUIRED, "alias",
                              "This field is required.");
    }
    struct alias_write write = {
        .request = &req->base,
        .request_id = req->request_id,
        .etag = "",
        .fields = ALIAS_ALL,
    };
    const struct error *err = alias_request_resolve(call, req->alias, &write);
    if (err) {
        return err;
    }
    return alias_store_write(call, &write, ret_resp);
}

const struct error *mailboxes_get_alias(struct call *call,
                                        const Roost__Mailboxes__V1__GetAliasRequest *req,
                                        Roost__Mailboxes__V1__Alias **ret_resp)
{
    size_t n;
    Roost__Mailboxes__V1__Alias **aliases;
    const struct error *err = alias_store_batch_get(call, &req->id, 1, &n, &aliases);
    if (err) {
        return err;
    }
    if (n == 0) {
        return error_new(call->arena, REASON_ALIAS_NOT_FOUND, "There is no such alias.");
    }
    *ret_resp = aliases[0];
    return NULL;
}

const struct error *mailboxes_list_aliases(struct call *call,
                                           const Roost__Mailboxes__V1__ListAliasesRequest *req,
                                           Roost__Mailboxes__V1__ListAliasesResponse **ret_resp)
{
    struct alias_filter filter = {
        .range = mailbox_range_of_prefix(call->arena, req->search),
        .has_enabled =
            req->_enabled_case != ROOST__MAILBOXES__V1__LIST_ALIASES_REQUEST___ENABLED__NOT_SET,
        .enabled = req->enabled,
        .mailbox_id = req->mailbox_id,
    };
    const struct error *err = list_check_search(call, req->search);
    if (!err) {
        err = domain_names_filter(call, req->domain, &filter.domain_id);
    }
    if (err) {
        return err;
    }
    const struct list_request request = {req->page_size, req->page_token, req->ordering};
    struct list_page page;
    err = alias_store_list(call, &request, &filter, &page);
    if (err) {
        return err;
    }
    Roost__Mailboxes__V1__ListAliasesResponse *resp =
        message_new(call->arena, &roost__mailboxes__v1__list_aliases_response__descriptor);
    resp->aliases = (Roost__Mailboxes__V1__Alias **)page.messages;
    resp->n_aliases = page.n;
    resp->next_page_token = page.next_page_token;
    if (req->count ||
        (!*req->search && !*req->domain && !filter.has_enabled && !filter.mailbox_id)) {
        resp->_total_size_case =
            ROOST__MAILBOXES__V1__LIST_ALIASES_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        err = alias_store_count(call, &filter, &resp->total_size);
        if (err) {
            return err;
        }
    }
    *ret_resp = resp;
    return NULL;
}

const struct error *mailboxes_update_alias(struct call *call,
                                           const Roost__Mailboxes__V1__UpdateAliasRequest *req,
                                           Roost__Mailboxes__V1__Alias **ret_resp)
{
    if (!req->alias) {
        return error_on_field(call->arena, REASON_FIELD_REQUIRED, "alias",
                              "This field is required.");
    }
    struct alias_write write = {
        .id = req->id,
        .request = &req->base,
        .request_id = req->request_id,
        .etag = req->etag,
    };
    char *const *paths = req->update_mask ? req->update_mask->paths : NULL;
    size_t n_paths = req->update_mask ? req->update_mask->n_paths : 0;
    const struct error *err = alias_request_fields(call, paths, n_paths, &write.fields);
    if (err) {
        return err;
    }
    err = alias_request_resolve(call, req->alias, &write);
    if (err) {
        return err;
    }
    return alias_store_write(call, &write, ret_resp);
}

const struct error *mailboxes_delete_alias(struct call *call,
                                           const Roost__Mailboxes__V1__DeleteAliasRequest *req,
                                           Google__Protobuf__Empty **ret_resp)
{
    const struct error *err = alias_delete(call, req);
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

const struct error *mailboxes_restore_alias(struct call *call,
                                            const Roost__Mailboxes__V1__RestoreAliasRequest *req,
                                            Roost__Mailboxes__V1__Alias **ret_resp)
{
    return alias_restore(call, req, ret_resp);
}

const struct error *mailboxes_bulk_change_aliases(
    struct call *call, const Roost__Mailboxes__V1__BulkChangeAliasesRequest *req,
    Roost__Mailboxes__V1__BulkChangeAliasesResponse **ret_resp)
{
    return alias_bulk(call, req, ret_resp);
}

const struct error *mailboxes_get_mailbox_operation(
    struct call *call, const Roost__Mailboxes__V1__GetMailboxOperationRequest *req,
    Roost__Mailboxes__V1__MailboxOperation **ret_resp)
{
    Roost__Mailboxes__V1__MailboxOperation *operation;
    const struct error *err = operation_store_get(call, req->id, &operation);
    if (err) {
        return err;
    }
    if (!operation) {
        return error_new(call->arena, REASON_OPERATION_NOT_FOUND,
                         "There is no such mailbox operation.");
    }
    *ret_resp = operation;
    return NULL;
}

static bool is_operation_state(const char *state)
{
    static const char *const states[] = {"", "pending", "running", "done", "failed"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strcmp(states[i], state) == 0) {
            return true;
        }
    }
    return false;
}

const struct error *mailboxes_list_mailbox_operations(
    struct call *call, const Roost__Mailboxes__V1__ListMailboxOperationsRequest *req,
    Roost__Mailboxes__V1__ListMailboxOperationsResponse **ret_resp)
{
    if (!is_operation_state(req->state)) {
        return error_on_field(call->arena, REASON_FIELD_INVALID, "state",
                              "The state is pending, running, done or failed.");
    }
    const struct list_request request = {req->page_size, req->page_token,
                                         *req->ordering ? req->ordering : "-creation"};
    struct list_page page;
    const struct error *err =
        operation_store_list(call, &request, req->state, req->mailbox_id, &page);
    if (err) {
        return err;
    }
    Roost__Mailboxes__V1__ListMailboxOperationsResponse *resp = message_new(
        call->arena, &roost__mailboxes__v1__list_mailbox_operations_response__descriptor);
    resp->mailbox_operations = (Roost__Mailboxes__V1__MailboxOperation **)page.messages;
    resp->n_mailbox_operations = page.n;
    resp->next_page_token = page.next_page_token;
    if (req->count) {
        resp->_total_size_case =
            ROOST__MAILBOXES__V1__LIST_MAILBOX_OPERATIONS_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        err = operation_store_count(call, req->state, req->mailbox_id, &resp->total_size);
        if (err) {
            return err;
        }
    }
    *ret_resp = resp;
    return NULL;
}

const struct error *mailboxes_retry_mailbox_operation(
    struct call *call, const Roost__Mailboxes__V1__RetryMailboxOperationRequest *req,
    Roost__Mailboxes__V1__MailboxOperation **ret_resp)
{
    return operation_store_retry(call, req->id, ret_resp);
}
