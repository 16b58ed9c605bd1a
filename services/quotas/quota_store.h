/* Quotas of domains and mailboxes, and usage, in the database. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/roost/quotas/v1/quotas.pb-c.h"
#include "proto/roost/quotas/v1/quotas_internal.pb-c.h"
#include "services/common/list/list.h"
#include "services/common/rpc/call.h"

/* Mailboxes with use_domain_quota follow in the same transaction. Refused as quota_check_domain
 * does. */
MUST_USE const struct error *domain_quota_store_set(
    struct call *call, const Roost__Quotas__V1__SetDomainQuotaRequest *req,
    Roost__Quotas__V1__DomainQuota **ret_domain);
MUST_USE const struct error *domain_quota_store_batch_get(
    struct call *call, const Roost__Quotas__V1__BatchGetDomainQuotasRequest *req,
    Roost__Quotas__V1__BatchGetDomainQuotasResponse *ret_resp);
/* From the first call on nothing is given out any more. Removes up to `limit` mailboxes; *ret_done
 * when none was left and the domain is gone too. */
MUST_USE const struct error *domain_quota_store_remove(struct call *call, int64_t domain_id,
                                                       int limit, bool *ret_done);

/* Refused as quota_check_mailbox does, and with DOMAIN_NOT_FOUND. */
MUST_USE const struct error *mailbox_quota_store_set(
    struct call *call, const Roost__Quotas__V1__SetMailboxQuotaRequest *req);
MUST_USE const struct error *mailbox_quota_store_confirm(struct call *call, int64_t mailbox_id);
/* Usage goes with it. */
MUST_USE const struct error *mailbox_quota_store_remove(struct call *call, int64_t mailbox_id);
/* All items or none. Mailboxes that are not there are passed over. */
MUST_USE const struct error *mailbox_quota_store_rename(
    struct call *call, const Roost__Quotas__V1__RewriteQuotaAddressesRequest *req);

/* Service task: usage that is kept under a former name returns to the address. */
MUST_USE const struct error *usage_store_settle(struct call *call);

/* With usage. NULL if there is none; a pending one only with with_pending. */
MUST_USE const struct error *quota_store_get(struct call *call, int64_t mailbox_id,
                                             bool with_pending,
                                             Roost__Quotas__V1__Quota **ret_quota);
/* Pending ones too. */
MUST_USE const struct error *quota_store_batch_get(
    struct call *call, const Roost__Quotas__V1__BatchGetQuotasRequest *req,
    Roost__Quotas__V1__BatchGetQuotasResponse *ret_resp);

struct quota_filter {
    const char *search; /* the beginning of the address; "" for all */
    int64_t domain_id;  /* 0: all */
    int32_t usage_over; /* percent of a limited quota; 0: all */
};
/* Orderings: address, usage. */
MUST_USE const struct error *quota_store_list(struct call *call, const struct list_request *request,
                                              const struct quota_filter *filter,
                                              struct list_page *ret_page);
MUST_USE const struct error *quota_store_count(struct call *call, const struct quota_filter *filter,
                                               int64_t *ret_count);
