/* The events of accounts. Inside the transaction of the change. Mailboxes' and quotas' own events
 * are theirs. */
#pragma once

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "services/common/rpc/call.h"

MUST_USE const struct error *account_event_created(struct call *call,
                                                   const Roost__Accounts__V1__Account *account);
/* AccountModified; RoleChanged as well if the roles differ. */
MUST_USE const struct error *account_event_modified(struct call *call,
                                                    const Roost__Accounts__V1__Account *before,
                                                    const Roost__Accounts__V1__Account *after);
MUST_USE const struct error *account_event_password(struct call *call,
                                                    const Roost__Accounts__V1__Account *account);
MUST_USE const struct error *account_event_deleted(struct call *call,
                                                   const Roost__Accounts__V1__Account *account);
/* A delete has been undone. */
MUST_USE const struct error *account_event_restored(struct call *call,
                                                    const Roost__Accounts__V1__Account *account);
/* The actor is the account itself. `login` without password; NULL: a logout. */
MUST_USE const struct error *account_event_session(struct call *call, int64_t account_id,
                                                   const char *username,
                                                   const Roost__Accounts__V1__LoginRequest *login);
/* One of the caller's own sessions. */
MUST_USE const struct error *account_event_session_ended(
    struct call *call, const Roost__Accounts__V1__Session *session);
/* Exactly one of them is NULL. */
MUST_USE const struct error *account_event_token(struct call *call,
                                                 const Roost__Accounts__V1__ApiToken *before,
                                                 const Roost__Accounts__V1__ApiToken *after);
