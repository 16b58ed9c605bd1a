/* Every database access of dnschecks. */
#pragma once

#include "proto/roost/dnschecks/v1/dnschecks.pb-c.h"
#include "services/common/list/list.h"
#include "services/common/rpc/call.h"

/* NULL if the domain was never checked. */
MUST_USE const struct error *check_store_get(struct call *call, int64_t domain_id,
                                             Roost__Dnschecks__V1__DnsCheck **ret_check);

struct check_filter {
    const char *status; /* "" for all */
    const char *search; /* the beginning of the name; "" for all */
    const int64_t *domain_ids;
    size_t n_domain_ids; /* 0: all */
};
/* Orderings: name, checked_at. */
MUST_USE const struct error *check_store_list(struct call *call, const struct list_request *request,
                                              const struct check_filter *filter,
                                              struct list_page *ret_page);
MUST_USE const struct error *check_store_count(struct call *call, const struct check_filter *filter,
                                               int64_t *ret_count);

/* Stores a result, and the event DnsCheckChanged if the domain turned from ok to wrong or back.
 * "unknown" never counts as a change: a dead resolver is no news about a zone. The event's subject
 * is dnscheck/<domain id>: domain/<domain id> is for the service domains. */
MUST_USE const struct error *check_store_save(struct call *call,
                                              const Roost__Dnschecks__V1__DnsCheck *check);

struct due_domain {
    int64_t id;
    char *name;
};

/* Takes up to `limit` due domains for 60 s; other replicas leave them alone. */
MUST_USE const struct error *check_store_claim(struct call *call, int limit, size_t *ret_n,
                                               struct due_domain **ret_domains);

MUST_USE const struct error *check_store_sweep_position(struct call *call, int64_t *ret_after_id);

/* One page of the list of domains, which follows after_id and reaches to next_id: new ones are
 * added, due at once, and those that the page does not name are removed. Does nothing if another
 * replica was faster. next_position 0 starts anew. */
struct sweep_page {
    int64_t after_id;
    int64_t last_id;
    int64_t next_position;
    const int64_t *ids;
    const char *const *names;
    size_t n;
};
MUST_USE const struct error *check_store_sweep(struct call *call, const struct sweep_page *page);
