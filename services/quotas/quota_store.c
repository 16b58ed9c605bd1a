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

/* Few: all mailboxes with so much usage are collected and sorted. Many: the order is followed until
 * a page is full of them. At a million mailboxes either reads some ten thousand rows at most. */
enum { FEW = 10000 };

static const struct pg_args *filter_args(struct call *call, const struct quota_filter *filter)
{
    const char *prefix = *filter->search ? address_fold(call->arena, filter->search) : NULL;
    const struct pg_arg extra[] = {
        pg_text("search", pg_prefix_pattern(call->arena, prefix)),
        pg_text("prefix", prefix),
        filter->domain_id ? pg_int64("domain_id", filter->domain_id) : pg_null("domain_id"),
        filter->usage_over ? pg_int64("usage_over", filter->usage_over) : pg_null("usage_over"),
        pg_int64("few", FEW),
    };
    struct pg_args *args = arena_alloc(call->arena, sizeof *args);
    args->extra = arena_memdup(call->arena, extra, sizeof extra);
    args->n_extra = sizeof extra / sizeof *extra;
    return args;
}

static const struct error *ask(struct call *call, const struct pg_statement *stmt,
                               const struct pg_args *args, bool *ret_answer)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, stmt, args, &rows);
    if (err) {
        return err;
    }
    *ret_answer = pg_value_bool(&rows, 0, 0);
    return NULL;
}

struct listing {
    struct call *call;
    struct list_request request;
    const struct pg_args *args;
};

static const struct error *run(const struct listing *listing, const struct pg_list *list,
                               struct list_page *ret_page)
{
    return list_run(listing->call, list, &listing->request, listing->args,
                    &roost__quotas__v1__quota__descriptor, ret_page);
}

static const struct error *search_by_usage(const struct listing *listing,
                                           struct list_page *ret_page)
{
    struct pg_list near = quotas_sql_quota_list_near;
    struct pg_list found = quotas_sql_quota_list_found;
    bool are_few;
    const struct error *err =
        ask(listing->call, &quotas_sql_quota_are_few_found, listing->args, &are_few);
    /* To the caller they are one list: the next page may be found the other way. */
    near.name = found.name = quotas_sql_quota_list_by_usage.name;
    if (!err && !are_few) {
        err = run(listing, &near, ret_page);
        if (!err && *ret_page->next_page_token) {
            return NULL;
        }
    }
    return err ? err : run(listing, &found, ret_page);
}

const struct error *quota_store_list(struct call *call, const struct list_request *request,
                                     const struct quota_filter *filter, struct list_page *ret_page)
{
    struct listing listing = {call, *request, filter_args(call, filter)};
    bool is_by_usage = false;
    bool are_few = false;
    /* Clients say "usage", the column and the field are called bytes. */
    if (strcmp(request->ordering, "usage") == 0) {
        listing.request.ordering = "bytes";
        is_by_usage = true;
    } else if (strcmp(request->ordering, "-usage") == 0) {
        listing.request.ordering = "-bytes";
        is_by_usage = true;
    }
    if (filter->usage_over) {
        const struct error *err = ask(call, &quotas_sql_quota_are_few_full, listing.args, &are_few);
        if (err) {
            return err;
        }
    }
    if (are_few) {
        return run(&listing, &quotas_sql_quota_list_full, ret_page);
    }
    if (is_by_usage && *filter->search && !filter->domain_id) {
        return search_by_usage(&listing, ret_page);
    }
    return run(&listing, is_by_usage ? &quotas_sql_quota_list_by_usage : &quotas_sql_quota_list,
               ret_page);
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
    const struct error *err = pg_query(call->pg, stmt, filter_args(call, filter), &rows);
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
