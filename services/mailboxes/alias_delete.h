/* Deleting aliases, for good or so that it can be undone, and restoring them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"
#include "services/common/rpc/call.h"
#include "services/common/saga/saga.h"
#include "services/mailboxes/alias_change.h"

MUST_USE const struct error *alias_delete(struct call *call,
                                          const Roost__Mailboxes__V1__DeleteAliasRequest *req);
/* Inside a transaction: of an alias that is watched. */
MUST_USE const struct error *alias_delete_watched(struct call *call, struct alias_watch *watch,
                                                  int64_t id, int32_t undo_seconds);
/* An alias that is not deleted is left as it is. */
MUST_USE const struct error *alias_restore(struct call *call,
                                           const Roost__Mailboxes__V1__RestoreAliasRequest *req,
                                           Roost__Mailboxes__V1__Alias **ret_alias);

/* Removes what was not restored in time. Its payload is the DeleteAliasRequest. */
extern const struct saga_kind alias_saga_remove;
