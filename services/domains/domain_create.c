#include "services/common/message/message.h"
#include "services/common/outbox/outbox.h"
#include "services/common/pg/pg.h"
#include "services/common/request_log/request_log.h"
#include "services/domains/domain.h"
#include "services/domains/domain_store.h"
#include "services/domains/domain_write.h"

static char method[] = "roost.domains.v1.Domains/CreateDomain";

struct create {
    struct call *call;
    const Roost__Domains__V1__CreateDomainRequest *req;
    const Roost__Domains__V1__Domain *given;
    int64_t id;
    int64_t saga_id;
    Roost__Domains__V1__Domain *answer;
};

static const struct error *begin_saga(struct create *work)
{
    Roost__Domains__V1__CreateDomainRequest payload =
        ROOST__DOMAINS__V1__CREATE_DOMAIN_REQUEST__INIT;
    Roost__Domains__V1__Domain domain = ROOST__DOMAINS__V1__DOMAIN__INIT;
    domain.id = work->id;
    payload.domain = &domain;
    payload.request_id = work->req->request_id;
    const struct error *err = saga_begin(work->call, &domain_saga_create, work->id, &payload.base,
                                         DOMAIN_SAGA_DELAY_MS, &work->saga_id);
    return err ? err : domain_store_begin_change(work->call, work->id, work->saga_id);
}

static const struct error *reserve(struct pg *pg, void *ctx)
{
    struct create *work = ctx;
    (void)pg;
    const struct error *err = request_log_begin(work->call, work->req->request_id, &work->req->base,
                                                &roost__domains__v1__domain__descriptor,
                                                (ProtobufCMessage **)&work->answer);
    if (err || work->answer) {
        return err;
    }
    err = domain_store_insert(work->call, work->given, &work->id);
    return err ? err : begin_saga(work);
}

static const struct error *activate(struct pg *pg, void *ctx)
{
    struct create *work = ctx;
    struct call *call = work->call;
    Roost__Domains__V1__Domain *domain;
    bool is_done;
    (void)pg;
    const struct error *err = domain_store_activate(call, work->id, &is_done);
    if (err) {
        return err;
    }
    if (!is_done) {
        return error_new(call->arena, REASON_DEADLINE_EXCEEDED,
                         "The domain could not be created in time.");
    }
    err = saga_cancel(call, work->saga_id);
    if (!err) {
        err = domain_store_get(call, work->id, &domain);
    }
    if (err) {
        return err;
    }
    domain_set_quotas(
        domain, &(struct domain_quotas){work->given->quota, work->given->default_mailbox_quota, 0});
    err = outbox_append(call, &(struct outbox_event){.type = "DomainCreated",
                                                     .object_type = "domain",
                                                     .object_id = work->id,
                                                     .after = &domain->base});
    work->answer = domain;
    return err ? err : request_log_end(call, work->req->request_id, &domain->base);
}

/* After a refusal nobody waits for the finisher. Where the abort fails, it is the finisher's. */
static const struct error *abort_refused(struct create *work, const struct error *refusal)
{
    const struct error *err = saga_run(work->call, &domain_saga_create, work->saga_id);
    return err ? error_with_cause(work->call->arena, refusal, "abort: %s", err->detail) : refusal;
}

const struct error *domain_create(struct call *call,
                                  const Roost__Domains__V1__CreateDomainRequest *req,
                                  Roost__Domains__V1__Domain **ret_domain)
{
    struct create work = {.call = call, .req = req};
    Roost__Quotas__V1__SetDomainQuotaRequest quota =
        ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST__INIT;
    Roost__Quotas__V1__DomainQuota *stored;
    Roost__Domains__V1__Domain *given;
    domain_write_limit(call);
    const struct error *err = domain_read_new(call->arena, req, &given);
    if (!err) {
        work.given = given;
        err = pg_transact(call->pg, reserve, &work);
    }
    if (!err && !work.answer) {
        quota.domain_id = work.id;
        quota._quota_case = ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST___QUOTA_QUOTA;
        quota.quota = given->quota;
        quota._default_mailbox_quota_case =
            ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST___DEFAULT_MAILBOX_QUOTA_DEFAULT_MAILBOX_QUOTA;
        quota.default_mailbox_quota = given->default_mailbox_quota;
        err = domain_set_quota(call, &quota, &stored);
        if (err) {
            return domain_is_refusal(err) ? abort_refused(&work, err) : err;
        }
        err = pg_transact(call->pg, activate, &work);
    }
    if (err) {
        return err;
    }
    *ret_domain = work.answer;
    return NULL;
}

struct abort {
    struct call *call;
    int64_t id;
    const char *request_id;
    bool is_ours;
};

static const struct error *abandon(struct pg *pg, void *ctx)
{
    struct abort *work = ctx;
    (void)pg;
    return domain_store_abandon(work->call, work->id, &work->is_ours);
}

static const struct error *forget(struct pg *pg, void *ctx)
{
    struct abort *work = ctx;
    struct call *call = work->call;
    const char *saved = call->method;
    (void)pg;
    const struct error *err = domain_store_delete(call, work->id);
    call->method = method;
    if (!err) {
        err = request_log_forget(call, work->request_id);
    }
    call->method = saved;
    return err;
}

/* Whoever created it is gone or was refused: quotas first, so that nothing of it is left when the
 * name is free again. */
static const struct error *abort_create(struct call *call, const ProtobufCMessage *payload)
{
    const Roost__Domains__V1__CreateDomainRequest *req =
        (const Roost__Domains__V1__CreateDomainRequest *)payload;
    struct abort work = {.call = call, .id = req->domain->id, .request_id = req->request_id};
    const struct error *err = pg_transact(call->pg, abandon, &work);
    if (err || !work.is_ours) {
        return err;
    }
    err = domain_remove_quotas(call, work.id);
    return err ? err : pg_transact(call->pg, forget, &work);
}

const struct saga_kind domain_saga_create = {
    .name = "create_domain",
    .payload = &roost__domains__v1__create_domain_request__descriptor,
    .step = abort_create,
};
