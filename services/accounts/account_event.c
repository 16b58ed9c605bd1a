#include "services/accounts/account_event.h"

#include <string.h>

#include "services/common/outbox/outbox.h"

static const struct error *append(struct call *call, const char *type,
                                  const Roost__Accounts__V1__Account *before,
                                  const Roost__Accounts__V1__Account *after)
{
    return outbox_append(call, &(struct outbox_event){.type = type,
                                                      .object_type = "account",
                                                      .object_id = after ? after->id : before->id,
                                                      .before = before ? &before->base : NULL,
                                                      .after = after ? &after->base : NULL});
}

const struct error *account_event_created(struct call *call,
                                          const Roost__Accounts__V1__Account *account)
{
    return append(call, "AccountCreated", NULL, account);
}

const struct error *account_event_modified(struct call *call,
                                           const Roost__Accounts__V1__Account *before,
                                           const Roost__Accounts__V1__Account *after)
{
    const struct error *err = append(call, "AccountModified", before, after);
    if (err || strcmp(before->role, after->role) == 0) {
        return err;
    }
    return append(call, "RoleChanged", before, after);
}

const struct error *account_event_password(struct call *call,
                                           const Roost__Accounts__V1__Account *account)
{
    return append(call, "PasswordChange", NULL, account);
}

const struct error *account_event_deleted(struct call *call,
                                          const Roost__Accounts__V1__Account *account)
{
    return append(call, "AccountDeleted", account, NULL);
}

const struct error *account_event_restored(struct call *call,
                                           const Roost__Accounts__V1__Account *account)
{
    return append(call, "AccountRestored", NULL, account);
}

const struct error *account_event_session_ended(struct call *call,
                                                const Roost__Accounts__V1__Session *session)
{
    return outbox_append(call, &(struct outbox_event){.type = "SessionEnded",
                                                      .object_type = "account",
                                                      .object_id = call->identity->account_id,
                                                      .before = &session->base});
}

const struct error *account_event_session(struct call *call, int64_t account_id,
                                          const char *username,
                                          const Roost__Accounts__V1__LoginRequest *login)
{
    Roost__Common__V1__Identity identity = *call->identity;
    identity.account_id = account_id;
    identity.username = (char *)username;
    struct call as_account = *call;
    as_account.identity = &identity;
    return outbox_append(&as_account,
                         &(struct outbox_event){.type = login ? "UserLogin" : "UserLogout",
                                                .object_type = "account",
                                                .object_id = account_id,
                                                .after = login ? &login->base : NULL});
}

const struct error *account_event_token(struct call *call,
                                        const Roost__Accounts__V1__ApiToken *before,
                                        const Roost__Accounts__V1__ApiToken *after)
{
    return outbox_append(
        call, &(struct outbox_event){.type = after ? "ApiTokenCreated" : "ApiTokenRevoked",
                                     .object_type = "api_token",
                                     .object_id = after ? after->id : before->id,
                                     .before = before ? &before->base : NULL,
                                     .after = after ? &after->base : NULL});
}
