#include "services/mailboxes/session_end_store.h"

#include "services/common/pg/pg.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

enum { LIMIT_MAX = 1000 };

const struct error *session_end_store_add(struct call *call, const char *address)
{
    return pg_run(call->pg, &mailboxes_sql_session_end_add,
                  PG_ARGS(NULL, pg_text("address", address)), NULL);
}

const struct error *session_end_store_add_asked(struct call *call,
                                                const Roost__Mailboxes__V1__EndSessionsRequest *req)
{
    if (*req->domain) {
        return session_end_store_add(call, arena_printf(call->arena, "@%s", req->domain));
    }
    return pg_run(call->pg, &mailboxes_sql_session_end_add_by_account, PG_MESSAGE(&req->base),
                  NULL);
}

const struct error *session_end_store_exchange(
    struct call *call, const Roost__Mailboxes__V1__ClaimOperationsRequest *req,
    Roost__Mailboxes__V1__ClaimOperationsResponse *ret_resp)
{
    const struct error *err = NULL;
    if (req->n_ended_session_ids > 0) {
        err = pg_run(call->pg, &mailboxes_sql_session_end_remove, PG_MESSAGE(&req->base), NULL);
    }
    if (err || req->session_end_limit <= 0) {
        return err;
    }
    size_t n;
    ProtobufCMessage **messages;
    int64_t limit = req->session_end_limit < LIMIT_MAX ? req->session_end_limit : LIMIT_MAX;
    err = pg_all(call->pg, &mailboxes_sql_session_end_list, PG_ARGS(NULL, pg_int64("limit", limit)),
                 &roost__mailboxes__v1__session_end__descriptor, &n, &messages);
    if (err) {
        return err;
    }
    ret_resp->session_ends = (Roost__Mailboxes__V1__SessionEnd **)messages;
    ret_resp->n_session_ends = n;
    return NULL;
}
