#include "google/protobuf/empty.pb-c.h"
#include "proto/roost/accounts/v1/accounts.client.h"
#include "proto/roost/mailboxes/v1/mailboxes.client.h"
#include "services/common/bulk/bulk.h"
#include "services/common/clock/clock.h"
#include "services/common/outbox/outbox.h"
#include "services/common/pg/pg.h"
#include "services/common/request_log/request_log.h"
#include "services/domains/alias_store.h"
#include "services/domains/domain.h"
#include "services/domains/domain_store.h"
#include "services/domains/domain_view.h"
#include "services/domains/domain_write.h"

enum { BATCH = 500, STEP_MAX_US = 5000000 };

/* The domain in which the caller has a mailbox, 0 if there is none. */
static const struct error *own_domain(struct call *call, int64_t *ret_id)
{
    Roost__Mailboxes__V1__BatchGetMailboxesRequest req =
        ROOST__MAILBOXES__V1__BATCH_GET_MAILBOXES_REQUEST__INIT;
    Roost__Mailboxes__V1__BatchGetMailboxesResponse *resp;
    int64_t account_id = call->identity->account_id;
    *ret_id = 0;
    if (!account_id) {
        return NULL;
    }
    req.n_account_ids = 1;
    req.account_ids = &account_id;
    const struct error *err = mailboxes_internal_client_batch_get_mailboxes(call, &req, &resp);
    if (!err && resp->n_mailboxes) {
        *ret_id = resp->mailboxes[0]->domain_id;
    }
    return err;
}

struct removal {
    struct call *call;
    const Roost__Domains__V1__DeleteDomainRequest *req;
    const Roost__Domains__V1__Domain *view; /* as it was read before */
    int64_t own_domain_id;
    int64_t saga_id;
    int64_t closure_saga_id;
    int64_t sessions_saga_id;
    bool is_replayed;
};

/* The row, locked, if it may be deleted. */
static const struct error *lock(const struct removal *work, Roost__Domains__V1__Domain **ret_domain)
{
    struct call *call = work->call;
    struct domain_lock lock;
    const struct error *err = domain_store_lock(call, work->req->id, &lock);
    if (!err && (!lock.is_active || lock.saga_id)) {
        err = domain_in_progress(call);
    }
    if (!err) {
        err = domain_store_get(call, work->req->id, ret_domain);
    }
    if (!err) {
        err = domain_check_etag(call->arena, work->req->etag, (*ret_domain)->etag);
    }
    if (!err && work->own_domain_id == work->req->id) {
        err = error_new(call->arena, REASON_OWN_DOMAIN, "You can't delete your own domain");
    }
    if (!err && work->req->undo_seconds && *lock.renaming_from) {
        /* What is left of the rename needs the domain. */
        err = error_new(call->arena, REASON_RENAME_IN_PROGRESS,
                        "The addresses of the domain are still being renamed.");
    }
    return err;
}

static const struct error *begin_sagas(struct removal *work, const char *name)
{
    Roost__Mailboxes__V1__RemoveDomainRequest payload =
        ROOST__MAILBOXES__V1__REMOVE_DOMAIN_REQUEST__INIT;
    payload.domain_id = work->req->id;
    payload.keep_directories = work->req->keep_folder;
    int32_t undo_seconds = work->req->undo_seconds;
    const struct error *err =
        saga_begin(work->call, undo_seconds ? &domain_saga_remove_later : &domain_saga_remove,
                   work->req->id, &payload.base, (int64_t)undo_seconds * 1000, &work->saga_id);
    if (!err && undo_seconds) {
        err = domain_closure_begin(work->call, work->req->id, &work->closure_saga_id);
    }
    if (!err) {
        err = domain_sessions_begin(work->call, work->req->id, name, &work->sessions_saga_id);
    }
    return err;
}

/* From here on it is gone for users and mail. */
static const struct error *mark(struct pg *pg, void *ctx)
{
    struct removal *work = ctx;
    struct call *call = work->call;
    Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;
    Roost__Domains__V1__Domain *domain;
    ProtobufCMessage *replayed;
    (void)pg;
    const struct error *err = request_log_begin(call, work->req->request_id, &work->req->base,
                                                &google__protobuf__empty__descriptor, &replayed);
    work->is_replayed = !err && replayed;
    if (err || replayed) {
        return err;
    }
    err = lock(work, &domain);
    if (err) {
        return err;
    }
    domain_view_copy(work->view, domain);
    err = work->req->undo_seconds ? alias_store_set_aside_all(call, domain->id)
                                  : alias_store_delete_all(call, domain->id);
    if (!err) {
        err = domain_store_mark_deleting(call, domain->id);
    }
    if (!err) {
        err = outbox_append(call, &(struct outbox_event){.type = "DomainDeleted",
                                                         .object_type = "domain",
                                                         .object_id = domain->id,
                                                         .before = &domain->base});
    }
    if (!err) {
        err = begin_sagas(work, domain->name);
    }
    return err ? err : request_log_end(call, work->req->request_id, &empty.base);
}

/* What is not there (any more) may have been deleted by this very request. */
static const struct error *read_view(struct removal *work)
{
    static const Roost__Domains__V1__Domain nothing = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *view;
    const struct error *err = domain_view_get(work->call, work->req->id, &view);
    if (error_is(err, REASON_DOMAIN_NOT_FOUND)) {
        work->view = &nothing;
        return NULL;
    }
    if (!err) {
        work->view = view;
    }
    return err;
}

const struct error *domain_delete(struct call *call,
                                  const Roost__Domains__V1__DeleteDomainRequest *req)
{
    struct removal work = {.call = call, .req = req};
    domain_write_limit(call);
    const struct error *err = bulk_check_undo(call, req->undo_seconds);
    if (!err) {
        err = own_domain(call, &work.own_domain_id);
    }
    if (!err) {
        err = read_view(&work);
    }
    if (!err) {
        err = pg_transact(call->pg, mark, &work);
    }
    if (err || work.is_replayed) {
        return err;
    }
    domain_sessions_end(call, work.sessions_saga_id);
    /* Whatever comes of it: the domain is gone, and the finisher does what this leaves. */
    const struct error *later = NULL;
    if (req->undo_seconds) {
        later = saga_run(call, &domain_saga_closure, work.closure_saga_id);
    } else if (work.view->mailbox_count + work.view->mbalias_count <= DOMAIN_SMALL_MAX) {
        later = saga_run(call, &domain_saga_remove, work.saga_id);
    }
    (void)later;
    return NULL;
}

/* One batch; moves req->after_mailbox_id on. */
static const struct error *remove_batch(struct call *call,
                                        Roost__Mailboxes__V1__RemoveDomainRequest *req,
                                        bool *ret_done)
{
    Roost__Accounts__V1__RemoveDomainAccountsRequest accounts =
        ROOST__ACCOUNTS__V1__REMOVE_DOMAIN_ACCOUNTS_REQUEST__INIT;
    Roost__Mailboxes__V1__RemoveDomainResponse *batch;
    Google__Protobuf__Empty *resp;
    const struct error *err = mailboxes_internal_client_remove_domain(call, req, &batch);
    if (err) {
        return err;
    }
    *ret_done = batch->done;
    if (batch->n_mailbox_ids) {
        req->after_mailbox_id = batch->mailbox_ids[batch->n_mailbox_ids - 1];
    }
    if (batch->n_account_ids == 0) {
        return NULL;
    }
    accounts.n_account_ids = batch->n_account_ids;
    accounts.account_ids = batch->account_ids;
    return accounts_internal_client_remove_domain_accounts(call, &accounts, &resp);
}

struct ending {
    struct call *call;
    const Roost__Mailboxes__V1__RemoveDomainRequest *req;
    bool is_done;
};

static const struct error *end(struct pg *pg, void *ctx)
{
    const struct ending *work = ctx;
    int64_t saga_id;
    (void)pg;
    if (work->is_done) {
        return domain_store_delete(work->call, work->req->domain_id);
    }
    /* A step's time is limited: another saga goes on from here. */
    return saga_begin(work->call, &domain_saga_remove, work->req->domain_id, &work->req->base, 0,
                      &saga_id);
}

/* Quotas first: from then on no mailbox of this domain gets a share, so none is created behind the
 * removal of the others. */
static const struct error *remove_step(struct call *call, const ProtobufCMessage *payload)
{
    Roost__Mailboxes__V1__RemoveDomainRequest req =
        *(const Roost__Mailboxes__V1__RemoveDomainRequest *)payload;
    int64_t limit_us = clock_monotonic_us() + STEP_MAX_US;
    bool is_done = false;
    const struct error *err = domain_remove_quotas(call, req.domain_id);
    req.limit = BATCH;
    while (!err && !is_done && clock_monotonic_us() < limit_us) {
        err = remove_batch(call, &req, &is_done);
    }
    if (!err && is_done) {
        err = domain_closure_end(call, req.domain_id);
    }
    return err ? err : pg_transact(call->pg, end, &(struct ending){call, &req, is_done});
}

const struct saga_kind domain_saga_remove = {
    .name = "remove_domain",
    .payload = &roost__mailboxes__v1__remove_domain_request__descriptor,
    .step = remove_step,
};

const struct saga_kind domain_saga_remove_later = {
    .name = "remove_domain_later",
    .payload = &roost__mailboxes__v1__remove_domain_request__descriptor,
    .step = remove_step,
};
