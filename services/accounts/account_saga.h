/* What remains to be done of writes that cross services; run by the handlers at once, by the
 * finisher after a crash. */
#pragma once

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "services/common/saga/saga.h"

enum account_saga {
    ACCOUNT_SAGA_ABORT,
    ACCOUNT_SAGA_CONFIRM,
    ACCOUNT_SAGA_CHANGE,
    ACCOUNT_SAGA_DELETE,
    ACCOUNT_SAGA_SESSIONS,
    ACCOUNT_N_SAGAS
};

/* How long a handler has before the finisher takes over. Handlers stop calling others at
 * ACCOUNT_CUT_OFF_MS. What is only to be confirmed may be confirmed by both at once. */
enum { ACCOUNT_SAGA_DELAY_MS = 15000, ACCOUNT_CONFIRM_DELAY_MS = 1000, ACCOUNT_CUT_OFF_MS = 10000 };

/* To be given to saga_register. */
extern const struct saga_kind account_saga_kinds[ACCOUNT_N_SAGAS];

/* In the transaction that makes a login count no more: the mailbox's open sessions are to end.
 * *ret_saga_id is 0 if the account has no mailbox. */
MUST_USE const struct error *account_saga_begin_sessions(
    struct call *call, const Roost__Accounts__V1__Account *account, int64_t *ret_saga_id);
/* After it. Where that does not work at once it is left to the finisher. */
void account_saga_end_sessions(struct call *call, int64_t saga_id);
