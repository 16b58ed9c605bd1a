/* Whose open sessions the mailbox agent is to end. */
#pragma once

#include "proto/roost/mailboxes/v1/mailboxes_internal.pb-c.h"
#include "services/common/rpc/call.h"

/* By the name that they were opened under; "@example.com": everybody's in the domain. */
MUST_USE const struct error *session_end_store_add(struct call *call, const char *address);
/* Those that the request means. */
MUST_USE const struct error *session_end_store_add_asked(
    struct call *call, const Roost__Mailboxes__V1__EndSessionsRequest *req);
/* Drops what the agent has done, and answers what is left. */
MUST_USE const struct error *session_end_store_exchange(
    struct call *call, const Roost__Mailboxes__V1__ClaimOperationsRequest *req,
    Roost__Mailboxes__V1__ClaimOperationsResponse *ret_resp);
