/* Updates of accounts: what the request means, and carrying it out across the services. */
#pragma once

#include "services/accounts/account_write.h"

/* Carries change->req out. Fails as UpdateAccount does. */
MUST_USE const struct error *account_update(struct call *call, struct account_change *change);
/* Enables or disables an account. *ret_changed is false if it was so before. Fails as
 * account_update does. */
MUST_USE const struct error *account_set_active(struct call *call, int64_t id, bool is_active,
                                                bool *ret_changed);
/* Changes the caller's own profile. */
MUST_USE const struct error *account_update_profile(struct call *call,
                                                    const Roost__Accounts__V1__UpdateMeRequest *req,
                                                    Roost__Accounts__V1__Account **ret_account);
