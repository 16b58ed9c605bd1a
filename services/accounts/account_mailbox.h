/*
 * An account's mailbox and quota, which the services mailboxes and quotas own. All functions call
 * them and are never used inside a transaction; if they cannot be reached the error is
 * SERVICE_UNAVAILABLE.
 */
#pragma once

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "proto/roost/accounts/v1/accounts_private.pb-c.h"
#include "services/accounts/account.h"
#include "services/common/rpc/call.h"

/* Sets `mailbox` of the accounts that have one: one call to each service for all of them, none if
 * none has. */
MUST_USE const struct error *account_mailbox_attach(struct call *call,
                                                    Roost__Accounts__V1__Account *const *accounts,
                                                    size_t n_accounts);
/* The same for one account, with the id of the mailbox's domain (0 without mailbox). */
MUST_USE const struct error *account_mailbox_attach_one(struct call *call,
                                                        Roost__Accounts__V1__Account *account,
                                                        int64_t *ret_domain_id);

/* What must happen to give `before` (NULL: a new account) the mailbox that `draft` wishes;
 * *ret_change is NULL if nothing. DOMAIN_NOT_FOUND, RENAME_IN_PROGRESS, FIELD_INVALID for a relay
 * domain. */
struct account_mailbox_state {
    const Roost__Accounts__V1__Account *before;
    int64_t domain_id;
};
MUST_USE const struct error *account_mailbox_plan(struct call *call,
                                                  const struct account_mailbox_state *state,
                                                  const struct account_draft *draft,
                                                  Roost__Accounts__V1__MailboxChange **ret_change);
/* The address that a change leads to. */
char *account_mailbox_address(struct arena *arena,
                              const Roost__Accounts__V1__MailboxChange *change);

/* Carries a change out, all of it or, if it is refused, nothing; what is created stays invisible
 * until confirmed. Idempotent. `before` is the mailbox until now (NULL: none), *ret_mailbox what it
 * is then. Field faults are on "account.mailbox.…". */
MUST_USE const struct error *account_mailbox_change(
    struct call *call, int64_t account_id, const Roost__Accounts__V1__MailboxChange *change,
    const Roost__Accounts__V1__AccountMailbox *before,
    Roost__Accounts__V1__AccountMailbox **ret_mailbox);
/* Whether an error of account_mailbox_change is final: trying again would not help. */
bool account_mailbox_is_refusal(const struct error *err);

/* Confirms, gives back, ends the open sessions, or deletes. Idempotent. */
MUST_USE const struct error *account_mailbox_confirm(struct call *call, int64_t account_id,
                                                     int64_t mailbox_id);
/* Confirms what is still reserved for an account that exists: its creation was interrupted, and the
 * finisher has not come to it yet. */
MUST_USE const struct error *account_mailbox_confirm_reserved(struct call *call,
                                                              int64_t account_id);
MUST_USE const struct error *account_mailbox_release(
    struct call *call, int64_t account_id, const Roost__Accounts__V1__MailboxChange *change);
MUST_USE const struct error *account_mailbox_end_sessions(struct call *call, int64_t account_id);
MUST_USE const struct error *account_mailbox_delete(struct call *call, int64_t account_id,
                                                    bool keepdir);
