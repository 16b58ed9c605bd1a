#include "services/domains/domain_store.h"

#include <string.h>

#include "services/common/address/address.h"
#include "services/common/pg/pg.h"
#include "services/domains/name_conflict.h"
#include "services/domains/sql/domains.sql.h"

#define ID(id) PG_ARGS(NULL, pg_int64("id", id))

const struct error *domain_store_get(struct call *call, int64_t id,
                                     Roost__Domains__V1__Domain **ret_domain)
{
    return pg_get(call->pg, &domains_sql_domain_get, ID(id),
                  &roost__domains__v1__domain__descriptor, (ProtobufCMessage **)ret_domain);
}

/* A filter's parameters; valid in the caller's block. */
#define FILTER(call, filter)                                                                  \
    pg_text("search",                                                                         \
            pg_prefix_pattern((call)->arena, address_fold((call)->arena, (filter)->search))), \
        pg_text_or_null("type", (filter)->type),                                              \
        (filter)->has_enabled ? pg_bool("enabled", (filter)->enabled) : pg_null("enabled")
#define FILTER_ARGS(call, filter) PG_ARGS(NULL, FILTER(call, filter))

const struct error *domain_store_list(struct call *call, const struct list_request *request,
                                      const struct domain_filter *filter,
                                      struct list_page *ret_page)
{
    return list_run(call, &domains_sql_domain_list, request, FILTER_ARGS(call, filter),
                    &roost__domains__v1__domain__descriptor, ret_page);
}

bool domain_filter_is_empty(const struct domain_filter *filter)
{
    return !*filter->search && !*filter->type && !filter->has_enabled;
}

const struct error *domain_store_count(struct call *call, const struct domain_filter *filter,
                                       int64_t *ret_count)
{
    const struct pg_statement *stmt =
        domain_filter_is_empty(filter) ? &domains_sql_domain_total : &domains_sql_domain_count;
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, stmt, FILTER_ARGS(call, filter), &rows);
    if (err) {
        return err;
    }
    *ret_count = pg_value_int64(&rows, 0, 0);
    return NULL;
}

const struct error *domain_store_select(struct call *call, const struct domain_filter *filter,
                                        int64_t after_id, int64_t limit, int64_t **ret_ids,
                                        size_t *ret_n)
{
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, &domains_sql_domain_bulk,
                 PG_ARGS(NULL, FILTER(call, filter), pg_int64("after_id", after_id),
                         pg_int64("limit", limit)),
                 &rows);
    if (err) {
        return err;
    }
    *ret_ids = arena_alloc(call->arena, ((size_t)rows.n_rows + 1) * sizeof **ret_ids);
    *ret_n = (size_t)rows.n_rows;
    for (int row = 0; row < rows.n_rows; row++) {
        (*ret_ids)[row] = pg_value_int64(&rows, row, 0);
    }
    return NULL;
}

const struct error *domain_store_resolve(struct call *call,
                                         const Roost__Domains__V1__ResolveDomainsRequest *req,
                                         Roost__Domains__V1__ResolveDomainsResponse *ret_resp)
{
    return pg_all(call->pg, &domains_sql_domain_resolve, PG_MESSAGE(&req->base),
                  &roost__domains__v1__resolved_domain__descriptor, &ret_resp->n_domains,
                  (ProtobufCMessage ***)&ret_resp->domains);
}

const struct error *domain_store_list_checked(
    struct call *call, const Roost__Domains__V1__ListCheckedDomainsRequest *req,
    Roost__Domains__V1__ResolveDomainsResponse *ret_resp)
{
    return pg_all(call->pg, &domains_sql_domain_list_checked, PG_MESSAGE(&req->base),
                  &roost__domains__v1__resolved_domain__descriptor, &ret_resp->n_domains,
                  (ProtobufCMessage ***)&ret_resp->domains);
}

/* The first column of the first row, 0 if there is none. */
static const struct error *get_int64(struct call *call, const struct pg_statement *stmt,
                                     const struct pg_args *args, int64_t *ret_value)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, stmt, args, &rows);
    if (err) {
        return err;
    }
    *ret_value = rows.n_rows ? pg_value_int64(&rows, 0, 0) : 0;
    return NULL;
}

static const struct error *get_bool(struct call *call, const struct pg_statement *stmt,
                                    const struct pg_args *args, bool *ret_value)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, stmt, args, &rows);
    if (err) {
        return err;
    }
    *ret_value = pg_value_bool(&rows, 0, 0);
    return NULL;
}

static const struct error *run(struct call *call, const struct pg_statement *stmt,
                               const struct pg_args *args, bool *ret_done)
{
    int64_t n;
    const struct error *err = pg_run(call->pg, stmt, args, &n);
    if (err) {
        return err;
    }
    *ret_done = n > 0;
    return NULL;
}

const struct error *domain_store_id_of(struct call *call, const char *name, int64_t *ret_id)
{
    return get_int64(call, &domains_sql_domain_id_by_name, PG_ARGS(NULL, pg_text("name", name)),
                     ret_id);
}

const struct error *domain_store_is_renaming(struct call *call, int64_t id, const char *old_name,
                                             bool *ret_is)
{
    return get_bool(call, &domains_sql_domain_is_renaming,
                    PG_ARGS(NULL, pg_int64("id", id), pg_text("name", old_name)), ret_is);
}

const struct error *domain_store_closure(struct call *call, int64_t id,
                                         Roost__Accounts__V1__SetDomainClosedRequest **ret_closure)
{
    return pg_get(call->pg, &domains_sql_domain_closure, ID(id),
                  &roost__accounts__v1__set_domain_closed_request__descriptor,
                  (ProtobufCMessage **)ret_closure);
}

const struct error *domain_store_expire_former_names(struct call *call)
{
    return pg_run(call->pg, &domains_sql_former_name_expire, PG_MESSAGE(NULL), NULL);
}

const struct error *domain_store_lock(struct call *call, int64_t id, struct domain_lock *ret_lock)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &domains_sql_domain_lock, ID(id), &rows);
    if (err) {
        return err;
    }
    if (rows.n_rows == 0 || strcmp(pg_value(&rows, 0, 0), "deleting") == 0) {
        return error_new(call->arena, REASON_DOMAIN_NOT_FOUND, "Not found.");
    }
    *ret_lock = (struct domain_lock){
        .is_active = strcmp(pg_value(&rows, 0, 0), "active") == 0,
        .renaming_from = pg_value(&rows, 0, 1),
        .saga_id = pg_value_int64(&rows, 0, 2),
        .change_no = pg_value_int64(&rows, 0, 3),
    };
    return NULL;
}

const struct error *domain_store_insert(struct call *call, const Roost__Domains__V1__Domain *domain,
                                        int64_t *ret_id)
{
    const struct error *err =
        get_int64(call, &domains_sql_domain_insert, PG_MESSAGE(&domain->base), ret_id);
    return name_conflict_explain(call->arena, err, "domain.name");
}

const struct error *domain_store_activate(struct call *call, int64_t id, bool *ret_done)
{
    return run(call, &domains_sql_domain_activate, ID(id), ret_done);
}

const struct error *domain_store_abandon(struct call *call, int64_t id, bool *ret_done)
{
    return run(call, &domains_sql_domain_abandon, ID(id), ret_done);
}

const struct error *domain_store_number_change(struct call *call, int64_t id,
                                               int64_t *ret_change_no)
{
    return get_int64(call, &domains_sql_domain_number_change, ID(id), ret_change_no);
}

const struct error *domain_store_begin_change(struct call *call, int64_t id, int64_t saga_id)
{
    return pg_run(call->pg, &domains_sql_domain_begin_change,
                  PG_ARGS(NULL, pg_int64("id", id), pg_int64("saga_id", saga_id)), NULL);
}

const struct error *domain_store_change_is_open(struct call *call, int64_t id, int64_t change_no,
                                                bool *ret_is)
{
    return get_bool(call, &domains_sql_domain_change_is_open,
                    PG_ARGS(NULL, pg_int64("id", id), pg_int64("change_no", change_no)), ret_is);
}

const struct error *domain_store_end_change(struct call *call, int64_t id, int64_t change_no,
                                            int64_t *ret_saga_id)
{
    return get_int64(call, &domains_sql_domain_end_change,
                     PG_ARGS(NULL, pg_int64("id", id), pg_int64("change_no", change_no)),
                     ret_saga_id);
}

const struct error *domain_store_update(struct call *call, const Roost__Domains__V1__Domain *domain)
{
    return pg_run(call->pg, &domains_sql_domain_update, PG_MESSAGE(&domain->base), NULL);
}

const struct error *domain_store_rename(struct call *call, int64_t id, const char *old_name,
                                        const char *new_name)
{
    const struct error *err =
        pg_run(call->pg, &domains_sql_domain_rename,
               PG_ARGS(NULL, pg_int64("id", id), pg_text("name", new_name)), NULL);
    if (err) {
        return name_conflict_explain(call->arena, err, "domain.name");
    }
    return pg_run(call->pg, &domains_sql_former_name_put,
                  PG_ARGS(NULL, pg_int64("id", id), pg_text("name", old_name)), NULL);
}

const struct error *domain_store_end_rename(struct call *call, int64_t id, const char *old_name)
{
    return pg_run(call->pg, &domains_sql_domain_end_rename,
                  PG_ARGS(NULL, pg_int64("id", id), pg_text("name", old_name)), NULL);
}

const struct error *domain_store_reserve_name(struct call *call, int64_t id, const char *name)
{
    const struct error *err =
        pg_run(call->pg, &domains_sql_name_reserve,
               PG_ARGS(NULL, pg_int64("id", id), pg_text("name", name)), NULL);
    return name_conflict_explain(call->arena, err, "domain.name");
}

const struct error *domain_store_release_name(struct call *call, int64_t id, const char *name)
{
    return pg_run(call->pg, &domains_sql_name_release,
                  PG_ARGS(NULL, pg_int64("id", id), pg_text("name", name)), NULL);
}

const struct error *domain_store_mark_deleting(struct call *call, int64_t id)
{
    return pg_run(call->pg, &domains_sql_domain_mark_deleting, ID(id), NULL);
}

const struct error *domain_store_lock_any(struct call *call, int64_t id, const char **ret_state)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &domains_sql_domain_lock, ID(id), &rows);
    if (err) {
        return err;
    }
    *ret_state = rows.n_rows ? pg_value(&rows, 0, 0) : "";
    if (strcmp(*ret_state, "deleting") == 0 && pg_value_int64(&rows, 0, 2)) {
        *ret_state = "";
    }
    return NULL;
}

const struct error *domain_store_restore(struct call *call, int64_t id, bool *ret_done)
{
    return run(call, &domains_sql_domain_restore, ID(id), ret_done);
}

const struct error *domain_store_delete(struct call *call, int64_t id)
{
    return pg_run(call->pg, &domains_sql_domain_delete, ID(id), NULL);
}
