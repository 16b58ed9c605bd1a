/* Domains as their readers see them: with what quotas and mailboxes know of them. Outside of
 * transactions. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/roost/domains/v1/domains.pb-c.h"
#include "services/common/rpc/call.h"

/* Asks each of the two services once for up to 1,000 domains. */
MUST_USE const struct error *domain_view_complete(struct call *call,
                                                  Roost__Domains__V1__Domain *const *domains,
                                                  size_t n);
/* One of the active ones. DOMAIN_NOT_FOUND. */
MUST_USE const struct error *domain_view_get(struct call *call, int64_t id,
                                             Roost__Domains__V1__Domain **ret_domain);
/* Copies what other services know of `from` to `to`. */
void domain_view_copy(const Roost__Domains__V1__Domain *from, Roost__Domains__V1__Domain *to);
