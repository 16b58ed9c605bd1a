/* Domain aliases in the database. */
#pragma once

#include <stdint.h>

#include "proto/roost/domains/v1/domains.pb-c.h"
#include "services/common/list/list.h"
#include "services/common/rpc/call.h"

/* NULL if there is none. */
MUST_USE const struct error *alias_store_get(struct call *call, int64_t id,
                                             Roost__Domains__V1__DomainAlias **ret_alias);

struct alias_filter {
    const char *search; /* the beginning of the name; "" for all */
    int64_t target_id;  /* 0: all */
};
MUST_USE const struct error *alias_store_list(struct call *call, const struct list_request *request,
                                              const struct alias_filter *filter,
                                              struct list_page *ret_page);
MUST_USE const struct error *alias_store_count(struct call *call, const struct alias_filter *filter,
                                               int64_t *ret_count);

/* The whole writes: request log, etag, event. */
MUST_USE const struct error *alias_store_create(
    struct call *call, const Roost__Domains__V1__CreateDomainAliasRequest *req,
    const Roost__Domains__V1__DomainAlias *alias, Roost__Domains__V1__DomainAlias **ret_alias);
MUST_USE const struct error *alias_store_update(
    struct call *call, const Roost__Domains__V1__UpdateDomainAliasRequest *req,
    Roost__Domains__V1__DomainAlias **ret_alias);
MUST_USE const struct error *alias_store_delete(
    struct call *call, const Roost__Domains__V1__DeleteDomainAliasRequest *req);
/* Inside a transaction: all aliases of a domain, with an event each. */
MUST_USE const struct error *alias_store_delete_all(struct call *call, int64_t domain_id);
/* The same, so that they can be restored: their names stay taken by the domain. */
MUST_USE const struct error *alias_store_set_aside_all(struct call *call, int64_t domain_id);
MUST_USE const struct error *alias_store_restore_all(struct call *call, int64_t domain_id);
