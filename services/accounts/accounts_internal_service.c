/* roost.accounts.v1.AccountsInternal, in the order of the proto. */
#include "proto/roost/accounts/v1/accounts.rpc.h"
#include "services/accounts/account_search.h"
#include "services/accounts/account_store.h"
#include "services/accounts/account_write.h"
#include "services/accounts/authentication.h"
#include "services/common/message/message.h"

enum { BATCH_MAX = 1000 };

const struct error *accounts_internal_authenticate(
    struct call *call, const Roost__Accounts__V1__AuthenticateRequest *req,
    Roost__Accounts__V1__AuthenticateResponse **ret_resp)
{
    const Roost__Common__V1__Identity *identity = NULL;
    const char *csrf_token = "";
    const struct error *err;
    switch (req->credential_case) {
    case ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__CREDENTIAL_TOKEN:
        err = authentication_by_token(call, req->token, &identity);
        break;
    case ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__CREDENTIAL_SESSION:
        err = authentication_by_session(call, req->session, &identity, &csrf_token);
        break;
    default:
        err = error_new(call->arena, REASON_CREDENTIALS_MISSING,
                        "Authentication credentials were not provided.");
        break;
    }
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &roost__accounts__v1__authenticate_response__descriptor);
    (*ret_resp)->identity = (Roost__Common__V1__Identity *)identity;
    (*ret_resp)->csrf_token = (char *)csrf_token;
    return NULL;
}

static const struct error *check_batch(struct call *call, const char *field, size_t n)
{
    if (n <= BATCH_MAX) {
        return NULL;
    }
    return error_on_field(call->arena, REASON_FIELD_TOO_LONG, field, "At most %d at once, not %zu.",
                          BATCH_MAX, n);
}

const struct error *accounts_internal_rewrite_addresses(
    struct call *call, const Roost__Accounts__V1__RewriteAddressesRequest *req,
    Google__Protobuf__Empty **ret_resp)
{
    const struct error *err = check_batch(call, "items", req->n_items);
    if (!err && req->n_items > 0) {
        err = account_write_rewrite(call, req);
    }
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

const struct error *accounts_internal_remove_domain_accounts(
    struct call *call, const Roost__Accounts__V1__RemoveDomainAccountsRequest *req,
    Google__Protobuf__Empty **ret_resp)
{
    const struct error *err = check_batch(call, "account_ids", req->n_account_ids);
    if (!err && req->n_account_ids > 0) {
        err = account_write_remove_domain(call, req->account_ids, req->n_account_ids);
    }
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

const struct error *accounts_internal_set_domain_closed(
    struct call *call, const Roost__Accounts__V1__SetDomainClosedRequest *req,
    Google__Protobuf__Empty **ret_resp)
{
    const struct error *err = account_store_close_domain(call, req);
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

const struct error *accounts_internal_list_identity_accounts(
    struct call *call, const Roost__Accounts__V1__ListIdentityAccountsRequest *req,
    Roost__Accounts__V1__ListAccountsResponse **ret_resp)
{
    const struct list_position after = {
        .key = pg_text("username", req->after_username),
        .id = pg_int64("id", req->after_id),
    };
    if (!req->list) {
        return error_on_field(call->arena, REASON_FIELD_REQUIRED, "list",
                              "This field is required.");
    }
    return account_search_after(call, req->list, req->_after_username_case ? &after : NULL,
                                ret_resp);
}
