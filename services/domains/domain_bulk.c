#include "services/domains/domain_bulk.h"

#include "services/common/bulk/bulk.h"
#include "services/common/message/message.h"
#include "services/domains/domain_store.h"
#include "services/domains/domain_write.h"

static const struct error *set_enabled(struct call *call, int64_t id, bool wanted)
{
    Roost__Domains__V1__UpdateDomainRequest req = ROOST__DOMAINS__V1__UPDATE_DOMAIN_REQUEST__INIT;
    Roost__Domains__V1__Domain domain = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    Roost__Domains__V1__Domain *updated;
    char *path = "enabled";
    mask.n_paths = 1;
    mask.paths = &path;
    domain._enabled_case = ROOST__DOMAINS__V1__DOMAIN___ENABLED_ENABLED;
    domain.enabled = wanted;
    req.id = id;
    req.domain = &domain;
    req.update_mask = &mask;
    return domain_update(call, &req, &updated);
}

static const struct error *delete_one(struct call *call, int64_t id,
                                      const Roost__Domains__V1__BulkChangeDomainsRequest *bulk_req)
{
    Roost__Domains__V1__DeleteDomainRequest req = ROOST__DOMAINS__V1__DELETE_DOMAIN_REQUEST__INIT;
    req.id = id;
    req.keep_folder = bulk_req->keep_folder;
    req.undo_seconds = bulk_req->undo_seconds;
    return domain_delete(call, &req);
}

static const struct error *change(struct call *call, void *ctx, int64_t id,
                                  Roost__Common__V1__BulkResult *result)
{
    const struct bulk *bulk = ctx;
    bool wanted = bulk->action == BULK_ENABLE;
    Roost__Domains__V1__Domain *domain;
    const struct error *err = domain_store_get(call, id, &domain);
    if (err) {
        return err;
    }
    if (!domain) {
        return error_new(call->arena, REASON_DOMAIN_NOT_FOUND, "Not found.");
    }
    result->name = domain->name;
    if (bulk->action == BULK_DELETE) {
        return delete_one(
            call, id, (const Roost__Domains__V1__BulkChangeDomainsRequest *)bulk->request->message);
    }
    if (domain->enabled == wanted) {
        result->outcome = arena_strdup(call->arena, "unchanged");
        return NULL;
    }
    return set_enabled(call, id, wanted);
}

static const struct error *select_page(struct call *call, struct bulk *bulk)
{
    const Roost__Domains__V1__DomainFilter *asked =
        ((const Roost__Domains__V1__BulkChangeDomainsRequest *)bulk->request->message)->filter;
    const struct domain_filter filter = {
        .search = asked->search,
        .type = asked->type,
        .has_enabled = asked->_enabled_case != ROOST__DOMAINS__V1__DOMAIN_FILTER___ENABLED__NOT_SET,
        .enabled = asked->enabled,
    };
    const struct error *err = list_check_search(call, asked->search);
    if (err) {
        return error_prefix_fields(call->arena, err, "filter");
    }
    if (bulk->is_first) {
        err = domain_store_count(call, &filter, &bulk->total);
    }
    int64_t *ids;
    if (!err) {
        err =
            domain_store_select(call, &filter, bulk->after_id, bulk->limit + 1, &ids, &bulk->n_ids);
    }
    if (err) {
        return err;
    }
    bulk->ids = ids;
    return NULL;
}

const struct error *domain_bulk(struct call *call,
                                const Roost__Domains__V1__BulkChangeDomainsRequest *req,
                                Roost__Domains__V1__BulkChangeDomainsResponse **ret_resp)
{
    const struct bulk_request request = {
        .list = "bulk_domains",
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
    Roost__Domains__V1__BulkChangeDomainsResponse *resp =
        message_new(call->arena, &roost__domains__v1__bulk_change_domains_response__descriptor);
    resp->results = bulk.results;
    resp->n_results = bulk.n_results;
    resp->next_page_token = bulk.next_page_token;
    if (bulk.is_first) {
        resp->_total_size_case =
            ROOST__DOMAINS__V1__BULK_CHANGE_DOMAINS_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        resp->total_size = bulk.total;
    }
    *ret_resp = resp;
    return NULL;
}
