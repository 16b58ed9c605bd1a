/*
 * Accounts in the database: one function per statement. Those that write run inside or outside of a
 * transaction; the transactions are in account_write.h.
 */
#pragma once

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "proto/roost/accounts/v1/accounts_internal.pb-c.h"
#include "services/common/pg/pg.h"
#include "services/common/rpc/call.h"

/* What a login is checked against. */
struct account_credentials {
    int64_t id;
    const char *username;
    const char *role;
    bool is_active;
    const char *password_hash;
    int64_t session_epoch;
};

/* ACCOUNT_NOT_FOUND if there is no active row. The mailbox is not attached. */
MUST_USE const struct error *account_store_get(struct call *call, int64_t id,
                                               Roost__Accounts__V1__Account **ret_account);
/* *ret_found is NULL if there is none. */
MUST_USE const struct error *account_store_find_credentials(struct call *call, const char *username,
                                                            struct account_credentials **ret_found);
MUST_USE const struct error *account_store_get_credentials(struct call *call, int64_t id,
                                                           struct account_credentials **ret_found);
MUST_USE const struct error *account_store_close_domain(
    struct call *call, const Roost__Accounts__V1__SetDomainClosedRequest *req);
MUST_USE const struct error *account_store_exists(struct call *call, const char *email,
                                                  bool *ret_exists);
/* "" if nobody has this name; else pending, active, deleting, or deleted where it can still be
 * restored. */
MUST_USE const struct error *account_store_username_state(struct call *call, const char *username,
                                                          const char **ret_state);
MUST_USE const struct error *account_store_state(struct call *call, int64_t id,
                                                 const char **ret_state);

/* ACCOUNT_EXISTS on account.username. */
MUST_USE const struct error *account_store_insert(struct call *call,
                                                  const Roost__Accounts__V1__Account *account,
                                                  const char *password_hash, const char *state,
                                                  Roost__Accounts__V1__Account **ret_account);

struct account_row_update {
    const Roost__Accounts__V1__Account *account;
    const char *password_hash; /* NULL or "": unchanged */
    const char *guard;         /* that the row must have; it has none afterwards */
    bool ends_sessions;
};
/* *ret_account is NULL if there is no active row with this guard. ACCOUNT_EXISTS as above. */
MUST_USE const struct error *account_store_update(struct call *call,
                                                  const struct account_row_update *update,
                                                  Roost__Accounts__V1__Account **ret_account);

/* Locks an active row. *ret_etag is NULL if there is none. */
MUST_USE const struct error *account_store_lock(struct call *call, int64_t id,
                                                const char **ret_etag, const char **ret_guard);
/* Refused (false) if the row is not active or has a guard. */
MUST_USE const struct error *account_store_set_guard(struct call *call, int64_t id,
                                                     const char *guard, bool *ret_set);
MUST_USE const struct error *account_store_clear_guard(struct call *call, int64_t id,
                                                       const char *guard);
/* Holds a user name for an account until it is released. ACCOUNT_EXISTS as above. */
MUST_USE const struct error *account_store_reserve_username(struct call *call, int64_t id,
                                                            const char *username);
MUST_USE const struct error *account_store_release_username(struct call *call, int64_t id,
                                                            const char *username);

/* Changes of state, where the row is in the state before. */
MUST_USE const struct error *account_store_activate(struct call *call, int64_t id, bool *ret_done);
MUST_USE const struct error *account_store_mark_deleting(struct call *call, int64_t id,
                                                         bool *ret_done);
/* Locks the row of whatever state; *ret_state is "" if there is none. */
MUST_USE const struct error *account_store_lock_deleted(struct call *call, int64_t id,
                                                        const char **ret_state);
/* Back from deleting to active. Its sessions of before are void. */
MUST_USE const struct error *account_store_restore(struct call *call, int64_t id, bool *ret_done);
MUST_USE const struct error *account_store_mark_aborted(struct call *call, int64_t id);
/* Removes a row that is marked. */
MUST_USE const struct error *account_store_remove(struct call *call, int64_t id);

/* Active super administrators other than this account, not counting those whose row has a guard.
 * Until the end of the transaction nobody else counts. */
MUST_USE const struct error *account_store_count_other_super_admins(struct call *call, int64_t id,
                                                                    int64_t *ret_n);

/* Moves the session epoch on. *ret_epoch is 0 if there is no active row. */
MUST_USE const struct error *account_store_set_password(struct call *call, int64_t id,
                                                        const char *password_hash,
                                                        int64_t *ret_epoch);
/* Unless it has changed since. */
MUST_USE const struct error *account_store_upgrade_password(
    struct call *call, const struct account_credentials *credentials, const char *password_hash);
/* Sets last_login. *ret_done is false if the account is disabled or gone by now. */
MUST_USE const struct error *account_store_record_login(struct call *call, int64_t id,
                                                        bool *ret_done);

/* One batch of a domain's rename or removal, in order of the ids. */
MUST_USE const struct error *account_store_lock_some(struct call *call, const int64_t *ids,
                                                     size_t n_ids, size_t *ret_n,
                                                     Roost__Accounts__V1__Account ***ret_accounts);
MUST_USE const struct error *account_store_count_guarded(struct call *call, const int64_t *ids,
                                                         size_t n_ids, int64_t *ret_n);
struct account_rewrites {
    size_t n;
    const int64_t *ids;
    const char *const *old_addresses;
    const char *const *new_addresses;
};
/* The rows that changed, as they are now. */
MUST_USE const struct error *account_store_rewrite(struct call *call,
                                                   const struct account_rewrites *rewrites,
                                                   size_t *ret_n,
                                                   Roost__Accounts__V1__Account ***ret_accounts);
/* Removes the SimpleUsers among them. */
MUST_USE const struct error *account_store_remove_simple(struct call *call, const int64_t *ids,
                                                         size_t n_ids);
/* Empties the e-mail address of the others. */
MUST_USE const struct error *account_store_detach_mailboxes(struct call *call, const int64_t *ids,
                                                            size_t n_ids);
