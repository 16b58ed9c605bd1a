#include "services/common/message/message.h"
#include "services/common/pg/pg.h"
#include "services/quotas/quota.h"
#include "services/quotas/quota_store.h"
#include "services/quotas/sql/quotas.sql.h"

static const struct error *lock(struct call *call, int64_t domain_id,
                                Roost__Quotas__V1__DomainQuota **ret_domain)
{
    const struct error *err = pg_get(
        call->pg, &quotas_sql_domain_quota_lock, PG_ARGS(NULL, pg_int64("domain_id", domain_id)),
        &roost__quotas__v1__domain_quota__descriptor, (ProtobufCMessage **)ret_domain);
    if (!err && !*ret_domain) {
        err = error_new(call->arena, REASON_DOMAIN_NOT_FOUND, "There is no such domain.");
    }
    return err;
}

static const struct error *count_unlimited(struct call *call, int64_t domain_id, int64_t *ret_n)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &quotas_sql_domain_quota_count_unlimited,
                                       PG_ARGS(NULL, pg_int64("domain_id", domain_id)), &rows);
    if (err) {
        return err;
    }
    *ret_n = pg_value_int64(&rows, 0, 0);
    return NULL;
}

struct set {
    struct call *call;
    const Roost__Quotas__V1__SetDomainQuotaRequest *req;
    Roost__Quotas__V1__DomainQuota *domain;
};

/* Makes the change first: what the mailboxes would then have is what they have, and a refusal rolls
 * it back. */
static const struct error *apply(struct call *call, const Roost__Quotas__V1__DomainQuota *before,
                                 Roost__Quotas__V1__DomainQuota *after)
{
    int64_t n_unlimited;
    /* Before the database's own limits see the values. */
    const struct error *err = quota_check_domain(call->arena, before, after, 0);
    if (!err) {
        err = pg_run(call->pg, &quotas_sql_domain_quota_set, PG_MESSAGE(&after->base), NULL);
    }
    if (!err && after->default_mailbox_quota != before->default_mailbox_quota) {
        err = pg_run(call->pg, &quotas_sql_domain_quota_followers_set, PG_MESSAGE(&after->base),
                     NULL);
    }
    if (err) {
        return err;
    }
    Roost__Quotas__V1__DomainQuota *stored;
    err = lock(call, after->domain_id, &stored);
    if (!err) {
        err = count_unlimited(call, after->domain_id, &n_unlimited);
    }
    if (err) {
        return err;
    }
    after->allocated_quota = stored->allocated_quota;
    return quota_check_domain(call->arena, before, after, n_unlimited);
}

static const struct error *set(struct pg *pg, void *ctx)
{
    struct set *work = ctx;
    const Roost__Quotas__V1__SetDomainQuotaRequest *req = work->req;
    Roost__Quotas__V1__DomainQuota *before;
    const struct error *err =
        pg_run(pg, &quotas_sql_domain_quota_add, PG_MESSAGE(&req->base), NULL);
    if (!err) {
        err = lock(work->call, req->domain_id, &before);
    }
    if (err) {
        return err;
    }
    work->domain = (Roost__Quotas__V1__DomainQuota *)message_copy(work->call->arena, &before->base);
    if (req->_quota_case) {
        work->domain->quota = req->quota;
    }
    if (req->_default_mailbox_quota_case) {
        work->domain->default_mailbox_quota = req->default_mailbox_quota;
    }
    if (work->domain->quota == before->quota &&
        work->domain->default_mailbox_quota == before->default_mailbox_quota) {
        return NULL;
    }
    return apply(work->call, before, work->domain);
}

const struct error *domain_quota_store_set(struct call *call,
                                           const Roost__Quotas__V1__SetDomainQuotaRequest *req,
                                           Roost__Quotas__V1__DomainQuota **ret_domain)
{
    struct set work = {call, req, NULL};
    const struct error *err = pg_transact(call->pg, set, &work);
    if (!err) {
        *ret_domain = work.domain;
    }
    return err;
}

const struct error *domain_quota_store_batch_get(
    struct call *call, const Roost__Quotas__V1__BatchGetDomainQuotasRequest *req,
    Roost__Quotas__V1__BatchGetDomainQuotasResponse *ret_resp)
{
    return pg_all(call->pg, &quotas_sql_domain_quota_batch_get, PG_MESSAGE(&req->base),
                  &roost__quotas__v1__domain_quota__descriptor, &ret_resp->n_domain_quotas,
                  (ProtobufCMessage ***)&ret_resp->domain_quotas);
}

struct removal {
    int64_t domain_id;
    int limit;
    bool is_done;
};

static const struct error *remove_batch(struct pg *pg, void *ctx)
{
    struct removal *work = ctx;
    const struct pg_args *args =
        PG_ARGS(NULL, pg_int64("domain_id", work->domain_id), pg_int64("limit", work->limit));
    int64_t n;
    /* Waits for those who are just being given a share. */
    const struct error *err = pg_run(pg, &quotas_sql_domain_quota_close, args, NULL);
    if (!err) {
        err = pg_run(pg, &quotas_sql_domain_quota_remove_mailboxes, args, &n);
    }
    if (err) {
        return err;
    }
    work->is_done = n < work->limit;
    return work->is_done ? pg_run(pg, &quotas_sql_domain_quota_remove, args, NULL) : NULL;
}

const struct error *domain_quota_store_remove(struct call *call, int64_t domain_id, int limit,
                                              bool *ret_done)
{
    struct removal work = {domain_id, limit, false};
    const struct error *err = pg_transact(call->pg, remove_batch, &work);
    if (!err) {
        *ret_done = work.is_done;
    }
    return err;
}
