/* From a list of domains to results that can be stored: checks them and says when to check again.
 */
#pragma once

#include "services/dnschecks/check_store.h"

/* Checks up to DOMAIN_CHECK_BATCH_MAX domains until limit_us (monotonic). One result per domain, in
 * the same order. */
MUST_USE const struct error *domain_results(struct call *call, int64_t limit_us,
                                            const struct due_domain *domains, size_t n_domains,
                                            Roost__Dnschecks__V1__DnsCheck ***ret_results);

/* Seconds until the next check: `interval_s` when ok, a sixth when wrong, at most two minutes when
 * nobody could tell; a tenth of it earlier or later, fixed for each domain, so that checks spread
 * out. */
int64_t next_check_after_s(const char *status, int64_t interval_s, int64_t domain_id);
