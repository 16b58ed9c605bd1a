/* What the tests have instead of accounts and quotas. */
#pragma once

#include "services/common/rpc/server.h"

/* AccountsInternal: a list of accounts given by the test. */
extern const struct rpc_service fake_accounts;
/* QuotasInternal: every mailbox has a quota of 100 MB times its id, of which it uses its id in
 * percent. */
extern const struct rpc_service fake_quotas;

/* Names with an @ have that address; the ids are 1, 2, 3 ... in the order given. A name that begins
 * with ! is disabled. NULL-terminated; the last names of all are "Doe". */
void fake_accounts_are(const char *const *usernames);
/* The next call of accounts fails with SERVICE_UNAVAILABLE. */
void fake_accounts_fail(void);
