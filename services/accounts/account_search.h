/*
 * Lists of accounts. Without a filter a list is walked along the index of its ordering. A filter
 * that leaves little is looked up through its own index, and the rows are sorted; one that leaves
 * much is tried on the next few thousand rows first.
 */
#pragma once

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "services/common/rpc/call.h"

/* The mailboxes are not attached. PAGE_TOKEN_INVALID, ORDERING_UNKNOWN, FIELD_INVALID. */
MUST_USE const struct error *account_search(struct call *call,
                                            const Roost__Accounts__V1__ListAccountsRequest *req,
                                            Roost__Accounts__V1__ListAccountsResponse **ret_resp);
