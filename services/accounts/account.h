/* Rules of an account: names, roles, what a create or update makes of it. Pure. */
#pragma once

#include <stdbool.h>

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "services/accounts/password_policy.h"
#include "services/common/address/address.h"

/* The mailbox that an account is to have after a create or update. */
struct account_mailbox_wish {
    bool is_wanted;
    struct address address;
    bool use_domain_quota;
    int64_t quota; /* megabytes */
};

struct account_draft {
    Roost__Accounts__V1__Account
        *account;         /* in canonical form; without password, mailbox and server-made fields */
    const char *password; /* NULL: unchanged */
    struct account_mailbox_wish mailbox;
};

/* An UpdateAccount or UpdateMe request. */
struct account_update {
    const Roost__Accounts__V1__Account *before; /* with its mailbox attached */
    const Roost__Accounts__V1__Account *request;
    char *const *paths; /* of the mask */
    size_t n_paths;
};

bool account_role_is_known(const char *role);
bool account_is_simple(const Roost__Accounts__V1__Account *account);
bool account_is_super_admin(const Roost__Accounts__V1__Account *account);
/* Lower case; with an @ a canonical address. NULL with a sentence if it is no name that anybody may
 * have. */
char *account_canonical_username(struct arena *arena, const char *text, const char **ret_fault);

/* What a CreateAccount request asks for. All faults at once, on fields "account.…". */
MUST_USE const struct error *account_draft_create(struct arena *arena,
                                                  const struct password_policy *policy,
                                                  const Roost__Accounts__V1__Account *request,
                                                  struct account_draft *ret_draft);
/* What an update makes of the account. Fields that the mask does not name stay; a mask of "*", and
 * none, replaces all but what the request leaves absent: is_active, password and mailbox. */
MUST_USE const struct error *account_draft_update(struct arena *arena,
                                                  const struct password_policy *policy,
                                                  const struct account_update *update,
                                                  struct account_draft *ret_draft);
/* The same for the person's own profile: first_name, last_name, language, phone_number,
 * secondary_email. What else the mask names is left alone. */
MUST_USE const struct error *account_draft_profile(struct arena *arena,
                                                   const struct account_update *update,
                                                   struct account_draft *ret_draft);
