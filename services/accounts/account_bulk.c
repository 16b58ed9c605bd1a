#include "services/accounts/account_bulk.h"

#include <string.h>

#include "services/accounts/account_delete.h"
#include "services/accounts/account_search.h"
#include "services/accounts/account_store.h"
#include "services/accounts/account_update.h"
#include "services/accounts/sql/accounts.sql.h"
#include "services/common/bulk/bulk.h"
#include "services/common/message/message.h"

static const struct error *remove_one(struct call *call, const struct bulk *bulk, int64_t id)
{
    const Roost__Accounts__V1__BulkChangeAccountsRequest *bulk_req =
        (const Roost__Accounts__V1__BulkChangeAccountsRequest *)bulk->request->message;
    Roost__Accounts__V1__DeleteAccountRequest req =
        ROOST__ACCOUNTS__V1__DELETE_ACCOUNT_REQUEST__INIT;
    req.id = id;
    req.keepdir = bulk_req->keepdir;
    req.undo_seconds = bulk_req->undo_seconds;
    return account_delete(call, &req);
}

static const struct error *change_one(struct call *call, void *ctx, int64_t id,
                                      Roost__Common__V1__BulkResult *result)
{
    const struct bulk *bulk = ctx;
    Roost__Accounts__V1__Account *account;
    const struct error *err = account_store_get(call, id, &account);
    if (err) {
        return err;
    }
    result->name = account->username;
    if (bulk->action == BULK_DELETE) {
        return remove_one(call, bulk, id);
    }
    bool is_changed;
    err = account_set_active(call, id, bulk->action == BULK_ENABLE, &is_changed);
    if (err) {
        return err;
    }
    result->outcome = (char *)(is_changed ? "done" : "unchanged");
    return NULL;
}

static const struct error *bind(struct call *call, const Roost__Accounts__V1__AccountFilter *filter,
                                struct account_filters *ret_filters)
{
    Roost__Accounts__V1__ListAccountsRequest list =
        ROOST__ACCOUNTS__V1__LIST_ACCOUNTS_REQUEST__INIT;
    list.search = filter->search;
    list.domain = filter->domain;
    list.role = filter->role;
    if (filter->_is_active_case) {
        list._is_active_case = ROOST__ACCOUNTS__V1__LIST_ACCOUNTS_REQUEST___IS_ACTIVE_IS_ACTIVE;
        list.is_active = filter->is_active;
    }
    const struct error *err = account_search_filters(call, &list, ret_filters);
    return err ? error_prefix_fields(call->arena, err, "filter") : NULL;
}

static const struct error *select_filter(struct call *call, struct bulk *bulk)
{
    struct account_filters filters;
    const struct error *err = bind(
        call,
        ((const Roost__Accounts__V1__BulkChangeAccountsRequest *)bulk->request->message)->filter,
        &filters);
    if (!err && bulk->is_first) {
        err = account_search_count(call, &filters, &bulk->total);
    }
    if (err) {
        return err;
    }
    size_t n_extra = filters.args.n_extra;
    struct pg_arg *extra = arena_alloc(call->arena, (n_extra + 2) * sizeof *extra);
    memcpy(extra, filters.args.extra, n_extra * sizeof *extra);
    extra[n_extra] = pg_int64("after", bulk->after_id);
    extra[n_extra + 1] = pg_int64("limit", bulk->limit + 1);
    struct pg_rows rows;
    err = pg_query(call->pg, &accounts_sql_bulk_by_filter,
                   &(struct pg_args){.extra = extra, .n_extra = n_extra + 2}, &rows);
    if (err) {
        return err;
    }
    int64_t *ids = arena_alloc(call->arena, ((size_t)rows.n_rows + 1) * sizeof *ids);
    for (int i = 0; i < rows.n_rows; i++) {
        ids[i] = pg_value_int64(&rows, i, 0);
    }
    bulk->ids = ids;
    bulk->n_ids = (size_t)rows.n_rows;
    return NULL;
}

const struct error *account_bulk_change(struct call *call,
                                        const Roost__Accounts__V1__BulkChangeAccountsRequest *req,
                                        Roost__Accounts__V1__BulkChangeAccountsResponse **ret_resp)
{
    const struct bulk_request request = {.list = "bulk_accounts",
                                         .message = &req->base,
                                         .action = req->action,
                                         .ids = req->ids,
                                         .n_ids = req->n_ids,
                                         .has_filter = req->filter,
                                         .page_size = req->page_size,
                                         .page_token = req->page_token,
                                         .undo_seconds = req->undo_seconds};
    struct bulk bulk;
    const struct error *err = bulk_page(call, &request, select_filter, change_one, &bulk);
    if (err) {
        return err;
    }
    Roost__Accounts__V1__BulkChangeAccountsResponse *resp =
        message_new(call->arena, &roost__accounts__v1__bulk_change_accounts_response__descriptor);
    resp->results = bulk.results;
    resp->n_results = bulk.n_results;
    resp->next_page_token = bulk.next_page_token;
    if (bulk.is_first) {
        resp->_total_size_case =
            ROOST__ACCOUNTS__V1__BULK_CHANGE_ACCOUNTS_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        resp->total_size = bulk.total;
    }
    *ret_resp = resp;
    return NULL;
}
