#include <string.h>

#include "services/common/pg/pg.h"
#include "services/quotas/quota.h"
#include "services/quotas/quota_store.h"
#include "services/quotas/sql/quotas.sql.h"

static const struct error *domain_of_mailbox(struct call *call, int64_t mailbox_id,
                                             int64_t *ret_domain_id)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &quotas_sql_mailbox_quota_find,
                                       PG_ARGS(NULL, pg_int64("mailbox_id", mailbox_id)), &rows);
    if (err) {
        return err;
    }
    *ret_domain_id = rows.n_rows ? pg_value_int64(&rows, 0, 0) : 0;
    return NULL;
}

static const struct error *lock_domain(struct call *call, int64_t domain_id,
                                       Roost__Quotas__V1__DomainQuota **ret_domain)
{
    return pg_get(call->pg, &quotas_sql_domain_quota_lock,
                  PG_ARGS(NULL, pg_int64("domain_id", domain_id)),
                  &roost__quotas__v1__domain_quota__descriptor, (ProtobufCMessage **)ret_domain);
}

/* The mailbox, with its domain and the one that it goes to locked, in the order of their ids so
 * that two moves in opposite directions do not wait for each other. */
static const struct error *lock_all(struct call *call, int64_t mailbox_id, int64_t domain_id,
                                    Roost__Quotas__V1__DomainQuota **ret_domain,
                                    Roost__Quotas__V1__Quota **ret_mailbox)
{
    Roost__Quotas__V1__DomainQuota *other;
    int64_t present_id;
    const struct error *err = domain_of_mailbox(call, mailbox_id, &present_id);
    if (!err && present_id && present_id < domain_id) {
        err = lock_domain(call, present_id, &other);
    }
    if (!err) {
        err = lock_domain(call, domain_id, ret_domain);
    }
    if (!err && present_id > domain_id) {
        err = lock_domain(call, present_id, &other);
    }
    if (!err && !*ret_domain) {
        err = error_new(call->arena, REASON_DOMAIN_NOT_FOUND, "There is no such domain.");
    }
    if (!err) {
        err = pg_get(call->pg, &quotas_sql_mailbox_quota_lock,
                     PG_ARGS(NULL, pg_int64("mailbox_id", mailbox_id)),
                     &roost__quotas__v1__quota__descriptor, (ProtobufCMessage **)ret_mailbox);
    }
    if (!err && *ret_mailbox && (*ret_mailbox)->domain_id != present_id) {
        err = error_new(call->arena, REASON_SERIALIZATION_FAILED,
                        "The change collided with another one; try again.");
    }
    return err;
}

static const struct error *put(struct call *call,
                               const Roost__Quotas__V1__SetMailboxQuotaRequest *req, int64_t quota)
{
    const struct pg_args *args = PG_ARGS(&req->base, pg_int64("quota", quota));
    const struct error *err = pg_run(call->pg, &quotas_sql_mailbox_quota_put, args, NULL);
    if (!err) {
        err = pg_run(call->pg, &quotas_sql_usage_displace, args, NULL);
    }
    return err ? err : pg_run(call->pg, &quotas_sql_usage_put, args, NULL);
}

struct set {
    struct call *call;
    const Roost__Quotas__V1__SetMailboxQuotaRequest *req;
};

/* The domain's row is locked from before the sum is read until the commit: of two who ask for the
 * last megabytes one waits and then reads what the other has taken. */
static const struct error *set(struct pg *pg, void *ctx)
{
    struct call *call = ((struct set *)ctx)->call;
    const Roost__Quotas__V1__SetMailboxQuotaRequest *req = ((struct set *)ctx)->req;
    Roost__Quotas__V1__DomainQuota *domain = NULL;
    Roost__Quotas__V1__Quota *mailbox = NULL;
    (void)pg;
    const struct error *err = lock_all(call, req->mailbox_id, req->domain_id, &domain, &mailbox);
    if (err) {
        return err;
    }
    struct quota_share share = {
        .address = req->address,
        .present = mailbox && mailbox->domain_id == req->domain_id ? mailbox->quota : -1,
        .asked = req->use_domain_quota ? domain->default_mailbox_quota : req->quota,
    };
    err = req->override_domain_quota ? quota_check_range(call->arena, "quota", share.asked)
                                     : quota_check_mailbox(call->arena, domain, &share);
    return err ? err : put(call, req, share.asked);
}

const struct error *mailbox_quota_store_set(struct call *call,
                                            const Roost__Quotas__V1__SetMailboxQuotaRequest *req)
{
    return pg_transact(call->pg, set, &(struct set){call, req});
}

const struct error *mailbox_quota_store_confirm(struct call *call, int64_t mailbox_id)
{
    return pg_run(call->pg, &quotas_sql_mailbox_quota_confirm,
                  PG_ARGS(NULL, pg_int64("mailbox_id", mailbox_id)), NULL);
}

const struct error *mailbox_quota_store_remove(struct call *call, int64_t mailbox_id)
{
    return pg_run(call->pg, &quotas_sql_mailbox_quota_remove,
                  PG_ARGS(NULL, pg_int64("mailbox_id", mailbox_id)), NULL);
}

/* Its share moves along, whatever the new domain has: the mailbox is there already. */
static const struct error *move(struct call *call,
                                const Roost__Quotas__V1__RewriteQuotaAddressesRequest__Item *item)
{
    Roost__Quotas__V1__DomainQuota *domain = NULL;
    Roost__Quotas__V1__Quota *mailbox = NULL;
    const struct error *err =
        lock_all(call, item->mailbox_id, item->new_domain_id, &domain, &mailbox);
    if (err || !mailbox || mailbox->domain_id == item->new_domain_id) {
        return err;
    }
    int64_t quota = mailbox->use_domain_quota ? domain->default_mailbox_quota : mailbox->quota;
    return pg_run(call->pg, &quotas_sql_mailbox_quota_move,
                  PG_ARGS(NULL, pg_int64("mailbox_id", item->mailbox_id),
                          pg_int64("domain_id", item->new_domain_id), pg_int64("quota", quota)),
                  NULL);
}

struct renaming {
    struct call *call;
    const Roost__Quotas__V1__RewriteQuotaAddressesRequest *req;
    const int64_t *mailbox_ids;
    const char *const *addresses;
};

static const struct error *rename_all(struct pg *pg, void *ctx)
{
    const struct renaming *work = ctx;
    const struct pg_args *args =
        PG_ARGS(NULL, pg_int64s("mailbox_ids", work->mailbox_ids, work->req->n_items),
                pg_texts("addresses", work->addresses, work->req->n_items));
    const struct error *err = NULL;
    for (size_t i = 0; i < work->req->n_items && !err; i++) {
        if (work->req->items[i]->new_domain_id) {
            err = move(work->call, work->req->items[i]);
        }
    }
    if (!err) {
        err = pg_run(pg, &quotas_sql_mailbox_quota_rename_all, args, NULL);
    }
    if (!err) {
        err = pg_run(pg, &quotas_sql_usage_displace_all, args, NULL);
    }
    return err ? err : pg_run(pg, &quotas_sql_usage_rename_all, args, NULL);
}

const struct error *mailbox_quota_store_rename(
    struct call *call, const Roost__Quotas__V1__RewriteQuotaAddressesRequest *req)
{
    int64_t *mailbox_ids = arena_alloc(call->arena, (req->n_items + 1) * sizeof *mailbox_ids);
    const char **addresses = arena_alloc(call->arena, (req->n_items + 1) * sizeof *addresses);
    for (size_t i = 0; i < req->n_items; i++) {
        mailbox_ids[i] = req->items[i]->mailbox_id;
        addresses[i] = req->items[i]->new_address;
    }
    return pg_transact(call->pg, rename_all, &(struct renaming){call, req, mailbox_ids, addresses});
}
