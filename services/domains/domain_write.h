/* The writes of a domain that other services take part in. Each is begun in a transaction that also
 * stores what remains to be done (a saga), so that a crash at any point leaves nothing half done:
 * docs/domains.md. */
#pragma once

#include "proto/roost/domains/v1/domains.pb-c.h"
#include "proto/roost/quotas/v1/quotas_internal.pb-c.h"
#include "services/common/rpc/call.h"
#include "services/common/saga/saga.h"

MUST_USE const struct error *domain_create(struct call *call,
                                           const Roost__Domains__V1__CreateDomainRequest *req,
                                           Roost__Domains__V1__Domain **ret_domain);
MUST_USE const struct error *domain_update(struct call *call,
                                           const Roost__Domains__V1__UpdateDomainRequest *req,
                                           Roost__Domains__V1__Domain **ret_domain);
MUST_USE const struct error *domain_delete(struct call *call,
                                           const Roost__Domains__V1__DeleteDomainRequest *req);
/* A domain that is not deleted is left as it is. */
MUST_USE const struct error *domain_restore(struct call *call,
                                            const Roost__Domains__V1__RestoreDomainRequest *req,
                                            Roost__Domains__V1__Domain **ret_domain);

/* What remains of each: payload and step. */
extern const struct saga_kind domain_saga_create; /* CreateDomainRequest with its domain's id */
extern const struct saga_kind domain_saga_update; /* UpdateDomainRequest, its etag the change_no */
extern const struct saga_kind domain_saga_rename; /* RewriteDomainRequest */
extern const struct saga_kind domain_saga_remove; /* RemoveDomainRequest */
/* The same, begun when the time for an undo is over: until then it may be withdrawn. */
extern const struct saga_kind domain_saga_remove_later;
extern const struct saga_kind domain_saga_closure; /* SetDomainClosedRequest with the domain's id */
extern const struct saga_kind domain_saga_sessions; /* EndSessionsRequest */

/* All of them, for saga_register: in main. */
void domain_sagas_register(void);

/* Shared by the writes. */

enum {
    /* A write whose process is alive ends before the finisher looks after it. */
    DOMAIN_WRITE_MAX_MS = 8000,
    DOMAIN_SAGA_DELAY_MS = 15000,
    /* A domain of at most so many addresses is renamed or removed before the answer. */
    DOMAIN_SMALL_MAX = 200,
};
void domain_write_limit(struct call *call);
/* The callee has refused and changed nothing; else nobody knows. */
bool domain_is_refusal(const struct error *err);
MUST_USE const struct error *domain_in_progress(struct call *call);
/* RemoveDomainQuota until it is done. */
MUST_USE const struct error *domain_remove_quotas(struct call *call, int64_t id);
MUST_USE const struct error *domain_set_quota(struct call *call,
                                              const Roost__Quotas__V1__SetDomainQuotaRequest *req,
                                              Roost__Quotas__V1__DomainQuota **ret_quota);
/* Inside the transaction that deletes or restores a domain: accounts is to keep its people out, or
 * let them in; saga_run after the commit. */
MUST_USE const struct error *domain_closure_begin(struct call *call, int64_t id,
                                                  int64_t *ret_saga_id);
/* The last step of a removal, before the row goes: its name may be used again. */
MUST_USE const struct error *domain_closure_end(struct call *call, int64_t id);
/* Inside the transaction that disables, renames or deletes a domain: the sessions that were opened
 * under this name of its end. domain_sessions_end after the commit; nothing for saga_id 0. */
MUST_USE const struct error *domain_sessions_begin(struct call *call, int64_t id, const char *name,
                                                   int64_t *ret_saga_id);
void domain_sessions_end(struct call *call, int64_t saga_id);
