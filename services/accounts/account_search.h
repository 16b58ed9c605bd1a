/*
 * Lists of accounts. Without a filter a list is walked along the index of its ordering. A search in
 * the order of user names is put together from the lists of each name that begins with it. Any
 * other filter that leaves little is looked up through its own index, and the rows are sorted; one
 * that leaves much is tried on the next few thousand rows first.
 */
#pragma once

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "services/common/list/list.h"
#include "services/common/pg/pg.h"
#include "services/common/rpc/call.h"

/* The mailboxes are not attached. PAGE_TOKEN_INVALID, ORDERING_UNKNOWN, FIELD_INVALID. */
MUST_USE const struct error *account_search(struct call *call,
                                            const Roost__Accounts__V1__ListAccountsRequest *req,
                                            Roost__Accounts__V1__ListAccountsResponse **ret_resp);
/* The same from a known account on; `after` NULL: the request's page token counts. */
MUST_USE const struct error *account_search_after(
    struct call *call, const Roost__Accounts__V1__ListAccountsRequest *req,
    const struct list_position *after, Roost__Accounts__V1__ListAccountsResponse **ret_resp);

/* The filters of a list as its statements take them (pattern, low, high, domain, role, is_active).
 * FIELD_INVALID and its like. */
struct account_filters {
    struct pg_args args;
    bool is_filtered; /* false: they match everything */
};
MUST_USE const struct error *account_search_filters(
    struct call *call, const Roost__Accounts__V1__ListAccountsRequest *req,
    struct account_filters *ret_filters);
/* How many accounts they match. */
MUST_USE const struct error *account_search_count(struct call *call,
                                                  const struct account_filters *filters,
                                                  int64_t *ret_n);
