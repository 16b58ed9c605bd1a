#include "services/accounts/account_check.h"

#include <string.h>

#include "services/accounts/account_store.h"

enum { RETRY_AFTER_MS = 2000 };

static const struct error *in_progress(struct call *call)
{
    const struct error *err =
        error_new(call->arena, REASON_REQUEST_IN_PROGRESS,
                  "Another change of this account is not finished; try again in a few seconds.");
    return error_with_retry_after(call->arena, err, RETRY_AFTER_MS);
}

const struct error *account_check_own(struct call *call, int64_t *ret_id)
{
    if (call->identity->account_id == 0) {
        return error_new(call->arena, REASON_ACCOUNT_NOT_FOUND, "The caller is no account.");
    }
    *ret_id = call->identity->account_id;
    return NULL;
}

const struct error *account_check_lock(struct call *call, int64_t id, const char *etag)
{
    const char *current;
    const char *guard;
    const struct error *err = account_store_lock(call, id, &current, &guard);
    if (err) {
        return err;
    }
    if (!current) {
        return error_new(call->arena, REASON_ACCOUNT_NOT_FOUND, "There is no account %lld.",
                         (long long)id);
    }
    if (*guard) {
        return in_progress(call);
    }
    if (*etag && strcmp(etag, current) != 0) {
        return error_new(call->arena, REASON_ETAG_MISMATCH,
                         "The account has changed: its etag is %s, not %s.", current, etag);
    }
    return NULL;
}

const struct error *account_check_no_guard(struct call *call, const int64_t *ids, size_t n_ids)
{
    int64_t n;
    const struct error *err = account_store_count_guarded(call, ids, n_ids, &n);
    return err || n == 0 ? err : in_progress(call);
}

const struct error *account_check_super_admins(struct call *call, int64_t id)
{
    int64_t n;
    const struct error *err = account_store_count_other_super_admins(call, id, &n);
    if (err || n > 0) {
        return err;
    }
    return error_new(call->arena, REASON_LAST_SUPER_ADMIN,
                     "This is the last enabled super administrator.");
}

const struct error *account_check_taken(struct call *call, const struct error *err,
                                        const char *username)
{
    const char *state;
    if (!error_is(err, REASON_ACCOUNT_EXISTS)) {
        return err;
    }
    const struct error *state_err = account_store_username_state(call, username, &state);
    if (state_err || strcmp(state, "active") == 0) {
        return state_err ? state_err : err;
    }
    if (strcmp(state, "deleted") == 0) {
        return error_on_field(call->arena, REASON_ACCOUNT_EXISTS, "account.username",
                              "A deleted user has that username and can still be restored.");
    }
    err = error_new(
        call->arena, REASON_REQUEST_IN_PROGRESS,
        "The user name is held by a write that is not finished; try again in a few seconds.");
    return error_with_retry_after(call->arena, err, RETRY_AFTER_MS);
}
