/* Domains in the database. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/roost/accounts/v1/accounts_internal.pb-c.h"
#include "proto/roost/domains/v1/domains.pb-c.h"
#include "proto/roost/domains/v1/domains_internal.pb-c.h"
#include "services/common/list/list.h"
#include "services/common/rpc/call.h"

/* An active one, without what other services know of it; NULL if there is none. */
MUST_USE const struct error *domain_store_get(struct call *call, int64_t id,
                                              Roost__Domains__V1__Domain **ret_domain);

struct domain_filter {
    const char *search; /* the beginning of the name; "" for all */
    const char *type;   /* "" for all */
    bool has_enabled, enabled;
};
MUST_USE const struct error *domain_store_list(struct call *call,
                                               const struct list_request *request,
                                               const struct domain_filter *filter,
                                               struct list_page *ret_page);
bool domain_filter_is_empty(const struct domain_filter *filter);
MUST_USE const struct error *domain_store_count(struct call *call,
                                                const struct domain_filter *filter,
                                                int64_t *ret_count);
/* The next ids by id. */
MUST_USE const struct error *domain_store_select(struct call *call,
                                                 const struct domain_filter *filter,
                                                 int64_t after_id, int64_t limit, int64_t **ret_ids,
                                                 size_t *ret_n);
MUST_USE const struct error *domain_store_resolve(
    struct call *call, const Roost__Domains__V1__ResolveDomainsRequest *req,
    Roost__Domains__V1__ResolveDomainsResponse *ret_resp);
MUST_USE const struct error *domain_store_list_checked(
    struct call *call, const Roost__Domains__V1__ListCheckedDomainsRequest *req,
    Roost__Domains__V1__ResolveDomainsResponse *ret_resp);
/* 0 if no active domain has this name. */
MUST_USE const struct error *domain_store_id_of(struct call *call, const char *name,
                                                int64_t *ret_id);
MUST_USE const struct error *domain_store_is_renaming(struct call *call, int64_t id,
                                                      const char *old_name, bool *ret_is);
/* Whether its accounts are kept out: only while it is deleted. NULL if there is none. */
MUST_USE const struct error *domain_store_closure(
    struct call *call, int64_t id, Roost__Accounts__V1__SetDomainClosedRequest **ret_closure);
MUST_USE const struct error *domain_store_expire_former_names(struct call *call);

/* The rest inside a transaction. */

struct domain_lock {
    bool is_active;
    const char *renaming_from; /* "" when not */
    int64_t saga_id;           /* 0: no write is under way */
    int64_t change_no;
};
/* Holds the row. DOMAIN_NOT_FOUND if there is none or it is being deleted. */
MUST_USE const struct error *domain_store_lock(struct call *call, int64_t id,
                                               struct domain_lock *ret_lock);

/* Pending, so nobody sees it; its name is taken. DOMAIN_EXISTS, DOMAIN_ALIAS_EXISTS. */
MUST_USE const struct error *domain_store_insert(struct call *call,
                                                 const Roost__Domains__V1__Domain *domain,
                                                 int64_t *ret_id);
/* *ret_done: it was pending until now. */
MUST_USE const struct error *domain_store_activate(struct call *call, int64_t id, bool *ret_done);
/* A pending one is on its way out. *ret_done: it was pending, or has been abandoned before. */
MUST_USE const struct error *domain_store_abandon(struct call *call, int64_t id, bool *ret_done);

MUST_USE const struct error *domain_store_number_change(struct call *call, int64_t id,
                                                        int64_t *ret_change_no);
MUST_USE const struct error *domain_store_begin_change(struct call *call, int64_t id,
                                                       int64_t saga_id);
MUST_USE const struct error *domain_store_change_is_open(struct call *call, int64_t id,
                                                         int64_t change_no, bool *ret_is);
/* *ret_saga_id: the saga of the change, 0 if somebody else has ended it. */
MUST_USE const struct error *domain_store_end_change(struct call *call, int64_t id,
                                                     int64_t change_no, int64_t *ret_saga_id);

/* Type and flags; a new version. */
MUST_USE const struct error *domain_store_update(struct call *call,
                                                 const Roost__Domains__V1__Domain *domain);
/* The old name stays taken until domain_store_end_rename; mail finds it for five days more. */
MUST_USE const struct error *domain_store_rename(struct call *call, int64_t id,
                                                 const char *old_name, const char *new_name);
MUST_USE const struct error *domain_store_end_rename(struct call *call, int64_t id,
                                                     const char *old_name);
MUST_USE const struct error *domain_store_reserve_name(struct call *call, int64_t id,
                                                       const char *name);
MUST_USE const struct error *domain_store_release_name(struct call *call, int64_t id,
                                                       const char *name);

MUST_USE const struct error *domain_store_mark_deleting(struct call *call, int64_t id);
/* Holds the row, of whatever state; *ret_state is "" if there is none, or one whose creation was
 * abandoned. */
MUST_USE const struct error *domain_store_lock_any(struct call *call, int64_t id,
                                                   const char **ret_state);
/* Back from deleting to active. *ret_done: it was active before that. */
MUST_USE const struct error *domain_store_restore(struct call *call, int64_t id, bool *ret_done);
/* Does nothing to one that is not being deleted. */
MUST_USE const struct error *domain_store_delete(struct call *call, int64_t id);
