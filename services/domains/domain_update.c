#include <stdlib.h>
#include <string.h>

#include "proto/roost/mailboxes/v1/mailboxes_internal.pb-c.h"
#include "services/common/message/message.h"
#include "services/common/outbox/outbox.h"
#include "services/common/pg/pg.h"
#include "services/common/request_log/request_log.h"
#include "services/domains/domain.h"
#include "services/domains/domain_store.h"
#include "services/domains/domain_view.h"
#include "services/domains/domain_write.h"

static char method[] = "roost.domains.v1.Domains/UpdateDomain";

struct update {
    struct call *call;
    const Roost__Domains__V1__UpdateDomainRequest *req;
    struct domain_change change;
    /* As it was read before; what other services know of it is taken from here. */
    const Roost__Domains__V1__Domain *view;
    /* Set when quotas take part: the change is open since an earlier transaction. */
    bool is_open;
    int64_t change_no;
    const Roost__Quotas__V1__DomainQuota *quota;
    /* The outcome. */
    int64_t rename_saga_id;
    int64_t sessions_saga_id;
    Roost__Domains__V1__Domain *answer;
};

static const struct error *begin_log(struct update *work)
{
    return request_log_begin(work->call, work->req->request_id, &work->req->base,
                             &roost__domains__v1__domain__descriptor,
                             (ProtobufCMessage **)&work->answer);
}

/* The row, locked, and free for this change. */
static const struct error *lock_free(struct update *work, Roost__Domains__V1__Domain **ret_domain)
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
    if (err || !work->change.name || strcmp(work->change.name, (*ret_domain)->name) == 0 ||
        !*lock.renaming_from) {
        return err;
    }
    return error_new(call->arena, REASON_RENAME_IN_PROGRESS,
                     "Addresses still follow the rename from %s.", lock.renaming_from);
}

static bool is_renamed(const struct update *work, const char *present)
{
    return work->change.name && strcmp(work->change.name, present) != 0;
}

/* Everything that can be refused here is refused now; the new name is held. */
static const struct error *open_change(struct pg *pg, void *ctx)
{
    struct update *work = ctx;
    struct call *call = work->call;
    Roost__Domains__V1__UpdateDomainRequest payload = *work->req;
    Roost__Domains__V1__Domain *domain;
    int64_t saga_id;
    (void)pg;
    const struct error *err = begin_log(work);
    if (err || work->answer) {
        return err;
    }
    err = lock_free(work, &domain);
    if (!err && is_renamed(work, domain->name)) {
        err = domain_store_reserve_name(call, domain->id, work->change.name);
    }
    if (!err) {
        err = domain_store_number_change(call, domain->id, &work->change_no);
    }
    if (err) {
        return err;
    }
    payload.etag = arena_printf(call->arena, "%lld", (long long)work->change_no);
    err = saga_begin(call, &domain_saga_update, domain->id, &payload.base, DOMAIN_SAGA_DELAY_MS,
                     &saga_id);
    return err ? err : domain_store_begin_change(call, domain->id, saga_id);
}

/* quotas has refused: as if nothing had been asked. */
static const struct error *drop_change(struct pg *pg, void *ctx)
{
    const struct update *work = ctx;
    struct call *call = work->call;
    int64_t saga_id;
    (void)pg;
    const struct error *err =
        domain_store_end_change(call, work->req->id, work->change_no, &saga_id);
    if (err || !saga_id) {
        return err;
    }
    err = saga_cancel(call, saga_id);
    if (!err && work->change.name) {
        err = domain_store_release_name(call, work->req->id, work->change.name);
    }
    return err ? err : request_log_forget(call, work->req->request_id);
}

/* Leaves *ret_domain NULL where somebody else has ended the change. */
static const struct error *take_change(struct update *work, Roost__Domains__V1__Domain **ret_domain)
{
    struct call *call = work->call;
    int64_t saga_id;
    const struct error *err =
        domain_store_end_change(call, work->req->id, work->change_no, &saga_id);
    if (err || !saga_id) {
        *ret_domain = NULL;
        return err;
    }
    err = saga_cancel(call, saga_id);
    return err ? err : domain_store_get(call, work->req->id, ret_domain);
}

static const struct error *begin_rename(struct update *work, const char *old_name,
                                        const char *new_name)
{
    Roost__Mailboxes__V1__RewriteDomainRequest payload =
        ROOST__MAILBOXES__V1__REWRITE_DOMAIN_REQUEST__INIT;
    const struct error *err = domain_store_rename(work->call, work->req->id, old_name, new_name);
    if (err) {
        return err;
    }
    payload.domain_id = work->req->id;
    payload.old_name = arena_strdup(work->call->arena, old_name);
    payload.new_name = arena_strdup(work->call->arena, new_name);
    return saga_begin(work->call, &domain_saga_rename, work->req->id, &payload.base, 0,
                      &work->rename_saga_id);
}

/* Whether sessions of before could not be opened any more. */
static bool may_open_less(const Roost__Domains__V1__Domain *before,
                          const Roost__Domains__V1__Domain *wanted)
{
    return strcmp(before->name, wanted->name) != 0 || (before->enabled && !wanted->enabled);
}

/* Stores the change of `before`, which has its quotas of before, with its event. */
static const struct error *store_change(struct update *work,
                                        const Roost__Domains__V1__Domain *before,
                                        const Roost__Domains__V1__Domain *wanted)
{
    struct call *call = work->call;
    Roost__Domains__V1__Domain *after;
    const struct error *err = NULL;
    if (strcmp(before->name, wanted->name) != 0) {
        err = begin_rename(work, before->name, wanted->name);
    }
    if (!err && may_open_less(before, wanted)) {
        err = domain_sessions_begin(call, wanted->id, before->name, &work->sessions_saga_id);
    }
    if (!err) {
        err = domain_store_update(call, wanted);
    }
    if (!err) {
        err = domain_store_get(call, wanted->id, &after);
    }
    if (err) {
        return err;
    }
    domain_view_copy(wanted, after);
    work->answer = after;
    return outbox_append(call, &(struct outbox_event){.type = "DomainModified",
                                                      .object_type = "domain",
                                                      .object_id = wanted->id,
                                                      .before = &before->base,
                                                      .after = &after->base});
}

static const struct error *finish_change(struct pg *pg, void *ctx)
{
    struct update *work = ctx;
    struct call *call = work->call;
    Roost__Domains__V1__Domain *before;
    const struct error *err = NULL;
    (void)pg;
    work->rename_saga_id = 0;
    work->sessions_saga_id = 0;
    if (work->is_open) {
        err = take_change(work, &before);
    } else {
        err = begin_log(work);
        if (err || work->answer) {
            return err;
        }
        err = lock_free(work, &before);
    }
    if (err) {
        return err;
    }
    if (!before) {
        return domain_in_progress(call);
    }
    domain_view_copy(work->view, before);
    Roost__Domains__V1__Domain *wanted = domain_changed(call->arena, before, &work->change);
    if (work->quota) {
        domain_set_quotas(wanted, &(struct domain_quotas){work->quota->quota,
                                                          work->quota->default_mailbox_quota,
                                                          work->quota->allocated_quota});
    }
    if (domain_is_same(before, wanted) && domain_has_same_quotas(before, wanted)) {
        work->answer = before;
    } else {
        err = store_change(work, before, wanted);
    }
    return err ? err : request_log_end(call, work->req->request_id, &work->answer->base);
}

static const struct error *set_quota(struct update *work)
{
    Roost__Quotas__V1__SetDomainQuotaRequest req =
        ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST__INIT;
    Roost__Quotas__V1__DomainQuota *quota;
    req.domain_id = work->req->id;
    if (work->change.has_quota) {
        req._quota_case = ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST___QUOTA_QUOTA;
        req.quota = work->change.quota;
    }
    if (work->change.has_default_mailbox_quota) {
        req._default_mailbox_quota_case =
            ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST___DEFAULT_MAILBOX_QUOTA_DEFAULT_MAILBOX_QUOTA;
        req.default_mailbox_quota = work->change.default_mailbox_quota;
    }
    const struct error *err = domain_set_quota(work->call, &req, &quota);
    if (!err) {
        work->quota = quota;
    }
    return err;
}

/* After a refusal the change is dropped at once; where that fails, the finisher meets the same
 * refusal. Where nobody knows what quotas has done, the finisher carries the change through. */
static const struct error *change_quotas(struct update *work)
{
    const struct error *err = pg_transact(work->call->pg, open_change, work);
    if (err || work->answer) {
        return err;
    }
    work->is_open = true;
    err = set_quota(work);
    if (!err || !domain_is_refusal(err)) {
        return err;
    }
    const struct error *drop_err = pg_transact(work->call->pg, drop_change, work);
    return drop_err ? error_with_cause(work->call->arena, err, "drop: %s", drop_err->detail) : err;
}

/* A small domain's addresses have followed before the answer; else, and after an error, the
 * finisher goes on. */
static void follow_rename(struct update *work)
{
    Roost__Domains__V1__Domain *domain = work->answer;
    if (!work->rename_saga_id || domain->mailbox_count + domain->mbalias_count > DOMAIN_SMALL_MAX) {
        return;
    }
    const struct error *err = saga_run(work->call, &domain_saga_rename, work->rename_saga_id);
    domain->rename_in_progress = err != NULL;
}

const struct error *domain_update(struct call *call,
                                  const Roost__Domains__V1__UpdateDomainRequest *req,
                                  Roost__Domains__V1__Domain **ret_domain)
{
    struct update work = {.call = call, .req = req};
    Roost__Domains__V1__Domain *view;
    domain_write_limit(call);
    const struct error *err = domain_read_change(call->arena, req, &work.change);
    if (!err) {
        err = domain_view_get(call, req->id, &view);
    }
    if (err) {
        return err;
    }
    work.view = view;
    if (!domain_has_same_quotas(view, domain_changed(call->arena, view, &work.change))) {
        err = change_quotas(&work);
    }
    if (!err && !work.answer) {
        err = pg_transact(call->pg, finish_change, &work);
    }
    if (err) {
        return err;
    }
    domain_sessions_end(call, work.sessions_saga_id);
    follow_rename(&work);
    *ret_domain = work.answer;
    return NULL;
}

/* The process that began the change is gone, or does not know what quotas has done. */
static const struct error *carry_through(struct update *work)
{
    Roost__Domains__V1__Domain *view;
    const struct error *err = domain_view_get(work->call, work->req->id, &view);
    if (err) {
        return err;
    }
    work->view = view;
    err = set_quota(work);
    if (!err) {
        return pg_transact(work->call->pg, finish_change, work);
    }
    return domain_is_refusal(err) ? pg_transact(work->call->pg, drop_change, work) : err;
}

static const struct error *finish_update(struct call *call, const ProtobufCMessage *payload)
{
    const Roost__Domains__V1__UpdateDomainRequest *req =
        (const Roost__Domains__V1__UpdateDomainRequest *)payload;
    struct update work = {.call = call, .req = req, .is_open = true};
    const char *saved = call->method;
    bool is_open;
    work.change_no = strtoll(req->etag, NULL, 10);
    const struct error *err = domain_store_change_is_open(call, req->id, work.change_no, &is_open);
    if (err || !is_open) {
        return err;
    }
    err = domain_read_change(call->arena, req, &work.change);
    if (err) {
        return err;
    }
    /* The answer is logged as that of the request. */
    call->method = method;
    err = carry_through(&work);
    call->method = saved;
    return err;
}

const struct saga_kind domain_saga_update = {
    .name = "update_domain",
    .payload = &roost__domains__v1__update_domain_request__descriptor,
    .step = finish_update,
};
