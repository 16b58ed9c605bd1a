#include "services/domains/domain_view.h"

#include <stdlib.h>

#include "proto/roost/mailboxes/v1/mailboxes.client.h"
#include "proto/roost/quotas/v1/quotas.client.h"
#include "services/domains/domain.h"
#include "services/domains/domain_store.h"

static const struct error *complete_quotas(struct call *call,
                                           Roost__Domains__V1__Domain *const *domains, size_t n,
                                           int64_t *ids)
{
    Roost__Quotas__V1__BatchGetDomainQuotasRequest req =
        ROOST__QUOTAS__V1__BATCH_GET_DOMAIN_QUOTAS_REQUEST__INIT;
    Roost__Quotas__V1__BatchGetDomainQuotasResponse *resp;
    req.n_domain_ids = n;
    req.domain_ids = ids;
    const struct error *err = quotas_internal_client_batch_get_domain_quotas(call, &req, &resp);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        struct domain_quotas quotas = {0};
        for (size_t k = 0; k < resp->n_domain_quotas; k++) {
            const Roost__Quotas__V1__DomainQuota *found = resp->domain_quotas[k];
            if (found->domain_id == domains[i]->id) {
                quotas = (struct domain_quotas){found->quota, found->default_mailbox_quota,
                                                found->allocated_quota};
            }
        }
        domain_set_quotas(domains[i], &quotas);
    }
    return NULL;
}

static const struct error *complete_counters(struct call *call,
                                             Roost__Domains__V1__Domain *const *domains, size_t n,
                                             int64_t *ids)
{
    Roost__Mailboxes__V1__BatchGetDomainCountersRequest req =
        ROOST__MAILBOXES__V1__BATCH_GET_DOMAIN_COUNTERS_REQUEST__INIT;
    Roost__Mailboxes__V1__BatchGetDomainCountersResponse *resp;
    req.n_domain_ids = n;
    req.domain_ids = ids;
    const struct error *err =
        mailboxes_internal_client_batch_get_domain_counters(call, &req, &resp);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < resp->n_counters; k++) {
            if (resp->counters[k]->domain_id == domains[i]->id) {
                domains[i]->mailbox_count = resp->counters[k]->mailbox_count;
                domains[i]->mbalias_count = resp->counters[k]->alias_count;
            }
        }
    }
    return NULL;
}

const struct error *domain_view_complete(struct call *call,
                                         Roost__Domains__V1__Domain *const *domains, size_t n)
{
    if (n == 0) {
        return NULL;
    }
    int64_t *ids = arena_alloc(call->arena, n * sizeof *ids);
    for (size_t i = 0; i < n; i++) {
        ids[i] = domains[i]->id;
    }
    const struct error *err = complete_quotas(call, domains, n, ids);
    return err ? err : complete_counters(call, domains, n, ids);
}

const struct error *domain_view_get(struct call *call, int64_t id,
                                    Roost__Domains__V1__Domain **ret_domain)
{
    Roost__Domains__V1__Domain *domain;
    const struct error *err = domain_store_get(call, id, &domain);
    if (!err && !domain) {
        err = error_new(call->arena, REASON_DOMAIN_NOT_FOUND, "Not found.");
    }
    if (!err) {
        err = domain_view_complete(call, &domain, 1);
    }
    if (err) {
        return err;
    }
    *ret_domain = domain;
    return NULL;
}

void domain_view_copy(const Roost__Domains__V1__Domain *from, Roost__Domains__V1__Domain *to)
{
    to->mailbox_count = from->mailbox_count;
    to->mbalias_count = from->mbalias_count;
    domain_set_quotas(to, &(struct domain_quotas){from->quota, from->default_mailbox_quota,
                                                  from->allocated_quota});
}
