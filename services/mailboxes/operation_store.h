/* The queue of orders to the mailbox agent. */
#pragma once

#include <stdint.h>

#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"
#include "proto/roost/mailboxes/v1/mailboxes_internal.pb-c.h"
#include "services/common/list/list.h"
#include "services/common/rpc/call.h"

/* NULL if there is none. */
MUST_USE const struct error *operation_store_get(
    struct call *call, int64_t id, Roost__Mailboxes__V1__MailboxOperation **ret_operation);
/* state "", mailbox_id 0: all. */
MUST_USE const struct error *operation_store_list(struct call *call,
                                                  const struct list_request *request,
                                                  const char *state, int64_t mailbox_id,
                                                  struct list_page *ret_page);
MUST_USE const struct error *operation_store_count(struct call *call, const char *state,
                                                   int64_t mailbox_id, int64_t *ret_count);
MUST_USE const struct error *operation_store_retry(
    struct call *call, int64_t id, Roost__Mailboxes__V1__MailboxOperation **ret_operation);
MUST_USE const struct error *operation_store_claim(
    struct call *call, const Roost__Mailboxes__V1__ClaimOperationsRequest *req,
    Roost__Mailboxes__V1__ClaimOperationsResponse *ret_resp);
MUST_USE const struct error *operation_store_finish(
    struct call *call, const Roost__Mailboxes__V1__FinishOperationRequest *req);
/* Fails the operations that nobody carries out; *ret_n is how many. */
MUST_USE const struct error *operation_store_fail_stale(struct call *call, size_t *ret_n);
