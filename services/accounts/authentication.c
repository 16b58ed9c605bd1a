#include "services/accounts/authentication.h"

#include <string.h>

#include "services/accounts/account_store.h"
#include "services/accounts/accounts_config.h"
#include "services/accounts/session.h"
#include "services/accounts/token_store.h"
#include "services/common/message/message.h"

static const struct error *invalid(struct call *call, const char *detail)
{
    return error_new(call->arena, REASON_CREDENTIALS_INVALID, "%s", detail);
}

static const struct error *disabled(struct call *call)
{
    return error_new(call->arena, REASON_ACCOUNT_DISABLED, "User inactive or deleted.");
}

static Roost__Common__V1__Identity *new_identity(struct call *call, int64_t account_id,
                                                 const char *username, const char *role)
{
    Roost__Common__V1__Identity *identity =
        message_new(call->arena, &roost__common__v1__identity__descriptor);
    identity->account_id = account_id;
    identity->username = (char *)username;
    identity->role = (char *)role;
    return identity;
}

static const struct error *by_key(struct call *call, const char *token,
                                  const Roost__Common__V1__Identity **ret_identity)
{
    struct token_owner owner;
    bool is_found;
    const struct error *err = token_store_find_owner(call, token, &owner, &is_found);
    if (err) {
        return err;
    }
    if (!is_found || owner.is_expired) {
        return invalid(call, is_found ? "Token has expired." : "Invalid token.");
    }
    if (!owner.is_active) {
        return disabled(call);
    }
    if (owner.is_unseen) {
        err = token_store_touch(call, owner.token_id);
        if (err) {
            return err;
        }
    }
    Roost__Common__V1__Identity *identity =
        new_identity(call, owner.account_id, owner.username, owner.role);
    identity->token_id = owner.token_id;
    *ret_identity = identity;
    return NULL;
}

const struct error *authentication_by_session(struct call *call, const char *cookie,
                                              const Roost__Common__V1__Identity **ret_identity,
                                              const char **ret_csrf_token)
{
    const struct accounts *accounts = call->service;
    struct session session;
    bool is_found;
    const struct error *err = session_find(call, &accounts->session, cookie, &session, &is_found);
    if (err) {
        return err;
    }
    if (!is_found) {
        return invalid(call, "The session has ended.");
    }
    struct account_credentials *account;
    err = account_store_get_credentials(call, session.account_id, &account);
    if (err) {
        return err;
    }
    if (!account || !account->is_active) {
        return disabled(call);
    }
    if (account->session_epoch != session.epoch) {
        return invalid(call, "The session has ended.");
    }
    Roost__Common__V1__Identity *identity =
        new_identity(call, account->id, account->username, account->role);
    identity->session_id = (char *)session.public_id;
    *ret_identity = identity;
    *ret_csrf_token = session.csrf_token;
    return NULL;
}

const struct error *authentication_by_token(struct call *call, const char *token,
                                            const Roost__Common__V1__Identity **ret_identity)
{
    if (strlen(token) == 2 * TOKEN_KEY_BYTES) {
        return by_key(call, token, ret_identity);
    }
    /* Sent by hand and not by a browser, so it needs no CSRF token. */
    const char *csrf_token;
    if (strlen(token) == SESSION_COOKIE_LENGTH) {
        return authentication_by_session(call, token, ret_identity, &csrf_token);
    }
    return invalid(call, "Invalid token.");
}
