#include "services/domains/domain_write.h"

#include "proto/roost/quotas/v1/quotas.client.h"
#include "services/common/clock/clock.h"
#include "services/common/pg/pg.h"

enum { RETRY_AFTER_MS = 1000 };

void domain_sagas_register(void)
{
    static struct saga_kind kinds[7];
    kinds[0] = domain_saga_create;
    kinds[1] = domain_saga_update;
    kinds[2] = domain_saga_rename;
    kinds[3] = domain_saga_remove;
    kinds[4] = domain_saga_remove_later;
    kinds[5] = domain_saga_closure;
    kinds[6] = domain_saga_sessions;
    saga_register(kinds, sizeof kinds / sizeof *kinds);
}

void domain_write_limit(struct call *call)
{
    int64_t limit_us = clock_monotonic_us() + (int64_t)DOMAIN_WRITE_MAX_MS * 1000;
    if (call->deadline_us == 0 || call->deadline_us > limit_us) {
        call->deadline_us = limit_us;
        pg_set_call(call->pg, call->arena, limit_us);
    }
}

bool domain_is_refusal(const struct error *err)
{
    return err->code == ERROR_INVALID_ARGUMENT || err->code == ERROR_FAILED_PRECONDITION ||
           err->code == ERROR_NOT_FOUND || err->code == ERROR_ALREADY_EXISTS ||
           err->code == ERROR_OUT_OF_RANGE || err->code == ERROR_PERMISSION_DENIED;
}

const struct error *domain_in_progress(struct call *call)
{
    const struct error *err = error_new(call->arena, REASON_REQUEST_IN_PROGRESS,
                                        "Another change of this domain is being carried out.");
    return error_with_retry_after(call->arena, err, RETRY_AFTER_MS);
}

const struct error *domain_remove_quotas(struct call *call, int64_t id)
{
    Roost__Quotas__V1__RemoveDomainQuotaRequest req =
        ROOST__QUOTAS__V1__REMOVE_DOMAIN_QUOTA_REQUEST__INIT;
    Roost__Quotas__V1__RemoveDomainQuotaResponse *resp;
    const struct error *err;
    req.domain_id = id;
    do {
        err = quotas_internal_client_remove_domain_quota(call, &req, &resp);
    } while (!err && !resp->done);
    return err;
}

const struct error *domain_set_quota(struct call *call,
                                     const Roost__Quotas__V1__SetDomainQuotaRequest *req,
                                     Roost__Quotas__V1__DomainQuota **ret_quota)
{
    const struct error *err = quotas_internal_client_set_domain_quota(call, req, ret_quota);
    return error_prefix_fields(call->arena, err, "domain");
}
