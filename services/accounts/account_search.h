/*
 * Lists of accounts. A list is walked along the index of its ordering. That is slow where a filter leaves little, so up
 * to some thousand candidates are looked up through the filter's own index first and sorted.
 */
#pragma once

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "services/common/rpc/call.h"

/* The mailboxes are not attached. PAGE_TOKEN_INVALID, ORDERING_UNKNOWN, FIELD_INVALID. */
MUST_USE const struct error *account_search(struct call *call, const Roost__Accounts__V1__ListAccountsRequest *req,
                                            Roost__Accounts__V1__ListAccountsResponse **ret_resp);
