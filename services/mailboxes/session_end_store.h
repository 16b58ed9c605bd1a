/* Whose open sessions the mailbox agent is to end. */
#pragma once

#include "proto/roost/mailboxes/v1/mailboxes_internal.pb-c.h"
#include "services/common/rpc/call.h"

/* Of this mailbox, by its address and its former ones. */
MUST_USE const struct error *session_end_store_add(struct call *call, int64_t mailbox_id);
/* The same for the account's active mailbox; nothing if it has none. */
MUST_USE const struct error *session_end_store_add_by_account(
    struct call *call, const Roost__Mailboxes__V1__EndSessionsRequest *req);
/* Drops what the agent has done, and answers what is left. */
MUST_USE const struct error *session_end_store_exchange(
    struct call *call, const Roost__Mailboxes__V1__ClaimOperationsRequest *req,
    Roost__Mailboxes__V1__ClaimOperationsResponse *ret_resp);
