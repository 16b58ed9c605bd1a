#include "services/mailboxes/domain_names.h"

#include <string.h>

#include "proto/roost/domains/v1/domains.client.h"
#include "services/common/address/address.h"
#include "services/common/message/message.h"

/* Mostly all recipients of an alias are in the same few domains. */
static bool is_listed(char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

const struct error *domain_names_resolve(struct call *call, const char *const *names, size_t n,
                                         struct domain_names *ret_names)
{
    Roost__Domains__V1__ResolveDomainsRequest *req =
        message_new(call->arena, &roost__domains__v1__resolve_domains_request__descriptor);
    req->names = arena_alloc(call->arena, (n + 1) * sizeof *req->names);
    for (size_t i = 0; i < n; i++) {
        if (!is_listed(req->names, req->n_names, names[i])) {
            req->names[req->n_names++] = (char *)names[i];
        }
    }
    Roost__Domains__V1__ResolveDomainsResponse *resp;
    const struct error *err = domains_internal_client_resolve_domains(call, req, &resp);
    if (err) {
        return err;
    }
    *ret_names = (struct domain_names){resp->domains, resp->n_domains};
    return NULL;
}

const Roost__Domains__V1__ResolvedDomain *domain_names_find(const struct domain_names *names,
                                                            const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->items[i]->asked_name, name) == 0) {
            return names->items[i];
        }
    }
    return NULL;
}

const struct error *domain_names_invalid(struct call *call, const char *field, const char *message,
                                         const char *name)
{
    const struct error *err =
        error_on_field(call->arena, REASON_DOMAIN_NOT_FOUND, field, message, name);
    struct error *invalid = arena_memdup(call->arena, err, sizeof *err);
    invalid->code = ERROR_INVALID_ARGUMENT;
    return invalid;
}

const struct error *domain_names_filter(struct call *call, const char *name, int64_t *ret_domain_id)
{
    if (!*name) {
        *ret_domain_id = 0;
        return NULL;
    }
    const char *fault;
    const char *canonical = address_canonical_domain(call->arena, name, &fault);
    const Roost__Domains__V1__ResolvedDomain *domain = NULL;
    if (canonical) {
        struct domain_names names;
        const struct error *err = domain_names_resolve(call, &canonical, 1, &names);
        if (err) {
            return err;
        }
        domain = domain_names_find(&names, canonical);
    }
    if (!domain || domain->is_alias) {
        return domain_names_invalid(call, "domain", "There is no domain %s.", name);
    }
    *ret_domain_id = domain->id;
    return NULL;
}
