#include "services/accounts/login.h"

#include "services/accounts/account.h"
#include "services/accounts/accounts_config.h"

const char *login_address(const struct call *call)
{
    return call->identity->remote_address;
}

/* One counted try. stored NULL: no such account. */
static const struct error *try_password(struct call *call, const char *username, const char *stored,
                                        const char *password, bool *ret_matches)
{
    struct accounts *accounts = call->service;
    struct throttle_try try;
    const struct error *err =
        throttle_begin(call, &accounts->throttle, username, login_address(call), &try);
    if (err) {
        return err;
    }
    bool matches;
    err = hashing_verify(&accounts->hashing, call->arena, stored, password, &matches);
    if (err) {
        return err;
    }
    err = matches ? throttle_succeed(call, &try) : throttle_fail(call, &try);
    if (err) {
        return err;
    }
    *ret_matches = matches;
    return NULL;
}

/* The login succeeds without it as well. */
static void upgrade(struct call *call, const struct account_credentials *found,
                    const char *password)
{
    struct accounts *accounts = call->service;
    char *stored;
    if (!password_is_outdated(found->password_hash, &accounts->hashing.method)) {
        return;
    }
    const struct error *err = hashing_hash(&accounts->hashing, call->arena, password, &stored);
    if (!err) {
        err = account_store_upgrade_password(call, found, stored);
    }
    (void)err;
}

const struct error *login_check(struct call *call, const char *username, const char *password,
                                struct account_credentials **ret_found)
{
    struct account_credentials *found = NULL;
    const char *fault;
    const char *canonical = account_canonical_username(call->arena, username, &fault);
    const struct error *err =
        canonical ? account_store_find_credentials(call, canonical, &found) : NULL;
    if (err) {
        return err;
    }
    bool matches;
    /* A disabled account is treated as an unknown one: a right password must not show. */
    err = try_password(call, canonical ? canonical : username,
                       found && found->is_active ? found->password_hash : NULL, password, &matches);
    if (err) {
        return err;
    }
    if (!matches) {
        return error_new(call->arena, REASON_LOGIN_FAILED, "Incorrect username or password.");
    }
    upgrade(call, found, password);
    *ret_found = found;
    return NULL;
}

const struct error *login_verify(struct call *call, const struct account_credentials *credentials,
                                 const char *password, bool *ret_matches)
{
    return try_password(call, credentials->username, credentials->password_hash, password,
                        ret_matches);
}
