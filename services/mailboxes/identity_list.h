/* Accounts and aliases in one list: two lists in the same order, merged. */
#pragma once

#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"
#include "services/common/rpc/call.h"

/* One page. Asks accounts for its part, quotas for the mailboxes shown. */
MUST_USE const struct error *identity_list(struct call *call,
                                           const Roost__Mailboxes__V1__ListIdentitiesRequest *req,
                                           Roost__Mailboxes__V1__ListIdentitiesResponse **ret_resp);
