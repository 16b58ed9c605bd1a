#include <string.h>

#include "services/common/message/message.h"
#include "services/common/outbox/outbox.h"
#include "services/common/pg/pg.h"
#include "services/common/request_log/request_log.h"
#include "services/domains/alias_store.h"
#include "services/domains/domain_store.h"
#include "services/domains/domain_view.h"
#include "services/domains/domain_write.h"

struct restoration {
    struct call *call;
    const Roost__Domains__V1__RestoreDomainRequest *req;
    const Roost__Domains__V1__Domain *view; /* what other services know of it */
    Roost__Domains__V1__Domain *answer;
    int64_t closure_saga_id; /* 0: nothing was restored */
};

static const struct error *not_found(struct call *call)
{
    return error_new(call->arena, REASON_DOMAIN_NOT_FOUND, "Not found.");
}

/* Its removal has not begun, and never will. */
static const struct error *bring_back(struct call *call, int64_t id)
{
    bool is_done;
    const struct error *err = saga_withdraw(call, &domain_saga_remove_later, id, &is_done);
    if (!err && !is_done) {
        err = error_new(call->arena, REASON_DELETE_FINAL, "The domain is being removed.");
    }
    if (!err) {
        err = domain_store_restore(call, id, &is_done);
    }
    if (!err && !is_done) {
        err = not_found(call);
    }
    return err ? err : alias_store_restore_all(call, id);
}

static const struct error *load(struct restoration *work)
{
    const struct error *err = domain_store_get(work->call, work->req->id, &work->answer);
    if (!err && !work->answer) {
        err = not_found(work->call);
    }
    if (!err) {
        domain_view_copy(work->view, work->answer);
    }
    return err;
}

static const struct error *restore(struct restoration *work)
{
    struct call *call = work->call;
    const char *state;
    const struct error *err = domain_store_lock_any(call, work->req->id, &state);
    if (err || strcmp(state, "deleting") != 0) {
        return err ? err : load(work);
    }
    err = bring_back(call, work->req->id);
    if (!err) {
        err = domain_closure_begin(call, work->req->id, &work->closure_saga_id);
    }
    if (!err) {
        err = load(work);
    }
    return err ? err
               : outbox_append(call, &(struct outbox_event){.type = "DomainRestored",
                                                            .object_type = "domain",
                                                            .object_id = work->req->id,
                                                            .after = &work->answer->base});
}

static const struct error *write(struct pg *pg, void *ctx)
{
    struct restoration *work = ctx;
    struct call *call = work->call;
    ProtobufCMessage *replayed;
    (void)pg;
    const struct error *err = request_log_begin(call, work->req->request_id, &work->req->base,
                                                &roost__domains__v1__domain__descriptor, &replayed);
    if (err) {
        return err;
    }
    if (replayed) {
        work->answer = (Roost__Domains__V1__Domain *)replayed;
        return NULL;
    }
    err = restore(work);
    return err ? err : request_log_end(call, work->req->request_id, &work->answer->base);
}

const struct error *domain_restore(struct call *call,
                                   const Roost__Domains__V1__RestoreDomainRequest *req,
                                   Roost__Domains__V1__Domain **ret_domain)
{
    Roost__Domains__V1__Domain *view =
        message_new(call->arena, &roost__domains__v1__domain__descriptor);
    struct restoration work = {.call = call, .req = req, .view = view};
    domain_write_limit(call);
    view->id = req->id;
    const struct error *err = domain_view_complete(call, &view, 1);
    if (!err) {
        err = pg_transact(call->pg, write, &work);
    }
    if (err) {
        return err;
    }
    if (work.closure_saga_id) {
        /* Whatever comes of it: the finisher does what this leaves. */
        const struct error *later = saga_run(call, &domain_saga_closure, work.closure_saga_id);
        (void)later;
    }
    *ret_domain = work.answer;
    return NULL;
}
