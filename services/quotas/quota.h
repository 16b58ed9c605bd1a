/* The rules of quotas. Quantities are megabytes; 0 is unlimited. */
#pragma once

#include <stdint.h>

#include "proto/roost/quotas/v1/quotas_internal.pb-c.h"
#include "services/common/error/error.h"

/* 2^31 MB, two petabytes: far from where bytes would overflow. */
#define QUOTA_MAX_MB INT64_C(2147483648)

/* QUOTA_INVALID on `field` if it is negative or over QUOTA_MAX_MB. */
MUST_USE const struct error *quota_check_range(struct arena *arena, const char *field,
                                               int64_t megabytes);

/* A change of a domain's quota. Allocated is what its mailboxes have; `after` has what they would
 * have, n_unlimited of them without a limit. DEFAULT_QUOTA_EXCEEDS_DOMAIN, QUOTA_INVALID or
 * DOMAIN_QUOTA_BELOW_ALLOCATED. What a change does not make worse is not refused. */
MUST_USE const struct error *quota_check_domain(struct arena *arena,
                                                const Roost__Quotas__V1__DomainQuota *before,
                                                const Roost__Quotas__V1__DomainQuota *after,
                                                int64_t n_unlimited);

struct quota_share {
    const char *address;
    int64_t present; /* -1: the mailbox has nothing of this domain yet */
    int64_t asked;
};

/* A change of a mailbox's quota, on field `quota`: QUOTA_INVALID, QUOTA_REQUIRED or
 * QUOTA_EXCEEDS_DOMAIN. What stays or shrinks is not refused. */
MUST_USE const struct error *quota_check_mailbox(struct arena *arena,
                                                 const Roost__Quotas__V1__DomainQuota *domain,
                                                 const struct quota_share *share);

/* The percentage of the quota in use, rounded down; 0 when unlimited. */
int32_t quota_usage_percent(int64_t bytes, int64_t quota);
