/* One change of many accounts, page by page. */
#pragma once

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "services/common/rpc/call.h"

/* Carries one page out. Each account has a transaction of its own, so whatever ends the process
 * leaves no account half changed. If the database or another service goes away in the middle, what
 * was done until then is the answer, and the call for the rest fails. */
MUST_USE const struct error *account_bulk_change(
    struct call *call, const Roost__Accounts__V1__BulkChangeAccountsRequest *req,
    Roost__Accounts__V1__BulkChangeAccountsResponse **ret_resp);
