/*
 * Renaming and deleting mailboxes with all that hangs on them: aliases, former addresses,
 * directories, operations, events. Everything here runs inside a transaction.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/roost/mailboxes/v1/mailboxes_internal.pb-c.h"
#include "services/common/pg/pg.h"
#include "services/common/rpc/call.h"

struct mailbox_row {
    int64_t id;
    int64_t domain_id;
    const char *local_part;
    const char *full_address;
    const char *home;
    bool is_active;
};

/* Row `i` of a statement that selects id, domain_id, local_part, full_address, home, state. */
struct mailbox_row mailbox_row_of(const struct pg_rows *rows, int i);

MUST_USE const struct error *mailbox_change_lock_by_account(struct call *call, int64_t account_id,
                                                            struct mailbox_row *ret_row,
                                                            bool *ret_is_found);
/* Makes sure that nobody but mailbox_id (0: nobody) has or is promised this directory, until the
 * end of the transaction. Fails with OPERATION_PENDING. */
MUST_USE const struct error *mailbox_change_take_home(struct call *call, const char *home,
                                                      int64_t mailbox_id);
MUST_USE const struct error *mailbox_change_rename(
    struct call *call, const struct mailbox_row *row,
    const Roost__Mailboxes__V1__RenameMailboxRequest *req);
MUST_USE const struct error *mailbox_change_delete(struct call *call, const struct mailbox_row *row,
                                                   bool keep_directory);
/* Queues what brings the mailbox's directory to `home`, if it can be had; `former_address` names
 * the mailbox in the queue. In a domain's rename nothing can be refused: *ret_is_moving false, the
 * mailbox stays where it is. */
MUST_USE const struct error *mailbox_change_move(struct call *call, const struct mailbox_row *row,
                                                 const char *home, bool *ret_is_moving);
