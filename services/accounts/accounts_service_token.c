/* The methods on API tokens of roost.accounts.v1.Accounts, in the order of the proto. */
#include <string.h>

#include "proto/roost/accounts/v1/accounts.rpc.h"
#include "services/accounts/account_check.h"
#include "services/accounts/accounts_config.h"
#include "services/accounts/secret.h"
#include "services/accounts/token_store.h"
#include "services/common/clock/clock.h"
#include "services/common/message/json_time.h"
#include "services/common/message/message.h"

const struct error *accounts_list_api_tokens(struct call *call,
                                             const Roost__Accounts__V1__ListApiTokensRequest *req,
                                             Roost__Accounts__V1__ListApiTokensResponse **ret_resp)
{
    int64_t account_id;
    const struct list_request request = {.page_size = req->page_size,
                                         .page_token = req->page_token};
    struct list_page page;
    const struct error *err = account_check_own(call, &account_id);
    if (!err) {
        err = token_store_list(call, account_id, &request, &page);
    }
    if (err) {
        return err;
    }
    Roost__Accounts__V1__ListApiTokensResponse *resp =
        message_new(call->arena, &roost__accounts__v1__list_api_tokens_response__descriptor);
    resp->api_tokens = (Roost__Accounts__V1__ApiToken **)page.messages;
    resp->n_api_tokens = page.n;
    resp->next_page_token = page.next_page_token;
    *ret_resp = resp;
    return NULL;
}

static const struct error *check_token(struct call *call,
                                       const Roost__Accounts__V1__ApiToken *token)
{
    const struct error *err = NULL;
    if (!token || *token->name == '\0') {
        return error_on_field(call->arena, REASON_FIELD_REQUIRED, "api_token.name",
                              "This field is required.");
    }
    if (strpbrk(token->name, "\t\n")) {
        err = error_add_field(call->arena, err, REASON_FIELD_INVALID, "api_token.name",
                              "Control characters are not allowed.");
    }
    const Google__Protobuf__Timestamp *end = token->expires_at;
    if (end && !json_time_is_valid(end->seconds, end->nanos)) {
        err = error_add_field(call->arena, err, REASON_FIELD_INVALID, "api_token.expires_at",
                              "Must be a time of the years 1 to 9999.");
    } else if (end && end->seconds <= clock_wall_us() / 1000000) {
        err = error_add_field(call->arena, err, REASON_FIELD_INVALID, "api_token.expires_at",
                              "Must be in the future.");
    }
    return err;
}

const struct error *accounts_create_api_token(struct call *call,
                                              const Roost__Accounts__V1__CreateApiTokenRequest *req,
                                              Roost__Accounts__V1__ApiToken **ret_resp)
{
    const struct accounts *accounts = call->service;
    struct token_creation creation = {.req = req, .limit = accounts->tokens_per_account};
    const struct error *err = account_check_own(call, &creation.account_id);
    if (!err) {
        err = check_token(call, req->api_token);
    }
    if (err) {
        return err;
    }
    char *key = secret_random_hex(call->arena, TOKEN_KEY_BYTES);
    creation.key = key;
    err = token_store_create(call, &creation);
    if (err) {
        return err;
    }
    if (creation.replayed) {
        *ret_resp = creation.replayed;
        return NULL;
    }
    creation.created->token = key;
    *ret_resp = creation.created;
    return NULL;
}

const struct error *accounts_delete_api_token(struct call *call,
                                              const Roost__Accounts__V1__DeleteApiTokenRequest *req,
                                              Google__Protobuf__Empty **ret_resp)
{
    int64_t account_id;
    const struct error *err = account_check_own(call, &account_id);
    if (!err) {
        err = token_store_delete(call, account_id, req->id);
    }
    if (err) {
        return err;
    }
    *ret_resp = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}
