/* Mailboxes in the database. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"
#include "proto/roost/mailboxes/v1/mailboxes_internal.pb-c.h"
#include "services/common/list/list.h"
#include "services/common/rpc/call.h"
#include "services/mailboxes/mailbox.h"

/* An active one; NULL if there is none. */
MUST_USE const struct error *mailbox_store_get(struct call *call, int64_t id,
                                               Roost__Mailboxes__V1__Mailbox **ret_mailbox);
/* Active ones. */
MUST_USE const struct error *mailbox_store_batch_get_by_account(
    struct call *call, const Roost__Mailboxes__V1__BatchGetMailboxesRequest *req,
    Roost__Mailboxes__V1__BatchGetMailboxesResponse *ret_resp);

struct mailbox_filter {
    struct mailbox_range range;
    int64_t domain_id; /* 0: all */
};
MUST_USE const struct error *mailbox_store_list(struct call *call,
                                                const struct list_request *request,
                                                const struct mailbox_filter *filter,
                                                struct list_page *ret_page);
MUST_USE const struct error *mailbox_store_count(struct call *call,
                                                 const struct mailbox_filter *filter,
                                                 int64_t *ret_count);
MUST_USE const struct error *mailbox_store_list_accounts(
    struct call *call, const Roost__Mailboxes__V1__ListDomainAccountsRequest *req,
    Roost__Mailboxes__V1__ListDomainAccountsResponse *ret_resp);
MUST_USE const struct error *mailbox_store_domain_counters(
    struct call *call, const Roost__Mailboxes__V1__BatchGetDomainCountersRequest *req,
    Roost__Mailboxes__V1__BatchGetDomainCountersResponse *ret_resp);

MUST_USE const struct error *mailbox_store_reserve(
    struct call *call, const Roost__Mailboxes__V1__ReserveMailboxRequest *req,
    Roost__Mailboxes__V1__Mailbox **ret_mailbox);
MUST_USE const struct error *mailbox_store_confirm(struct call *call, int64_t account_id,
                                                   Roost__Mailboxes__V1__Mailbox **ret_mailbox);
MUST_USE const struct error *mailbox_store_cancel(struct call *call, int64_t account_id);
MUST_USE const struct error *mailbox_store_rename(
    struct call *call, const Roost__Mailboxes__V1__RenameMailboxRequest *req,
    Roost__Mailboxes__V1__Mailbox **ret_mailbox);
/* *ret_mailbox_id is 0 if the account has no mailbox. */
MUST_USE const struct error *mailbox_store_delete(struct call *call, int64_t account_id,
                                                  bool keep_directory, int64_t *ret_mailbox_id);
