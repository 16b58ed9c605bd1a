/* The rules of domains and their aliases. Faults are reported on the fields of the request. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/roost/domains/v1/domains.pb-c.h"
#include "services/common/error/error.h"

/* The domain of a create request in canonical form, defaults filled in. FIELD_REQUIRED,
 * DOMAIN_NAME_INVALID, DOMAIN_TYPE_UNKNOWN. */
MUST_USE const struct error *domain_read_new(struct arena *arena,
                                             const Roost__Domains__V1__CreateDomainRequest *req,
                                             Roost__Domains__V1__Domain **ret_domain);

/* What an update asks for. A NULL or zero flag: leave it. */
struct domain_change {
    const char *name;
    const char *type;
    bool has_enabled, enabled;
    bool has_enable_dns_checks, enable_dns_checks;
    bool has_quota, has_default_mailbox_quota;
    int64_t quota, default_mailbox_quota;
};

/* A field that the mask names and the request lacks gets its default. Without a mask, and with "*",
 * what the request has is changed and the rest stays, as Modoboa's PUT does it; "*" requires the
 * name. Output-only fields are passed over. Fails as domain_read_new does, and with FIELD_INVALID
 * where the mask names no field. */
MUST_USE const struct error *domain_read_change(struct arena *arena,
                                                const Roost__Domains__V1__UpdateDomainRequest *req,
                                                struct domain_change *ret_change);
/* `domain` as the change leaves it; its quotas too. */
Roost__Domains__V1__Domain *domain_changed(struct arena *arena,
                                           const Roost__Domains__V1__Domain *domain,
                                           const struct domain_change *change);
/* Whether two states of a domain are alike in what an update can change, quotas apart. */
bool domain_is_same(const Roost__Domains__V1__Domain *a, const Roost__Domains__V1__Domain *b);
bool domain_has_same_quotas(const Roost__Domains__V1__Domain *a,
                            const Roost__Domains__V1__Domain *b);
/* Sets quota, default_mailbox_quota, allocated_quota and its percentage. */
struct domain_quotas {
    int64_t quota, default_mailbox_quota, allocated;
};
void domain_set_quotas(Roost__Domains__V1__Domain *domain, const struct domain_quotas *quotas);

/* The alias of a create request in canonical form. FIELD_REQUIRED, DOMAIN_NAME_INVALID. */
MUST_USE const struct error *domain_alias_read_new(
    struct arena *arena, const Roost__Domains__V1__CreateDomainAliasRequest *req,
    Roost__Domains__V1__DomainAlias **ret_alias);
/* `alias` as the request leaves it, by the rules of domain_read_change. */
MUST_USE const struct error *domain_alias_read_change(
    struct arena *arena, const Roost__Domains__V1__UpdateDomainAliasRequest *req,
    const Roost__Domains__V1__DomainAlias *alias, Roost__Domains__V1__DomainAlias **ret_alias);
bool domain_alias_is_same(const Roost__Domains__V1__DomainAlias *a,
                          const Roost__Domains__V1__DomainAlias *b);

/* ETAG_MISMATCH unless `asked` is empty or `present`. */
MUST_USE const struct error *domain_check_etag(struct arena *arena, const char *asked,
                                               const char *present);
