/* Deleting an account, and undoing it. */
#pragma once

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "services/common/rpc/call.h"

/* The transaction, and at once what follows from it: the sessions end, and mailbox and quota are
 * removed unless that has to wait. Fails as account_write_delete does; what fails after the
 * transaction the finisher does. */
MUST_USE const struct error *account_delete(struct call *call,
                                            const Roost__Accounts__V1__DeleteAccountRequest *req);
