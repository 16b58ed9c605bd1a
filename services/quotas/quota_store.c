#include "services/quotas/quota_store.h"

#include <string.h>

#include "services/common/address/address.h"
#include "services/common/pg/pg.h"
#include "services/quotas/quota.h"
#include "services/quotas/sql/quotas.sql.h"

const struct error *quota_store_get(struct call *call, int64_t mailbox_id, bool with_pending,
                                    Roost__Quotas__V1__Quota **ret_quota)
{
    return pg_get(
        call->pg, &quotas_sql_quota_get,
        PG_ARGS(NULL, pg_int64("mailbox_id", mailbox_id), pg_bool("with_pending", with_pending)),
        &roost__quotas__v1__quota__descriptor, (ProtobufCMessage **)ret_quota);
}

const struct error *quota_store_batch_get(struct call *call,
                                          const Roost__Quotas__V1__BatchGetQuotasRequest *req,
                                          Roost__Quotas__V1__BatchGetQuotasResponse *ret_resp)
{
    return pg_all(call->pg, &quotas_sql_quota_batch_get, PG_MESSAGE(&req->base),
                  &roost__quotas__v1__quota__descriptor, &ret_resp->n_quotas,
                  (ProtobufCMessage ***)&ret_resp->quotas);
}

/* A filter's parameters; valid in the caller's block. */
#define FILTER_ARGS(call, filter)                                                                 \
    PG_ARGS(                                                                                      \
        NULL,                                                                                     \
        pg_text("search",                                                                         \
                pg_prefix_pattern((call)->arena, address_fold((call)->arena, (filter)->search))), \
        (filter)->domain_id ? pg_int64("domain_id", (filter)->domain_id) : pg_null("domain_id"),  \
        (filter)->usage_over ? pg_int64("usage_over", (filter)->usage_over)                       \
                             : pg_null("usage_over"),                                             \
        pg_int64("few", FEW))

/* Few: all mailboxes with so much usage are collected and sorted. Many: the order is followed until
 * a page is full of them. At a million mailboxes either reads some ten thousand rows at most. */
enum { FEW = 10000 };

static const struct error *are_few(struct call *call, const struct quota_filter *filter,
                                   bool *ret_are_few)
{
    struct pg_rows rows;
    if (!filter->usage_over) {
        *ret_are_few = false;
        return NULL;
    }
    const struct error *err =
        pg_query(call->pg, &quotas_sql_quota_are_few_full, FILTER_ARGS(call, filter), &rows);
    if (err) {
        return err;
    }
    *ret_are_few = pg_value_bool(&rows, 0, 0);
    return NULL;
}

const struct error *quota_store_list(struct call *call, const struct list_request *request,
                                     const struct quota_filter *filter, struct list_page *ret_page)
{
    struct list_request by_column = *request;
    const struct pg_list *list = &quotas_sql_quota_list;
    bool few;
    const struct error *err = are_few(call, filter, &few);
    if (err) {
        return err;
    }
    /* Clients say "usage", the column and the field are called bytes. */
    if (strcmp(request->ordering, "usage") == 0) {
        by_column.ordering = "bytes";
        list = &quotas_sql_quota_list_by_usage;
    } else if (strcmp(request->ordering, "-usage") == 0) {
        by_column.ordering = "-bytes";
        list = &quotas_sql_quota_list_by_usage;
    }
    return list_run(call, few ? &quotas_sql_quota_list_full : list, &by_column,
                    FILTER_ARGS(call, filter), &roost__quotas__v1__quota__descriptor, ret_page);
}

const struct error *quota_store_count(struct call *call, const struct quota_filter *filter,
                                      int64_t *ret_count)
{
    bool is_filtered = *filter->search || filter->domain_id;
    const struct pg_statement *stmt =
        is_filtered ? &quotas_sql_quota_count : &quotas_sql_quota_total;
    if (filter->usage_over) {
        stmt = is_filtered ? &quotas_sql_quota_count_full_filtered : &quotas_sql_quota_count_full;
    }
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, stmt, FILTER_ARGS(call, filter), &rows);
    if (err) {
        return err;
    }
    *ret_count = pg_value_int64(&rows, 0, 0);
    return NULL;
}

const struct error *usage_store_settle(struct call *call)
{
    return pg_run(call->pg, &quotas_sql_usage_settle, NULL, NULL);
}
