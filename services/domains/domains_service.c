#include "proto/roost/domains/v1/domains.rpc.h"
#include "services/common/address/address.h"
#include "services/common/message/message.h"
#include "services/domains/alias_store.h"
#include "services/domains/domain.h"
#include "services/domains/domain_bulk.h"
#include "services/domains/domain_store.h"
#include "services/domains/domain_view.h"
#include "services/domains/domain_write.h"

enum { RESOLVE_MAX = 1000 };

#define NEW(call, type) message_new((call)->arena, &roost__domains__v1__##type##__descriptor)
#define EMPTY(call)     message_new((call)->arena, &google__protobuf__empty__descriptor)

const struct error *domains_create_domain(struct call *call,
                                          const Roost__Domains__V1__CreateDomainRequest *req,
                                          Roost__Domains__V1__Domain **ret_resp)
{
    return domain_create(call, req, ret_resp);
}

const struct error *domains_get_domain(struct call *call,
                                       const Roost__Domains__V1__GetDomainRequest *req,
                                       Roost__Domains__V1__Domain **ret_resp)
{
    return domain_view_get(call, req->id, ret_resp);
}

const struct error *domains_list_domains(struct call *call,
                                         const Roost__Domains__V1__ListDomainsRequest *req,
                                         Roost__Domains__V1__ListDomainsResponse **ret_resp)
{
    const struct list_request request = {req->page_size, req->page_token, req->ordering};
    const struct domain_filter filter = {
        .search = req->search,
        .type = req->type,
        .has_enabled =
            req->_enabled_case != ROOST__DOMAINS__V1__LIST_DOMAINS_REQUEST___ENABLED__NOT_SET,
        .enabled = req->enabled,
    };
    Roost__Domains__V1__ListDomainsResponse *resp = NEW(call, list_domains_response);
    struct list_page page;
    const struct error *err = list_check_search(call, req->search);
    if (!err) {
        err = domain_store_list(call, &request, &filter, &page);
    }
    if (!err) {
        resp->n_domains = page.n;
        resp->domains = (Roost__Domains__V1__Domain **)page.messages;
        resp->next_page_token = page.next_page_token;
        err = domain_view_complete(call, resp->domains, resp->n_domains);
    }
    if (!err && (req->count || domain_filter_is_empty(&filter))) {
        resp->_total_size_case = ROOST__DOMAINS__V1__LIST_DOMAINS_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        err = domain_store_count(call, &filter, &resp->total_size);
    }
    if (err) {
        return err;
    }
    *ret_resp = resp;
    return NULL;
}

const struct error *domains_update_domain(struct call *call,
                                          const Roost__Domains__V1__UpdateDomainRequest *req,
                                          Roost__Domains__V1__Domain **ret_resp)
{
    return domain_update(call, req, ret_resp);
}

const struct error *domains_delete_domain(struct call *call,
                                          const Roost__Domains__V1__DeleteDomainRequest *req,
                                          Google__Protobuf__Empty **ret_resp)
{
    const struct error *err = domain_delete(call, req);
    if (err) {
        return err;
    }
    *ret_resp = EMPTY(call);
    return NULL;
}

const struct error *domains_restore_domain(struct call *call,
                                           const Roost__Domains__V1__RestoreDomainRequest *req,
                                           Roost__Domains__V1__Domain **ret_resp)
{
    return domain_restore(call, req, ret_resp);
}

const struct error *domains_bulk_change_domains(
    struct call *call, const Roost__Domains__V1__BulkChangeDomainsRequest *req,
    Roost__Domains__V1__BulkChangeDomainsResponse **ret_resp)
{
    return domain_bulk(call, req, ret_resp);
}

const struct error *domains_create_domain_alias(
    struct call *call, const Roost__Domains__V1__CreateDomainAliasRequest *req,
    Roost__Domains__V1__DomainAlias **ret_resp)
{
    Roost__Domains__V1__DomainAlias *alias;
    const struct error *err = domain_alias_read_new(call->arena, req, &alias);
    return err ? err : alias_store_create(call, req, alias, ret_resp);
}

const struct error *domains_get_domain_alias(struct call *call,
                                             const Roost__Domains__V1__GetDomainAliasRequest *req,
                                             Roost__Domains__V1__DomainAlias **ret_resp)
{
    Roost__Domains__V1__DomainAlias *alias;
    const struct error *err = alias_store_get(call, req->id, &alias);
    if (err) {
        return err;
    }
    if (!alias) {
        return error_new(call->arena, REASON_DOMAIN_ALIAS_NOT_FOUND, "Not found.");
    }
    *ret_resp = alias;
    return NULL;
}

/* -1, which no domain has, where the name is no domain: then the list is empty. */
static const struct error *target_of_name(struct call *call, const char *name, int64_t *ret_id)
{
    const char *fault;
    const char *canonical = address_canonical_domain(call->arena, name, &fault);
    const struct error *err = NULL;
    int64_t id = 0;
    if (canonical) {
        err = domain_store_id_of(call, canonical, &id);
    }
    if (err) {
        return err;
    }
    *ret_id = id ? id : -1;
    return NULL;
}

const struct error *domains_list_domain_aliases(
    struct call *call, const Roost__Domains__V1__ListDomainAliasesRequest *req,
    Roost__Domains__V1__ListDomainAliasesResponse **ret_resp)
{
    const struct list_request request = {req->page_size, req->page_token, req->ordering};
    Roost__Domains__V1__ListDomainAliasesResponse *resp = NEW(call, list_domain_aliases_response);
    struct alias_filter filter = {.search = req->search};
    struct list_page page;
    const struct error *err = list_check_search(call, req->search);
    if (!err && *req->domain) {
        err = target_of_name(call, req->domain, &filter.target_id);
    }
    if (!err) {
        err = alias_store_list(call, &request, &filter, &page);
    }
    if (!err && (req->count || (!*req->search && !*req->domain))) {
        resp->_total_size_case =
            ROOST__DOMAINS__V1__LIST_DOMAIN_ALIASES_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        err = alias_store_count(call, &filter, &resp->total_size);
    }
    if (err) {
        return err;
    }
    resp->n_domain_aliases = page.n;
    resp->domain_aliases = (Roost__Domains__V1__DomainAlias **)page.messages;
    resp->next_page_token = page.next_page_token;
    *ret_resp = resp;
    return NULL;
}

const struct error *domains_update_domain_alias(
    struct call *call, const Roost__Domains__V1__UpdateDomainAliasRequest *req,
    Roost__Domains__V1__DomainAlias **ret_resp)
{
    return alias_store_update(call, req, ret_resp);
}

const struct error *domains_delete_domain_alias(
    struct call *call, const Roost__Domains__V1__DeleteDomainAliasRequest *req,
    Google__Protobuf__Empty **ret_resp)
{
    const struct error *err = alias_store_delete(call, req);
    if (err) {
        return err;
    }
    *ret_resp = EMPTY(call);
    return NULL;
}

const struct error *domains_internal_resolve_domains(
    struct call *call, const Roost__Domains__V1__ResolveDomainsRequest *req,
    Roost__Domains__V1__ResolveDomainsResponse **ret_resp)
{
    if (req->n_names > RESOLVE_MAX || req->n_ids > RESOLVE_MAX) {
        return error_on_field(call->arena, REASON_FIELD_TOO_LONG,
                              req->n_names > RESOLVE_MAX ? "names" : "ids", "At most %d at a time.",
                              RESOLVE_MAX);
    }
    *ret_resp = NEW(call, resolve_domains_response);
    return domain_store_resolve(call, req, *ret_resp);
}

const struct error *domains_internal_list_checked_domains(
    struct call *call, const Roost__Domains__V1__ListCheckedDomainsRequest *req,
    Roost__Domains__V1__ResolveDomainsResponse **ret_resp)
{
    if (req->limit < 1 || req->limit > RESOLVE_MAX) {
        return error_on_field(call->arena, REASON_FIELD_INVALID, "limit", "Must be 1 to %d.",
                              RESOLVE_MAX);
    }
    *ret_resp = NEW(call, resolve_domains_response);
    return domain_store_list_checked(call, req, *ret_resp);
}
