/* Checks a number of domains at once: asks what must be asked, once for each name, and judges. */
#pragma once

#include "services/dnschecks/mx_check.h"
#include "services/dnschecks/resolver.h"

enum { DOMAIN_CHECK_BATCH_MAX = 100 };

struct domain_check {
    const char *domain;                    /* in: canonical name */
    Roost__Dnschecks__V1__RecordCheck *mx; /* out */
};

/* At most DOMAIN_CHECK_BATCH_MAX domains. Every domain gets a result, whatever happens, by
 * `deadline_us`. */
void domain_check_run(struct resolver *resolver, struct arena *arena,
                      const struct mx_expectation *expectation, int64_t deadline_us,
                      struct domain_check *domains, size_t n_domains);
