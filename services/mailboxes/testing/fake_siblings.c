#include "services/mailboxes/testing/fake_siblings.h"

#include <stdlib.h>
#include <string.h>

#include "proto/roost/accounts/v1/accounts_internal.pb-c.h"
#include "proto/roost/quotas/v1/quotas_internal.pb-c.h"
#include "services/common/message/message.h"

enum { MAX_ACCOUNTS = 64 };

static const char *names[MAX_ACCOUNTS];
static size_t n_names;
static bool has_failure;

void fake_accounts_are(const char *const *usernames)
{
    n_names = 0;
    while (usernames[n_names]) {
        check(n_names < MAX_ACCOUNTS - 1);
        names[n_names] = usernames[n_names];
        n_names++;
    }
}

void fake_accounts_fail(void)
{
    has_failure = true;
}

static Roost__Accounts__V1__Account *account_of(struct call *call, size_t i)
{
    Roost__Accounts__V1__Account *account =
        message_new(call->arena, &roost__accounts__v1__account__descriptor);
    account->id = (int64_t)i + 1;
    account->is_active = names[i][0] != '!';
    account->username = (char *)names[i] + !account->is_active;
    account->email = strchr(account->username, '@') ? account->username : "";
    account->first_name = account->id % 2 ? "Jo" : "";
    account->last_name = "Doe";
    account->role = *account->email ? "SimpleUsers" : "SuperAdmins";
    return account;
}

static bool matches(const Roost__Accounts__V1__ListAccountsRequest *req,
                    const Roost__Accounts__V1__Account *account)
{
    const char *at = strchr(account->username, '@');
    return strncmp(account->username, req->search, strlen(req->search)) == 0 &&
           (!*req->domain || (at && strcmp(at + 1, req->domain) == 0)) &&
           (!*req->role || strcmp(account->role, req->role) == 0) &&
           (!req->_is_active_case || account->is_active == req->is_active);
}

static int compare(const void *a, const void *b)
{
    return strcmp((*(Roost__Accounts__V1__Account *const *)a)->username,
                  (*(Roost__Accounts__V1__Account *const *)b)->username);
}

static bool is_behind(const Roost__Accounts__V1__ListIdentityAccountsRequest *req,
                      const Roost__Accounts__V1__Account *account)
{
    int order = req->_after_username_case ? strcmp(account->username, req->after_username) : 1;
    if (order == 0) {
        order = account->id > req->after_id ? 1 : account->id < req->after_id ? -1 : 0;
    }
    bool is_descending = req->_after_username_case && req->list->ordering[0] == '-';
    return is_descending ? order < 0 : order > 0;
}

static const struct error *list_identity_accounts(struct call *call,
                                                  const ProtobufCMessage *request,
                                                  ProtobufCMessage **ret_response)
{
    const Roost__Accounts__V1__ListIdentityAccountsRequest *req =
        (const Roost__Accounts__V1__ListIdentityAccountsRequest *)request;
    Roost__Accounts__V1__ListAccountsResponse *resp =
        message_new(call->arena, &roost__accounts__v1__list_accounts_response__descriptor);
    Roost__Accounts__V1__Account **found = arena_alloc(call->arena, (n_names + 1) * sizeof *found);
    size_t n_found = 0;
    if (has_failure) {
        has_failure = false;
        return error_new(call->arena, REASON_SERVICE_UNAVAILABLE, "The service is away.");
    }
    for (size_t i = 0; i < n_names; i++) {
        Roost__Accounts__V1__Account *account = account_of(call, i);
        if (matches(req->list, account)) {
            resp->total_size++;
            if (is_behind(req, account)) {
                found[n_found++] = account;
            }
        }
    }
    qsort(found, n_found, sizeof *found, compare);
    for (size_t i = 0; req->list->ordering[0] == '-' && i < n_found / 2; i++) {
        Roost__Accounts__V1__Account *swapped = found[i];
        found[i] = found[n_found - 1 - i];
        found[n_found - 1 - i] = swapped;
    }
    size_t size = (size_t)req->list->page_size;
    resp->accounts = found;
    resp->n_accounts = n_found < size ? n_found : size;
    resp->next_page_token = n_found > size ? "more" : "";
    resp->_total_size_case = ROOST__ACCOUNTS__V1__LIST_ACCOUNTS_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
    *ret_response = &resp->base;
    return NULL;
}

static const struct rpc_method accounts_methods[] = {{
    .path = "/roost.accounts.v1.AccountsInternal/ListIdentityAccounts",
    .request = &roost__accounts__v1__list_identity_accounts_request__descriptor,
    .response = &roost__accounts__v1__list_accounts_response__descriptor,
    .access = {.internal = true},
    .handler = list_identity_accounts,
}};
const struct rpc_service fake_accounts = {"roost.accounts.v1.AccountsInternal", true,
                                          accounts_methods, 1};

static const struct error *batch_get_quotas(struct call *call, const ProtobufCMessage *request,
                                            ProtobufCMessage **ret_response)
{
    const Roost__Quotas__V1__BatchGetQuotasRequest *req =
        (const Roost__Quotas__V1__BatchGetQuotasRequest *)request;
    Roost__Quotas__V1__BatchGetQuotasResponse *resp =
        message_new(call->arena, &roost__quotas__v1__batch_get_quotas_response__descriptor);
    resp->quotas = arena_alloc(call->arena, (req->n_mailbox_ids + 1) * sizeof *resp->quotas);
    for (size_t i = 0; i < req->n_mailbox_ids; i++) {
        Roost__Quotas__V1__Quota *quota =
            message_new(call->arena, &roost__quotas__v1__quota__descriptor);
        quota->mailbox_id = req->mailbox_ids[i];
        quota->quota = 100 * req->mailbox_ids[i];
        quota->quota_usage = (int32_t)req->mailbox_ids[i];
        resp->quotas[resp->n_quotas++] = quota;
    }
    *ret_response = &resp->base;
    return NULL;
}

static const struct rpc_method quotas_methods[] = {{
    .path = "/roost.quotas.v1.QuotasInternal/BatchGetQuotas",
    .request = &roost__quotas__v1__batch_get_quotas_request__descriptor,
    .response = &roost__quotas__v1__batch_get_quotas_response__descriptor,
    .access = {.internal = true},
    .handler = batch_get_quotas,
}};
const struct rpc_service fake_quotas = {"roost.quotas.v1.QuotasInternal", true, quotas_methods, 1};
