/* Domain names of a request, looked up at the domains service in one call. Outside transactions. */
#pragma once

#include <stddef.h>

#include "proto/roost/domains/v1/domains_internal.pb-c.h"
#include "services/common/rpc/call.h"

struct domain_names {
    Roost__Domains__V1__ResolvedDomain **items;
    size_t n;
};

/* Names may repeat. */
MUST_USE const struct error *domain_names_resolve(struct call *call, const char *const *names,
                                                  size_t n, struct domain_names *ret_names);
/* NULL: no domain or domain alias of ours has this name. */
const Roost__Domains__V1__ResolvedDomain *domain_names_find(const struct domain_names *names,
                                                            const char *name);
/* The id of the domain (not: domain alias) of this name, for a list's filter; "" gives 0. Fails
 * with INVALID_ARGUMENT (DOMAIN_NOT_FOUND) on field `domain`. */
MUST_USE const struct error *domain_names_filter(struct call *call, const char *name,
                                                 int64_t *ret_domain_id);
/* INVALID_ARGUMENT on a field with this reason, whatever the reason's usual code is. */
const struct error *domain_names_invalid(struct call *call, const char *field, const char *message,
                                         const char *name);
