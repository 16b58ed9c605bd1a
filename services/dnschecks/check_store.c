#include "services/dnschecks/check_store.h"

#include <string.h>

#include "services/common/address/address.h"
#include "services/common/message/message.h"
#include "services/common/outbox/outbox.h"
#include "services/common/pg/pg.h"
#include "services/dnschecks/sql/dnschecks.sql.h"

static const struct error *unpack_result(struct call *call, const struct pg_rows *rows, int row,
                                         int column, Roost__Dnschecks__V1__DnsCheck **ret_check)
{
    size_t len;
    const uint8_t *bytes = pg_value_bytes(call->pg, rows, row, column, &len);
    ProtobufCMessage *message;
    const struct error *err = message_unpack(
        call->arena, &roost__dnschecks__v1__dns_check__descriptor, bytes, len, &message);
    if (err) {
        return error_internal(call->arena, "stored check does not unpack: %s", err->detail);
    }
    *ret_check = (Roost__Dnschecks__V1__DnsCheck *)message;
    return NULL;
}

const struct error *check_store_get(struct call *call, int64_t domain_id,
                                    Roost__Dnschecks__V1__DnsCheck **ret_check)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &dnschecks_sql_check_get,
                                       PG_ARGS(NULL, pg_int64("domain_id", domain_id)), &rows);
    if (err) {
        return err;
    }
    if (rows.n_rows == 0 || pg_is_null(&rows, 0, 0)) {
        *ret_check = NULL;
        return NULL;
    }
    return unpack_result(call, &rows, 0, 0, ret_check);
}

/* A filter's parameters; valid in the caller's block. */
#define FILTER_ARGS(call, filter)                                                                \
    PG_ARGS(NULL, pg_text_or_null("status", (filter)->status),                                   \
            pg_text("search", pg_prefix_pattern((call)->arena,                                   \
                                                address_fold((call)->arena, (filter)->search))), \
            (filter)->n_domain_ids                                                               \
                ? pg_int64s("domains", (filter)->domain_ids, (filter)->n_domain_ids)             \
                : pg_null("domains"))

/* Puts the stored results into the places of their rows. */
static const struct error *fill_results(struct call *call, size_t n,
                                        Roost__Dnschecks__V1__DnsCheck **checks)
{
    int64_t *ids = arena_alloc(call->arena, (n + 1) * sizeof *ids);
    for (size_t i = 0; i < n; i++) {
        ids[i] = checks[i]->domain_id;
    }
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &dnschecks_sql_check_results,
                                       PG_ARGS(NULL, pg_int64s("domain_ids", ids, n)), &rows);
    if (err) {
        return err;
    }
    for (int row = 0; row < rows.n_rows && !err; row++) {
        int64_t id = pg_value_int64(&rows, row, 0);
        for (size_t i = 0; i < n; i++) {
            if (ids[i] == id) {
                err = unpack_result(call, &rows, row, 1, &checks[i]);
            }
        }
    }
    return err;
}

const struct error *check_store_list(struct call *call, const struct list_request *request,
                                     const struct check_filter *filter, struct list_page *ret_page)
{
    struct list_request by_column = *request;
    /* Clients say "name", the column and the field are called domain_name. */
    if (strcmp(request->ordering, "name") == 0) {
        by_column.ordering = "domain_name";
    } else if (strcmp(request->ordering, "-name") == 0) {
        by_column.ordering = "-domain_name";
    }
    const struct error *err =
        list_run(call, &dnschecks_sql_check_list, &by_column, FILTER_ARGS(call, filter),
                 &roost__dnschecks__v1__dns_check__descriptor, ret_page);
    if (err) {
        return err;
    }
    return fill_results(call, ret_page->n, (Roost__Dnschecks__V1__DnsCheck **)ret_page->messages);
}

const struct error *check_store_count(struct call *call, const struct check_filter *filter,
                                      int64_t *ret_count)
{
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, &dnschecks_sql_check_count, FILTER_ARGS(call, filter), &rows);
    if (err) {
        return err;
    }
    *ret_count = pg_value_int64(&rows, 0, 0);
    return NULL;
}

static bool is_news(const char *known_status, const char *status)
{
    return *known_status && strcmp(status, "unknown") != 0 && strcmp(known_status, status) != 0;
}

struct save {
    struct call *call;
    const Roost__Dnschecks__V1__DnsCheck *check;
};

static const struct error *save(struct pg *pg, void *ctx)
{
    struct call *call = ((struct save *)ctx)->call;
    const Roost__Dnschecks__V1__DnsCheck *check = ((struct save *)ctx)->check;
    struct pg_rows rows;
    const struct error *err =
        pg_query(pg, &dnschecks_sql_check_lock,
                 PG_ARGS(NULL, pg_int64("domain_id", check->domain_id)), &rows);
    if (err) {
        return err;
    }
    Roost__Dnschecks__V1__DnsCheck *before = NULL;
    if (rows.n_rows == 1 && is_news(pg_value(&rows, 0, 0), check->status)) {
        err = unpack_result(call, &rows, 0, 1, &before);
        if (err) {
            return err;
        }
    }
    size_t len;
    const uint8_t *bytes = message_pack(call->arena, &check->base, &len);
    err = pg_run(pg, &dnschecks_sql_check_save,
                 PG_ARGS(&check->base, pg_bytes("result", bytes, len)), NULL);
    if (err || !before) {
        return err;
    }
    return outbox_append(call, &(struct outbox_event){.type = "DnsCheckChanged",
                                                      .object_type = "dnscheck",
                                                      .object_id = check->domain_id,
                                                      .before = &before->base,
                                                      .after = &check->base});
}

const struct error *check_store_save(struct call *call, const Roost__Dnschecks__V1__DnsCheck *check)
{
    return pg_transact(call->pg, save, &(struct save){call, check});
}

const struct error *check_store_claim(struct call *call, int limit, size_t *ret_n,
                                      struct due_domain **ret_domains)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &dnschecks_sql_check_claim,
                                       PG_ARGS(NULL, pg_int64("limit", limit)), &rows);
    if (err) {
        return err;
    }
    struct due_domain *domains =
        arena_alloc(call->arena, ((size_t)rows.n_rows + 1) * sizeof *domains);
    for (int i = 0; i < rows.n_rows; i++) {
        domains[i] = (struct due_domain){pg_value_int64(&rows, i, 0),
                                         arena_strdup(call->arena, pg_value(&rows, i, 1))};
    }
    *ret_n = (size_t)rows.n_rows;
    *ret_domains = domains;
    return NULL;
}

const struct error *check_store_sweep_position(struct call *call, int64_t *ret_after_id)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &dnschecks_sql_sweep_get, PG_MESSAGE(NULL), &rows);
    if (err) {
        return err;
    }
    *ret_after_id = pg_value_int64(&rows, 0, 0);
    return NULL;
}

static const struct error *sweep(struct pg *pg, void *ctx)
{
    const struct sweep_page *page = ctx;
    int64_t moved;
    const struct error *err = pg_run(pg, &dnschecks_sql_sweep_advance,
                                     PG_ARGS(NULL, pg_int64("after_id", page->after_id),
                                             pg_int64("next_id", page->next_position)),
                                     &moved);
    if (err || moved == 0) {
        return err;
    }
    err = pg_run(pg, &dnschecks_sql_sweep_add,
                 PG_ARGS(NULL, pg_int64s("ids", page->ids, page->n),
                         pg_texts("names", page->names, page->n)),
                 NULL);
    if (err) {
        return err;
    }
    return pg_run(pg, &dnschecks_sql_sweep_remove,
                  PG_ARGS(NULL, pg_int64("after_id", page->after_id),
                          pg_int64("last_id", page->last_id), pg_int64s("ids", page->ids, page->n)),
                  NULL);
}

const struct error *check_store_sweep(struct call *call, const struct sweep_page *page)
{
    return pg_transact(call->pg, sweep, (void *)page);
}
