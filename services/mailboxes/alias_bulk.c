#include "services/mailboxes/alias_bulk.h"

#include "services/common/bulk/bulk.h"
#include "services/common/message/message.h"
#include "services/common/pg/pg.h"
#include "services/mailboxes/alias_change.h"
#include "services/mailboxes/alias_delete.h"
#include "services/mailboxes/alias_store.h"
#include "services/mailboxes/domain_names.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

/* One alias's transaction. */
struct change_tx {
    struct call *call;
    const struct bulk *bulk;
    int64_t id;
    Roost__Common__V1__BulkResult *result;
};

static const struct error *set_enabled(const struct change_tx *tx, struct alias_watch *watch,
                                       bool wanted)
{
    if (watch->items[0].before->enabled == wanted) {
        tx->result->outcome = arena_strdup(tx->call->arena, "unchanged");
        return NULL;
    }
    const struct error *err =
        pg_run(tx->call->pg, &mailboxes_sql_alias_set_enabled,
               PG_ARGS(NULL, pg_int64("id", tx->id), pg_bool("enabled", wanted)), NULL);
    return err ? err : alias_settle(tx->call, watch);
}

static const struct error *change_alias(struct pg *pg, void *ctx)
{
    (void)pg;
    const struct change_tx *tx = ctx;
    struct alias_watch watch = {0};
    const struct error *err = alias_watch_ids(tx->call, &watch, &tx->id, 1);
    if (err) {
        return err;
    }
    if (watch.n == 0) {
        return error_new(tx->call->arena, REASON_ALIAS_NOT_FOUND, "There is no such alias.");
    }
    tx->result->name = watch.items[0].before->address;
    if (tx->bulk->action == BULK_DELETE) {
        return alias_delete_watched(tx->call, &watch, tx->id, tx->bulk->request->undo_seconds);
    }
    return set_enabled(tx, &watch, tx->bulk->action == BULK_ENABLE);
}

static const struct error *change(struct call *call, void *ctx, int64_t id,
                                  Roost__Common__V1__BulkResult *result)
{
    return pg_transact(call->pg, change_alias, &(struct change_tx){call, ctx, id, result});
}

static const struct error *select_page(struct call *call, struct bulk *bulk)
{
    const Roost__Mailboxes__V1__AliasFilter *asked =
        ((const Roost__Mailboxes__V1__BulkChangeAliasesRequest *)bulk->request->message)->filter;
    struct alias_filter filter = {
        .range = mailbox_range_of_prefix(call->arena, asked->search),
        .has_enabled =
            asked->_enabled_case != ROOST__MAILBOXES__V1__ALIAS_FILTER___ENABLED__NOT_SET,
        .enabled = asked->enabled,
    };
    const struct error *err = list_check_search(call, asked->search);
    if (!err) {
        err = domain_names_filter(call, asked->domain, &filter.domain_id);
    }
    if (err) {
        return error_prefix_fields(call->arena, err, "filter");
    }
    if (bulk->is_first) {
        err = alias_store_count(call, &filter, &bulk->total);
        if (err) {
            return err;
        }
    }
    int64_t *ids;
    err = alias_store_select(call, &filter, bulk->after_id, bulk->limit + 1, &ids, &bulk->n_ids);
    if (err) {
        return err;
    }
    bulk->ids = ids;
    return NULL;
}

const struct error *alias_bulk(struct call *call,
                               const Roost__Mailboxes__V1__BulkChangeAliasesRequest *req,
                               Roost__Mailboxes__V1__BulkChangeAliasesResponse **ret_resp)
{
    const struct bulk_request request = {
        .list = "bulk_aliases",
        .message = &req->base,
        .action = req->action,
        .ids = req->ids,
        .n_ids = req->n_ids,
        .has_filter = req->filter,
        .page_size = req->page_size,
        .page_token = req->page_token,
        .undo_seconds = req->undo_seconds,
    };
    struct bulk bulk;
    const struct error *err = bulk_page(call, &request, select_page, change, &bulk);
    if (err) {
        return err;
    }
    Roost__Mailboxes__V1__BulkChangeAliasesResponse *resp =
        message_new(call->arena, &roost__mailboxes__v1__bulk_change_aliases_response__descriptor);
    resp->results = bulk.results;
    resp->n_results = bulk.n_results;
    resp->next_page_token = bulk.next_page_token;
    if (bulk.is_first) {
        resp->_total_size_case =
            ROOST__MAILBOXES__V1__BULK_CHANGE_ALIASES_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        resp->total_size = bulk.total;
    }
    *ret_resp = resp;
    return NULL;
}
