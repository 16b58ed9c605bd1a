/* Logging in and checking passwords, with throttling. */
#pragma once

#include "services/accounts/account_store.h"

/* Where the caller's client is, as the gateway vouches for it; "" if nobody does. */
const char *login_address(const struct call *call);

/* The account of a user name and password. One LOGIN_FAILED for an unknown name, a wrong password
 * and a disabled account, after the same time; LOGIN_THROTTLED, OVERLOADED, REDIS_UNAVAILABLE. A
 * hash of an old scheme or cost is replaced. */
MUST_USE const struct error *login_check(struct call *call, const char *username,
                                         const char *password,
                                         struct account_credentials **ret_found);
/* Whether this is the account's password; throttled in the same way. */
MUST_USE const struct error *login_verify(struct call *call,
                                          const struct account_credentials *credentials,
                                          const char *password, bool *ret_matches);
