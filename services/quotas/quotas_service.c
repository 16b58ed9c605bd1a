#include <string.h>

#include "proto/roost/domains/v1/domains.client.h"
#include "proto/roost/quotas/v1/quotas.rpc.h"
#include "services/common/address/address.h"
#include "services/common/message/message.h"
#include "services/quotas/quota.h"
#include "services/quotas/quota_store.h"

enum { BATCH_MAX = 1000 };

#define NEW(call, type) message_new((call)->arena, &roost__quotas__v1__##type##__descriptor)
#define EMPTY(call)     message_new((call)->arena, &google__protobuf__empty__descriptor)

/* Dovecot leaves less than nothing where it has lost count, until it counts anew. */
static void finish(Roost__Quotas__V1__Quota *quota)
{
    quota->bytes = quota->bytes > 0 ? quota->bytes : 0;
    quota->messages = quota->messages > 0 ? quota->messages : 0;
    quota->quota_usage = quota_usage_percent(quota->bytes, quota->quota);
}

static const struct error *check_batch(struct call *call, size_t n, const char *field)
{
    if (n <= BATCH_MAX) {
        return NULL;
    }
    return error_on_field(call->arena, REASON_FIELD_TOO_LONG, field, "%zu ids are more than %d.", n,
                          BATCH_MAX);
}

/* *ret_id is 0 if there is no such domain. */
static const struct error *resolve_domain(struct call *call, const char *name, int64_t *ret_id)
{
    Roost__Domains__V1__ResolveDomainsRequest req =
        ROOST__DOMAINS__V1__RESOLVE_DOMAINS_REQUEST__INIT;
    Roost__Domains__V1__ResolveDomainsResponse *resp;
    const char *fault;
    char *canonical = address_canonical_domain(call->arena, name, &fault);
    if (!canonical) {
        *ret_id = 0;
        return NULL;
    }
    req.n_names = 1;
    req.names = &canonical;
    const struct error *err = domains_internal_client_resolve_domains(call, &req, &resp);
    if (err) {
        return err;
    }
    *ret_id = resp->n_domains && !resp->domains[0]->is_alias ? resp->domains[0]->id : 0;
    return NULL;
}

static const struct error *count(struct call *call, const Roost__Quotas__V1__ListQuotasRequest *req,
                                 const struct quota_filter *filter,
                                 Roost__Quotas__V1__ListQuotasResponse *resp)
{
    bool is_filtered = *filter->search || filter->domain_id || filter->usage_over;
    if (is_filtered && !req->count) {
        return NULL;
    }
    resp->_total_size_case = ROOST__QUOTAS__V1__LIST_QUOTAS_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
    return quota_store_count(call, filter, &resp->total_size);
}

const struct error *quotas_list_quotas(struct call *call,
                                       const Roost__Quotas__V1__ListQuotasRequest *req,
                                       Roost__Quotas__V1__ListQuotasResponse **ret_resp)
{
    Roost__Quotas__V1__ListQuotasResponse *resp = NEW(call, list_quotas_response);
    struct quota_filter filter = {.search = req->search, .usage_over = req->usage_over};
    struct list_request request = {req->page_size, req->page_token, req->ordering};
    struct list_page page;
    const struct error *err = list_check_search(call, req->search);
    if (err) {
        return err;
    }
    if (req->usage_over < 0) {
        return error_on_field(call->arena, REASON_FIELD_INVALID, "usage_over",
                              "Must not be negative.");
    }
    if (*req->domain) {
        err = resolve_domain(call, req->domain, &filter.domain_id);
        if (!err && !filter.domain_id) {
            resp->_total_size_case =
                ROOST__QUOTAS__V1__LIST_QUOTAS_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
            *ret_resp = resp;
            return NULL;
        }
    }
    if (!err) {
        err = quota_store_list(call, &request, &filter, &page);
    }
    if (!err) {
        err = count(call, req, &filter, resp);
    }
    if (err) {
        return err;
    }
    resp->n_quotas = page.n;
    resp->quotas = (Roost__Quotas__V1__Quota **)page.messages;
    resp->next_page_token = page.next_page_token;
    for (size_t i = 0; i < resp->n_quotas; i++) {
        finish(resp->quotas[i]);
    }
    *ret_resp = resp;
    return NULL;
}

static const struct error *get(struct call *call, int64_t mailbox_id, bool with_pending,
                               Roost__Quotas__V1__Quota **ret_quota)
{
    Roost__Quotas__V1__Quota *quota;
    const struct error *err = quota_store_get(call, mailbox_id, with_pending, &quota);
    if (err) {
        return err;
    }
    if (!quota) {
        return error_new(call->arena, REASON_MAILBOX_NOT_FOUND, "Not found.");
    }
    finish(quota);
    *ret_quota = quota;
    return NULL;
}

const struct error *quotas_get_quota(struct call *call,
                                     const Roost__Quotas__V1__GetQuotaRequest *req,
                                     Roost__Quotas__V1__Quota **ret_resp)
{
    return get(call, req->mailbox_id, false, ret_resp);
}

const struct error *quotas_internal_set_domain_quota(
    struct call *call, const Roost__Quotas__V1__SetDomainQuotaRequest *req,
    Roost__Quotas__V1__DomainQuota **ret_resp)
{
    return domain_quota_store_set(call, req, ret_resp);
}

const struct error *quotas_internal_batch_get_domain_quotas(
    struct call *call, const Roost__Quotas__V1__BatchGetDomainQuotasRequest *req,
    Roost__Quotas__V1__BatchGetDomainQuotasResponse **ret_resp)
{
    const struct error *err = check_batch(call, req->n_domain_ids, "domain_ids");
    *ret_resp = NEW(call, batch_get_domain_quotas_response);
    return err ? err : domain_quota_store_batch_get(call, req, *ret_resp);
}

const struct error *quotas_internal_remove_domain_quota(
    struct call *call, const Roost__Quotas__V1__RemoveDomainQuotaRequest *req,
    Roost__Quotas__V1__RemoveDomainQuotaResponse **ret_resp)
{
    bool is_done;
    const struct error *err = domain_quota_store_remove(call, req->domain_id, BATCH_MAX, &is_done);
    if (err) {
        return err;
    }
    *ret_resp = NEW(call, remove_domain_quota_response);
    (*ret_resp)->done = is_done;
    return NULL;
}

const struct error *quotas_internal_set_mailbox_quota(
    struct call *call, const Roost__Quotas__V1__SetMailboxQuotaRequest *req,
    Roost__Quotas__V1__Quota **ret_resp)
{
    const struct error *err = mailbox_quota_store_set(call, req);
    return err ? err : get(call, req->mailbox_id, true, ret_resp);
}

const struct error *quotas_internal_confirm_mailbox_quota(
    struct call *call, const Roost__Quotas__V1__ConfirmMailboxQuotaRequest *req,
    Google__Protobuf__Empty **ret_resp)
{
    *ret_resp = EMPTY(call);
    return mailbox_quota_store_confirm(call, req->mailbox_id);
}

const struct error *quotas_internal_delete_mailbox_quota(
    struct call *call, const Roost__Quotas__V1__DeleteMailboxQuotaRequest *req,
    Google__Protobuf__Empty **ret_resp)
{
    *ret_resp = EMPTY(call);
    return mailbox_quota_store_remove(call, req->mailbox_id);
}

const struct error *quotas_internal_batch_get_quotas(
    struct call *call, const Roost__Quotas__V1__BatchGetQuotasRequest *req,
    Roost__Quotas__V1__BatchGetQuotasResponse **ret_resp)
{
    Roost__Quotas__V1__BatchGetQuotasResponse *resp = NEW(call, batch_get_quotas_response);
    const struct error *err = check_batch(call, req->n_mailbox_ids, "mailbox_ids");
    if (!err) {
        err = quota_store_batch_get(call, req, resp);
    }
    if (err) {
        return err;
    }
    for (size_t i = 0; i < resp->n_quotas; i++) {
        finish(resp->quotas[i]);
    }
    *ret_resp = resp;
    return NULL;
}

const struct error *quotas_internal_rewrite_quota_addresses(
    struct call *call, const Roost__Quotas__V1__RewriteQuotaAddressesRequest *req,
    Google__Protobuf__Empty **ret_resp)
{
    *ret_resp = EMPTY(call);
    return mailbox_quota_store_rename(call, req);
}
