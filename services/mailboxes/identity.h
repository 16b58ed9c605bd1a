/* The order of identities, and what an account and an alias look like as one. Pure. */
#pragma once

#include <stdbool.h>

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"
#include "services/common/arena/arena.h"

/* Without mailbox and quota. */
Roost__Mailboxes__V1__Identity *identity_of_account(struct arena *arena,
                                                    const Roost__Accounts__V1__Account *account);
/* Without recipients. */
Roost__Mailboxes__V1__Identity *identity_of_alias(struct arena *arena,
                                                  const Roost__Mailboxes__V1__Alias *alias);
bool identity_is_account(const Roost__Mailboxes__V1__Identity *identity);

struct identities {
    Roost__Mailboxes__V1__Identity **items;
    size_t n;
};
/* The first `limit` of two lists that are in order already: by address, an account before the alias
 * of its address; descending is the reverse. */
struct identities identity_merge(struct arena *arena, const struct identities *accounts,
                                 const struct identities *aliases, size_t limit,
                                 bool is_descending);
