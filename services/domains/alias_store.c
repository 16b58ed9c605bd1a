#include "services/domains/alias_store.h"

#include "google/protobuf/empty.pb-c.h"
#include "services/common/address/address.h"
#include "services/common/message/message.h"
#include "services/common/outbox/outbox.h"
#include "services/common/pg/pg.h"
#include "services/common/request_log/request_log.h"
#include "services/domains/domain.h"
#include "services/domains/name_conflict.h"
#include "services/domains/sql/domains.sql.h"

#define ID(id) PG_ARGS(NULL, pg_int64("id", id))

static const ProtobufCMessageDescriptor *const descriptor =
    &roost__domains__v1__domain_alias__descriptor;

const struct error *alias_store_get(struct call *call, int64_t id,
                                    Roost__Domains__V1__DomainAlias **ret_alias)
{
    return pg_get(call->pg, &domains_sql_alias_get, ID(id), descriptor,
                  (ProtobufCMessage **)ret_alias);
}

/* A filter's parameters; valid in the caller's block. */
#define FILTER_ARGS(call, filter)                                                                 \
    PG_ARGS(                                                                                      \
        NULL,                                                                                     \
        pg_text("search",                                                                         \
                pg_prefix_pattern((call)->arena, address_fold((call)->arena, (filter)->search))), \
        (filter)->target_id ? pg_int64("target_id", (filter)->target_id) : pg_null("target_id"))

const struct error *alias_store_list(struct call *call, const struct list_request *request,
                                     const struct alias_filter *filter, struct list_page *ret_page)
{
    return list_run(call, &domains_sql_alias_list, request, FILTER_ARGS(call, filter), descriptor,
                    ret_page);
}

const struct error *alias_store_count(struct call *call, const struct alias_filter *filter,
                                      int64_t *ret_count)
{
    bool is_filtered = *filter->search || filter->target_id;
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, is_filtered ? &domains_sql_alias_count : &domains_sql_alias_total,
                 FILTER_ARGS(call, filter), &rows);
    if (err) {
        return err;
    }
    *ret_count = pg_value_int64(&rows, 0, 0);
    return NULL;
}

/* Until the commit the domain cannot be deleted. */
static const struct error *lock_target(struct call *call,
                                       const Roost__Domains__V1__DomainAlias *alias)
{
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, &domains_sql_alias_target_lock, PG_MESSAGE(&alias->base), &rows);
    if (err || rows.n_rows) {
        return err;
    }
    err = error_on_field(call->arena, REASON_DOMAIN_NOT_FOUND, "domain_alias.target",
                         "There is no such domain.");
    struct error *invalid = arena_memdup(call->arena, err, sizeof *err);
    /* It is not the alias that was not found. */
    invalid->code = ERROR_INVALID_ARGUMENT;
    return invalid;
}

static const struct error *append(struct call *call, const char *type, int64_t id,
                                  const Roost__Domains__V1__DomainAlias *before,
                                  const Roost__Domains__V1__DomainAlias *after)
{
    return outbox_append(call, &(struct outbox_event){
                                   .type = type,
                                   .object_type = "domain_alias",
                                   .object_id = id,
                                   .before = before ? &before->base : NULL,
                                   .after = after ? &after->base : NULL,
                               });
}

struct write {
    struct call *call;
    const ProtobufCMessage *req;
    const Roost__Domains__V1__DomainAlias *given;
    Roost__Domains__V1__DomainAlias *answer;
};

static const struct error *create(struct pg *pg, void *ctx)
{
    struct write *work = ctx;
    struct call *call = work->call;
    const char *request_id =
        ((const Roost__Domains__V1__CreateDomainAliasRequest *)work->req)->request_id;
    struct pg_rows rows;
    const struct error *err = request_log_begin(call, request_id, work->req, descriptor,
                                                (ProtobufCMessage **)&work->answer);
    if (err || work->answer) {
        return err;
    }
    err = lock_target(call, work->given);
    if (!err) {
        err = name_conflict_explain(
            call->arena,
            pg_query(pg, &domains_sql_alias_insert, PG_MESSAGE(&work->given->base), &rows),
            "domain_alias.name");
    }
    if (!err) {
        err = alias_store_get(call, pg_value_int64(&rows, 0, 0), &work->answer);
    }
    if (!err) {
        err = append(call, "DomainAliasCreated", work->answer->id, NULL, work->answer);
    }
    return err ? err : request_log_end(call, request_id, &work->answer->base);
}

const struct error *alias_store_create(struct call *call,
                                       const Roost__Domains__V1__CreateDomainAliasRequest *req,
                                       const Roost__Domains__V1__DomainAlias *alias,
                                       Roost__Domains__V1__DomainAlias **ret_alias)
{
    struct write work = {call, &req->base, alias, NULL};
    const struct error *err = pg_transact(call->pg, create, &work);
    if (!err) {
        *ret_alias = work.answer;
    }
    return err;
}

static const struct error *lock(struct call *call, int64_t id, const char *etag,
                                Roost__Domains__V1__DomainAlias **ret_alias)
{
    Roost__Domains__V1__DomainAlias *alias;
    const struct error *err =
        pg_get(call->pg, &domains_sql_alias_lock, ID(id), descriptor, (ProtobufCMessage **)&alias);
    if (err) {
        return err;
    }
    if (!alias) {
        return error_new(call->arena, REASON_DOMAIN_ALIAS_NOT_FOUND, "Not found.");
    }
    *ret_alias = alias;
    return domain_check_etag(call->arena, etag, alias->etag);
}

static const struct error *store_change(struct call *call,
                                        const Roost__Domains__V1__DomainAlias *before,
                                        const Roost__Domains__V1__DomainAlias *after,
                                        Roost__Domains__V1__DomainAlias **ret_alias)
{
    const struct error *err = lock_target(call, after);
    if (!err) {
        err = name_conflict_explain(
            call->arena,
            pg_run(call->pg, &domains_sql_alias_update, PG_MESSAGE(&after->base), NULL),
            "domain_alias.name");
    }
    if (!err) {
        err = alias_store_get(call, after->id, ret_alias);
    }
    return err ? err : append(call, "DomainAliasModified", after->id, before, *ret_alias);
}

static const struct error *update(struct pg *pg, void *ctx)
{
    struct write *work = ctx;
    struct call *call = work->call;
    const Roost__Domains__V1__UpdateDomainAliasRequest *req =
        (const Roost__Domains__V1__UpdateDomainAliasRequest *)work->req;
    Roost__Domains__V1__DomainAlias *before;
    Roost__Domains__V1__DomainAlias *after;
    (void)pg;
    const struct error *err = request_log_begin(call, req->request_id, work->req, descriptor,
                                                (ProtobufCMessage **)&work->answer);
    if (err || work->answer) {
        return err;
    }
    err = lock(call, req->id, req->etag, &before);
    if (!err) {
        err = domain_alias_read_change(call->arena, req, before, &after);
    }
    if (err) {
        return err;
    }
    if (domain_alias_is_same(before, after)) {
        work->answer = before;
    } else {
        err = store_change(call, before, after, &work->answer);
    }
    return err ? err : request_log_end(call, req->request_id, &work->answer->base);
}

const struct error *alias_store_update(struct call *call,
                                       const Roost__Domains__V1__UpdateDomainAliasRequest *req,
                                       Roost__Domains__V1__DomainAlias **ret_alias)
{
    struct write work = {call, &req->base, NULL, NULL};
    const struct error *err = pg_transact(call->pg, update, &work);
    if (!err) {
        *ret_alias = work.answer;
    }
    return err;
}

static const struct error *delete (struct pg *pg, void *ctx)
{
    const struct write *work = ctx;
    struct call *call = work->call;
    const Roost__Domains__V1__DeleteDomainAliasRequest *req =
        (const Roost__Domains__V1__DeleteDomainAliasRequest *)work->req;
    Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;
    Roost__Domains__V1__DomainAlias *before;
    ProtobufCMessage *replayed;
    const struct error *err = request_log_begin(call, req->request_id, work->req,
                                                &google__protobuf__empty__descriptor, &replayed);
    if (err || replayed) {
        return err;
    }
    err = lock(call, req->id, req->etag, &before);
    if (!err) {
        err = pg_run(pg, &domains_sql_alias_delete, ID(req->id), NULL);
    }
    if (!err) {
        err = append(call, "DomainAliasDeleted", req->id, before, NULL);
    }
    return err ? err : request_log_end(call, req->request_id, &empty.base);
}

const struct error *alias_store_delete(struct call *call,
                                       const Roost__Domains__V1__DeleteDomainAliasRequest *req)
{
    return pg_transact(call->pg, delete, &(struct write){call, &req->base, NULL, NULL});
}

const struct error *alias_store_delete_all(struct call *call, int64_t domain_id)
{
    Roost__Domains__V1__DomainAlias **aliases;
    size_t n;
    const struct error *err = pg_all(call->pg, &domains_sql_alias_delete_all, ID(domain_id),
                                     descriptor, &n, (ProtobufCMessage ***)&aliases);
    for (size_t i = 0; !err && i < n; i++) {
        err = append(call, "DomainAliasDeleted", aliases[i]->id, aliases[i], NULL);
    }
    return err;
}

const struct error *alias_store_set_aside_all(struct call *call, int64_t domain_id)
{
    const struct error *err =
        pg_run(call->pg, &domains_sql_deleted_alias_keep, ID(domain_id), NULL);
    if (!err) {
        err = alias_store_delete_all(call, domain_id);
    }
    return err ? err : pg_run(call->pg, &domains_sql_deleted_alias_reserve, ID(domain_id), NULL);
}

const struct error *alias_store_restore_all(struct call *call, int64_t domain_id)
{
    Roost__Domains__V1__DomainAlias **aliases;
    size_t n;
    const struct error *err =
        pg_run(call->pg, &domains_sql_deleted_alias_release, ID(domain_id), NULL);
    if (!err) {
        err = pg_all(call->pg, &domains_sql_deleted_alias_restore, ID(domain_id), descriptor, &n,
                     (ProtobufCMessage ***)&aliases);
    }
    if (!err) {
        err = pg_run(call->pg, &domains_sql_deleted_alias_forget, ID(domain_id), NULL);
    }
    for (size_t i = 0; !err && i < n; i++) {
        err = append(call, "DomainAliasCreated", aliases[i]->id, NULL, aliases[i]);
    }
    return err;
}
