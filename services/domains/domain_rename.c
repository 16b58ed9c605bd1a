#include "proto/roost/accounts/v1/accounts.client.h"
#include "proto/roost/mailboxes/v1/mailboxes.client.h"
#include "proto/roost/quotas/v1/quotas.client.h"
#include "services/common/clock/clock.h"
#include "services/common/message/message.h"
#include "services/common/pg/pg.h"
#include "services/domains/domain_store.h"
#include "services/domains/domain_write.h"

enum { BATCH = 500, STEP_MAX_US = 5000000 };

static const struct error *rewrite_quotas(struct call *call,
                                          const Roost__Mailboxes__V1__RewriteDomainResponse *batch)
{
    Roost__Quotas__V1__RewriteQuotaAddressesRequest req =
        ROOST__QUOTAS__V1__REWRITE_QUOTA_ADDRESSES_REQUEST__INIT;
    Google__Protobuf__Empty *resp;
    req.n_items = batch->n_mailboxes;
    req.items = arena_alloc(call->arena, batch->n_mailboxes * sizeof *req.items);
    for (size_t i = 0; i < batch->n_mailboxes; i++) {
        req.items[i] = message_new(
            call->arena, &roost__quotas__v1__rewrite_quota_addresses_request__item__descriptor);
        req.items[i]->mailbox_id = batch->mailboxes[i]->mailbox_id;
        req.items[i]->new_address = batch->mailboxes[i]->new_address;
    }
    return quotas_internal_client_rewrite_quota_addresses(call, &req, &resp);
}

static const struct error *rewrite_accounts(
    struct call *call, const Roost__Mailboxes__V1__RewriteDomainResponse *batch)
{
    Roost__Accounts__V1__RewriteAddressesRequest req =
        ROOST__ACCOUNTS__V1__REWRITE_ADDRESSES_REQUEST__INIT;
    Google__Protobuf__Empty *resp;
    req.n_items = batch->n_mailboxes;
    req.items = arena_alloc(call->arena, batch->n_mailboxes * sizeof *req.items);
    for (size_t i = 0; i < batch->n_mailboxes; i++) {
        req.items[i] = message_new(
            call->arena, &roost__accounts__v1__rewrite_addresses_request__item__descriptor);
        req.items[i]->account_id = batch->mailboxes[i]->account_id;
        req.items[i]->old_address = batch->mailboxes[i]->old_address;
        req.items[i]->new_address = batch->mailboxes[i]->new_address;
    }
    return accounts_internal_client_rewrite_addresses(call, &req, &resp);
}

/* One batch; moves req->after_mailbox_id on. */
static const struct error *rewrite_batch(struct call *call,
                                         Roost__Mailboxes__V1__RewriteDomainRequest *req,
                                         bool *ret_done)
{
    Roost__Mailboxes__V1__RewriteDomainResponse *batch;
    const struct error *err = mailboxes_internal_client_rewrite_domain(call, req, &batch);
    if (err) {
        return err;
    }
    *ret_done = batch->done;
    if (batch->n_mailboxes == 0) {
        return NULL;
    }
    req->after_mailbox_id = batch->mailboxes[batch->n_mailboxes - 1]->mailbox_id;
    err = rewrite_quotas(call, batch);
    return err ? err : rewrite_accounts(call, batch);
}

struct ending {
    struct call *call;
    const Roost__Mailboxes__V1__RewriteDomainRequest *req;
    bool is_done;
};

static const struct error *end(struct pg *pg, void *ctx)
{
    const struct ending *work = ctx;
    int64_t saga_id;
    (void)pg;
    if (work->is_done) {
        return domain_store_end_rename(work->call, work->req->domain_id, work->req->old_name);
    }
    /* A step's time is limited: another saga goes on from here. */
    return saga_begin(work->call, &domain_saga_rename, work->req->domain_id, &work->req->base, 0,
                      &saga_id);
}

static const struct error *rename_step(struct call *call, const ProtobufCMessage *payload)
{
    Roost__Mailboxes__V1__RewriteDomainRequest req =
        *(const Roost__Mailboxes__V1__RewriteDomainRequest *)payload;
    int64_t limit_us = clock_monotonic_us() + STEP_MAX_US;
    bool is_renaming;
    bool is_done = false;
    const struct error *err =
        domain_store_is_renaming(call, req.domain_id, req.old_name, &is_renaming);
    if (err || !is_renaming) {
        return err;
    }
    req.limit = BATCH;
    while (!err && !is_done && clock_monotonic_us() < limit_us) {
        err = rewrite_batch(call, &req, &is_done);
    }
    return err ? err : pg_transact(call->pg, end, &(struct ending){call, &req, is_done});
}

const struct saga_kind domain_saga_rename = {
    .name = "rename_domain",
    .payload = &roost__mailboxes__v1__rewrite_domain_request__descriptor,
    .step = rename_step,
};
