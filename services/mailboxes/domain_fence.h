/*
 * Domains live in another service. A request carries a domain's name as it was resolved a moment
 * ago; meanwhile the domain may have been renamed or removed. Whoever writes an address enters the
 * domain first; a rename's or removal's batches close it. So no row with an old name, or in a
 * domain that is gone, is written behind their back. All inside a transaction.
 */
#pragma once

#include <stdint.h>

#include "services/common/error/error.h"
#include "services/common/rpc/call.h"

/* Holds the domain open until the end of the transaction. Fails with RENAME_IN_PROGRESS (resolve
 * the name again) or DOMAIN_NOT_FOUND. */
MUST_USE const struct error *domain_fence_enter(struct call *call, int64_t domain_id,
                                                const char *name);
/* From this transaction's commit on the domain has this name. */
MUST_USE const struct error *domain_fence_rename(struct call *call, int64_t domain_id,
                                                 const char *new_name);
/* From this transaction's commit on nothing is added to the domain. */
MUST_USE const struct error *domain_fence_remove(struct call *call, int64_t domain_id);
