/* What the writes of an account check, most of it in their transaction. */
#pragma once

#include <stdint.h>

#include "services/common/rpc/call.h"

/* The caller's account. ACCOUNT_NOT_FOUND for a service: it has no tokens and no sessions. */
MUST_USE const struct error *account_check_own(struct call *call, int64_t *ret_id);
/* Locks the row. ACCOUNT_NOT_FOUND; ETAG_MISMATCH unless `etag` is empty or the row's;
 * REQUEST_IN_PROGRESS while a change that crosses services is not finished. */
MUST_USE const struct error *account_check_lock(struct call *call, int64_t id, const char *etag);
/* REQUEST_IN_PROGRESS if any of them has such a change. */
MUST_USE const struct error *account_check_no_guard(struct call *call, const int64_t *ids,
                                                    size_t n_ids);
/* This account ceases to be an enabled super administrator: LAST_SUPER_ADMIN if no other is left.
 */
MUST_USE const struct error *account_check_super_admins(struct call *call, int64_t id);
/* Outside the transaction, which failed with `err` (may be NULL): ACCOUNT_EXISTS becomes
 * REQUEST_IN_PROGRESS where the name is held by an unfinished write, and says so where it is that
 * of a deleted account. */
const struct error *account_check_taken(struct call *call, const struct error *err,
                                        const char *username);
