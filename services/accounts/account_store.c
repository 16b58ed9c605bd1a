#include "services/accounts/account_store.h"

#include <string.h>

#include "services/accounts/sql/accounts.sql.h"

static const struct pg_constraint constraints[] = {
    {"account_username_key", REASON_ACCOUNT_EXISTS, "account.username",
     "A user with that username already exists."},
};

static const struct error *explain(struct call *call, const struct error *err)
{
    return pg_explain(call->arena, err, constraints, sizeof constraints / sizeof *constraints);
}

static const struct error *get_account(struct call *call, const struct pg_statement *stmt,
                                       const struct pg_args *args,
                                       Roost__Accounts__V1__Account **ret_account)
{
    ProtobufCMessage *message;
    const struct error *err =
        pg_get(call->pg, stmt, args, &roost__accounts__v1__account__descriptor, &message);
    if (err) {
        return explain(call, err);
    }
    *ret_account = (Roost__Accounts__V1__Account *)message;
    return NULL;
}

static const struct error *all_accounts(struct call *call, const struct pg_statement *stmt,
                                        const struct pg_args *args, size_t *ret_n,
                                        Roost__Accounts__V1__Account ***ret_accounts)
{
    ProtobufCMessage **messages;
    const struct error *err =
        pg_all(call->pg, stmt, args, &roost__accounts__v1__account__descriptor, ret_n, &messages);
    if (err) {
        return err;
    }
    *ret_accounts = (Roost__Accounts__V1__Account **)messages;
    return NULL;
}

/* Whether a statement met its row. */
static const struct error *run_one(struct call *call, const struct pg_statement *stmt,
                                   const struct pg_args *args, bool *ret_done)
{
    int64_t n_rows;
    const struct error *err = pg_run(call->pg, stmt, args, &n_rows);
    if (err) {
        return explain(call, err);
    }
    *ret_done = n_rows == 1;
    return NULL;
}

/* The first value, NULL if there is no row. */
static const struct error *get_value(struct call *call, const struct pg_statement *stmt,
                                     const struct pg_args *args, const char **ret_value)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, stmt, args, &rows);
    if (err) {
        return err;
    }
    *ret_value = rows.n_rows > 0 ? pg_value(&rows, 0, 0) : NULL;
    return NULL;
}

const struct error *account_store_get(struct call *call, int64_t id,
                                      Roost__Accounts__V1__Account **ret_account)
{
    Roost__Accounts__V1__Account *account;
    const struct error *err =
        get_account(call, &accounts_sql_account_get, PG_ARGS(NULL, pg_int64("id", id)), &account);
    if (err) {
        return err;
    }
    if (!account) {
        return error_new(call->arena, REASON_ACCOUNT_NOT_FOUND, "There is no account %lld.",
                         (long long)id);
    }
    *ret_account = account;
    return NULL;
}

static const struct error *get_credentials(struct call *call, const struct pg_statement *stmt,
                                           const struct pg_args *args,
                                           struct account_credentials **ret_found)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, stmt, args, &rows);
    if (err) {
        return err;
    }
    *ret_found = NULL;
    if (rows.n_rows == 1) {
        struct account_credentials *found = arena_alloc(call->arena, sizeof *found);
        *found = (struct account_credentials){.id = pg_value_int64(&rows, 0, 0),
                                              .username = pg_value(&rows, 0, 1),
                                              .role = pg_value(&rows, 0, 2),
                                              .is_active = pg_value_bool(&rows, 0, 3),
                                              .password_hash = pg_value(&rows, 0, 4),
                                              .session_epoch = pg_value_int64(&rows, 0, 5)};
        *ret_found = found;
    }
    return NULL;
}

const struct error *account_store_find_credentials(struct call *call, const char *username,
                                                   struct account_credentials **ret_found)
{
    return get_credentials(call, &accounts_sql_credentials_by_username,
                           PG_ARGS(NULL, pg_text("username", username)), ret_found);
}

const struct error *account_store_get_credentials(struct call *call, int64_t id,
                                                  struct account_credentials **ret_found)
{
    return get_credentials(call, &accounts_sql_credentials_by_id, PG_ARGS(NULL, pg_int64("id", id)),
                           ret_found);
}

const struct error *account_store_close_domain(
    struct call *call, const Roost__Accounts__V1__SetDomainClosedRequest *req)
{
    return pg_run(call->pg, &accounts_sql_closed_domain_put, PG_MESSAGE(&req->base), NULL);
}

const struct error *account_store_exists(struct call *call, const char *email, bool *ret_exists)
{
    const char *value;
    const struct error *err = get_value(call, &accounts_sql_account_exists,
                                        PG_ARGS(NULL, pg_text("email", email)), &value);
    if (err) {
        return err;
    }
    *ret_exists = value && *value == 't';
    return NULL;
}

static const struct error *get_state(struct call *call, const struct pg_statement *stmt,
                                     const struct pg_args *args, const char **ret_state)
{
    const char *value;
    const struct error *err = get_value(call, stmt, args, &value);
    if (err) {
        return err;
    }
    *ret_state = value ? value : "";
    return NULL;
}

const struct error *account_store_username_state(struct call *call, const char *username,
                                                 const char **ret_state)
{
    return get_state(call, &accounts_sql_username_state,
                     PG_ARGS(NULL, pg_text("username", username)), ret_state);
}

const struct error *account_store_state(struct call *call, int64_t id, const char **ret_state)
{
    return get_state(call, &accounts_sql_account_state, PG_ARGS(NULL, pg_int64("id", id)),
                     ret_state);
}

const struct error *account_store_insert(struct call *call,
                                         const Roost__Accounts__V1__Account *account,
                                         const char *password_hash, const char *state,
                                         Roost__Accounts__V1__Account **ret_account)
{
    return get_account(
        call, &accounts_sql_account_insert,
        PG_ARGS(&account->base, pg_text("password_hash", password_hash), pg_text("state", state)),
        ret_account);
}

const struct error *account_store_update(struct call *call, const struct account_row_update *update,
                                         Roost__Accounts__V1__Account **ret_account)
{
    return get_account(
        call, &accounts_sql_account_update,
        PG_ARGS(&update->account->base, pg_text_or_null("password_hash", update->password_hash),
                pg_text("guard", update->guard), pg_bool("ends_sessions", update->ends_sessions)),
        ret_account);
}

const struct error *account_store_lock(struct call *call, int64_t id, const char **ret_etag,
                                       const char **ret_guard)
{
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, &accounts_sql_account_lock, PG_ARGS(NULL, pg_int64("id", id)), &rows);
    if (err) {
        return err;
    }
    *ret_etag = rows.n_rows == 1 ? pg_value(&rows, 0, 0) : NULL;
    *ret_guard = rows.n_rows == 1 ? pg_value(&rows, 0, 1) : "";
    return NULL;
}

const struct error *account_store_set_guard(struct call *call, int64_t id, const char *guard,
                                            bool *ret_set)
{
    return run_one(call, &accounts_sql_account_set_guard,
                   PG_ARGS(NULL, pg_int64("id", id), pg_text("guard", guard)), ret_set);
}

const struct error *account_store_clear_guard(struct call *call, int64_t id, const char *guard)
{
    return pg_run(call->pg, &accounts_sql_account_clear_guard,
                  PG_ARGS(NULL, pg_int64("id", id), pg_text("guard", guard)), NULL);
}

const struct error *account_store_reserve_username(struct call *call, int64_t id,
                                                   const char *username)
{
    const struct error *err =
        pg_run(call->pg, &accounts_sql_username_reserve,
               PG_ARGS(NULL, pg_text("username", username), pg_int64("account_id", id)), NULL);
    return explain(call, err);
}

const struct error *account_store_release_username(struct call *call, int64_t id,
                                                   const char *username)
{
    return pg_run(call->pg, &accounts_sql_username_release,
                  PG_ARGS(NULL, pg_text("username", username), pg_int64("account_id", id)), NULL);
}

const struct error *account_store_activate(struct call *call, int64_t id, bool *ret_done)
{
    return run_one(call, &accounts_sql_account_activate, PG_ARGS(NULL, pg_int64("id", id)),
                   ret_done);
}

const struct error *account_store_mark_deleting(struct call *call, int64_t id, bool *ret_done)
{
    return run_one(call, &accounts_sql_account_mark_deleting, PG_ARGS(NULL, pg_int64("id", id)),
                   ret_done);
}

const struct error *account_store_lock_deleted(struct call *call, int64_t id,
                                               const char **ret_state)
{
    return get_state(call, &accounts_sql_account_lock_deleted, PG_ARGS(NULL, pg_int64("id", id)),
                     ret_state);
}

const struct error *account_store_restore(struct call *call, int64_t id, bool *ret_done)
{
    return run_one(call, &accounts_sql_account_restore, PG_ARGS(NULL, pg_int64("id", id)),
                   ret_done);
}

const struct error *account_store_mark_aborted(struct call *call, int64_t id)
{
    return pg_run(call->pg, &accounts_sql_account_mark_aborted, PG_ARGS(NULL, pg_int64("id", id)),
                  NULL);
}

const struct error *account_store_remove(struct call *call, int64_t id)
{
    return pg_run(call->pg, &accounts_sql_account_remove, PG_ARGS(NULL, pg_int64("id", id)), NULL);
}

const struct error *account_store_count_other_super_admins(struct call *call, int64_t id,
                                                           int64_t *ret_n)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &accounts_sql_super_admins_lock, NULL, &rows);
    if (err) {
        return err;
    }
    err = pg_query(call->pg, &accounts_sql_super_admins_others, PG_ARGS(NULL, pg_int64("id", id)),
                   &rows);
    if (err) {
        return err;
    }
    *ret_n = pg_value_int64(&rows, 0, 0);
    return NULL;
}

const struct error *account_store_set_password(struct call *call, int64_t id,
                                               const char *password_hash, int64_t *ret_epoch)
{
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, &accounts_sql_account_set_password,
                 PG_ARGS(NULL, pg_int64("id", id), pg_text("password_hash", password_hash)), &rows);
    if (err) {
        return err;
    }
    *ret_epoch = rows.n_rows == 1 ? pg_value_int64(&rows, 0, 0) : 0;
    return NULL;
}

const struct error *account_store_upgrade_password(struct call *call,
                                                   const struct account_credentials *credentials,
                                                   const char *password_hash)
{
    return pg_run(call->pg, &accounts_sql_password_upgrade,
                  PG_ARGS(NULL, pg_int64("id", credentials->id),
                          pg_text("password_hash", password_hash),
                          pg_text("old_password_hash", credentials->password_hash)),
                  NULL);
}

const struct error *account_store_record_login(struct call *call, int64_t id, bool *ret_done)
{
    return run_one(call, &accounts_sql_login_record, PG_ARGS(NULL, pg_int64("id", id)), ret_done);
}

const struct error *account_store_lock_some(struct call *call, const int64_t *ids, size_t n_ids,
                                            size_t *ret_n,
                                            Roost__Accounts__V1__Account ***ret_accounts)
{
    return all_accounts(call, &accounts_sql_account_lock_some,
                        PG_ARGS(NULL, pg_int64s("ids", ids, n_ids)), ret_n, ret_accounts);
}

const struct error *account_store_count_guarded(struct call *call, const int64_t *ids, size_t n_ids,
                                                int64_t *ret_n)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &accounts_sql_account_count_guarded,
                                       PG_ARGS(NULL, pg_int64s("ids", ids, n_ids)), &rows);
    if (err) {
        return err;
    }
    *ret_n = pg_value_int64(&rows, 0, 0);
    return NULL;
}

const struct error *account_store_rewrite(struct call *call,
                                          const struct account_rewrites *rewrites, size_t *ret_n,
                                          Roost__Accounts__V1__Account ***ret_accounts)
{
    return all_accounts(call, &accounts_sql_addresses_rewrite,
                        PG_ARGS(NULL, pg_int64s("ids", rewrites->ids, rewrites->n),
                                pg_texts("old_addresses", rewrites->old_addresses, rewrites->n),
                                pg_texts("new_addresses", rewrites->new_addresses, rewrites->n)),
                        ret_n, ret_accounts);
}

const struct error *account_store_remove_simple(struct call *call, const int64_t *ids, size_t n_ids)
{
    return pg_run(call->pg, &accounts_sql_accounts_remove,
                  PG_ARGS(NULL, pg_int64s("ids", ids, n_ids)), NULL);
}

const struct error *account_store_detach_mailboxes(struct call *call, const int64_t *ids,
                                                   size_t n_ids)
{
    return pg_run(call->pg, &accounts_sql_mailboxes_detach,
                  PG_ARGS(NULL, pg_int64s("ids", ids, n_ids)), NULL);
}
