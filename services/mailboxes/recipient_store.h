/* The recipients of an alias: which mailbox or alias an address means, and the rows that say so. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "services/common/rpc/call.h"

/* One recipient as the request names it, its domain resolved. */
struct recipient {
    const char *address; /* canonical */
    const char *local_part;
    int64_t domain_id;    /* 0: in no domain of ours, so external */
    bool may_be_external; /* in a relay domain: without a mailbox or alias it is external */
};

/* In a transaction: replaces the recipients of an alias. Fails with RECIPIENT_NOT_FOUND. */
MUST_USE const struct error *recipient_store_replace(struct call *call, int64_t alias_id,
                                                     const struct recipient *recipients, size_t n);
/* In a transaction, after an alias or its recipients were written. Fails with RECIPIENT_INVALID if
 * its mail would come back to it, or if it is its own only recipient. */
MUST_USE const struct error *recipient_store_check_loops(struct call *call, int64_t alias_id);
