/* What remains to be done of writes that cross services; run by the handlers at once, by the
 * finisher after a crash. */
#pragma once

#include "services/common/saga/saga.h"

enum account_saga {
    ACCOUNT_SAGA_ABORT,
    ACCOUNT_SAGA_CONFIRM,
    ACCOUNT_SAGA_CHANGE,
    ACCOUNT_SAGA_DELETE,
    ACCOUNT_N_SAGAS
};

/* How long a handler has before the finisher takes over. Handlers stop calling others at
 * ACCOUNT_CUT_OFF_MS. What is only to be confirmed may be confirmed by both at once. */
enum { ACCOUNT_SAGA_DELAY_MS = 15000, ACCOUNT_CONFIRM_DELAY_MS = 1000, ACCOUNT_CUT_OFF_MS = 10000 };

/* To be given to saga_register. */
extern const struct saga_kind account_saga_kinds[ACCOUNT_N_SAGAS];
