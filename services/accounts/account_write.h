/*
 * The transactions that change accounts, each with its events, its saga and its entry in the
 * request log. Work in other services happens before or after them, never inside.
 */
#pragma once

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "proto/roost/accounts/v1/accounts_internal.pb-c.h"
#include "proto/roost/accounts/v1/accounts_private.pb-c.h"
#include "services/common/rpc/call.h"

/* A new account. */
struct account_creation {
    const Roost__Accounts__V1__CreateAccountRequest *req; /* NULL: not a request; no log entry */
    const Roost__Accounts__V1__Account *account;
    const char *password_hash;
    Roost__Accounts__V1__MailboxChange *mailbox; /* NULL: none */
    /* Set by account_write_create. */
    Roost__Accounts__V1__Account *replayed; /* the answer given before; nothing else is set then */
    Roost__Accounts__V1__Account *created;
    int64_t abort_saga_id;
    /* Set by account_write_activate. */
    int64_t confirm_saga_id;
};

/* Inserts the account: active, or with a mailbox to come pending, with a saga that undoes it unless
 * it is activated in time. ACCOUNT_EXISTS; REQUEST_IN_PROGRESS while the name is held by an
 * unfinished write. */
MUST_USE const struct error *account_write_create(struct call *call,
                                                  struct account_creation *creation);
/* The mailbox is reserved (creation->created->mailbox): makes the account active. */
MUST_USE const struct error *account_write_activate(struct call *call,
                                                    struct account_creation *creation);
/* Marks what was not activated. *ret_is_active: it has been. */
MUST_USE const struct error *account_write_abort(struct call *call,
                                                 const Roost__Accounts__V1__AbortSaga *saga,
                                                 bool *ret_is_active);
/* Removes what was marked, and the entry of its request. */
MUST_USE const struct error *account_write_forget(struct call *call, int64_t account_id,
                                                  const Roost__Accounts__V1__RequestKey *request);

MUST_USE const struct error *account_write_forget_request(
    struct call *call, const Roost__Accounts__V1__RequestKey *request);

/* A changed account. */
struct account_change {
    const Roost__Accounts__V1__UpdateAccountRequest
        *req; /* NULL: not a request with a request_id */
    Roost__Accounts__V1__ChangeSaga *saga;
    /* Set by account_write_change, _begin_change and _apply_change. */
    Roost__Accounts__V1__Account *replayed;
    Roost__Accounts__V1__Account *changed;
    int64_t saga_id;
    int64_t confirm_saga_id;  /* 0: there is nothing to confirm */
    int64_t sessions_saga_id; /* 0: there are none to end */
};

/* Whether the person must log in again after it. */
bool account_change_ends_sessions(const struct account_change *change);
/* A change of the account only. ETAG_MISMATCH if it is no longer as saga->before;
 * REQUEST_IN_PROGRESS while it has a guard; LAST_SUPER_ADMIN; ACCOUNT_EXISTS. */
MUST_USE const struct error *account_write_change(struct call *call, struct account_change *change);
/* A change that goes with one of the mailbox: reserves the new name, sets the guard and begins the
 * saga. Fails as account_write_change does; what it has let pass is not refused later. */
MUST_USE const struct error *account_write_begin_change(struct call *call,
                                                        struct account_change *change);
/* What the mailbox has become: its address is the account's, also where the domain has been renamed
 * meanwhile. */
void account_change_settle(struct account_change *change,
                           Roost__Accounts__V1__AccountMailbox *mailbox);
/* The mailbox is changed: now the account. *ret_done is false if somebody else has done or dropped
 * it. */
MUST_USE const struct error *account_write_apply_change(struct call *call,
                                                        struct account_change *change,
                                                        bool *ret_done);
/* The mailbox's change was refused. */
MUST_USE const struct error *account_write_drop_change(struct call *call,
                                                       const struct account_change *change);

/* A deleted account. */
struct account_deletion {
    const Roost__Accounts__V1__DeleteAccountRequest *req;
    bool is_replayed;
    int64_t saga_id;          /* 0: there is nothing to do now */
    int64_t sessions_saga_id; /* 0: there are none to end, or saga_id does it */
};
/* Gone for everybody; the mailbox is left to the saga, and so is the row while it can be restored.
 * OWN_ACCOUNT, LAST_SUPER_ADMIN, ETAG_MISMATCH, REQUEST_IN_PROGRESS. */
MUST_USE const struct error *account_write_delete(struct call *call,
                                                  struct account_deletion *deletion);
/* The deleted account is active again, and its saga gone. ACCOUNT_NOT_FOUND, DELETE_FINAL. */
MUST_USE const struct error *account_write_restore(
    struct call *call, const Roost__Accounts__V1__RestoreAccountRequest *req);

/* A new password. */
struct account_password {
    int64_t id;
    const char *hash;
    /* Set by account_write_password. */
    int64_t epoch;            /* of the sessions that go on */
    int64_t sessions_saga_id; /* 0: there are none to end */
};
/* Sets it. Event: PasswordChange. */
MUST_USE const struct error *account_write_password(struct call *call,
                                                    struct account_password *password);
/* One batch of a domain's rename or removal. */
MUST_USE const struct error *account_write_rewrite(
    struct call *call, const Roost__Accounts__V1__RewriteAddressesRequest *req);
MUST_USE const struct error *account_write_remove_domain(struct call *call, const int64_t *ids,
                                                         size_t n_ids);
