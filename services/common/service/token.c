#include "services/common/service/token.h"

#include "proto/roost/accounts/v1/accounts_internal.pb-c.h"

const struct error *token_ask_accounts(struct call *call, const char *token,
                                       const Roost__Common__V1__Identity **ret_identity)
{
    static const struct rpc_method method = {
        .path = "/roost.accounts.v1.AccountsInternal/Authenticate",
        .request = &roost__accounts__v1__authenticate_request__descriptor,
        .response = &roost__accounts__v1__authenticate_response__descriptor,
    };
    Roost__Accounts__V1__AuthenticateRequest request =
        ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__INIT;
    request.credential_case = ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__CREDENTIAL_TOKEN;
    request.token = (char *)token;
    ProtobufCMessage *answer;
    const struct error *err = rpc_call(call, &method, &request.base, &answer);
    if (err) {
        return err;
    }
    const Roost__Accounts__V1__AuthenticateResponse *response =
        (const Roost__Accounts__V1__AuthenticateResponse *)answer;
    if (!response->identity) {
        return error_internal(call->arena, "accounts answered without an identity");
    }
    *ret_identity = response->identity;
    return NULL;
}
