#include "services/mailboxes/operation_store.h"

#include <string.h>

#include "services/common/message/message.h"
#include "services/common/outbox/outbox.h"
#include "services/mailboxes/mailboxes_config.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

enum { CLAIM_MAX = 100, LEASE_MIN_S = 1, LEASE_MAX_S = 3600, ERROR_MAX_BYTES = 1000 };

const struct error *operation_store_get(struct call *call, int64_t id,
                                        Roost__Mailboxes__V1__MailboxOperation **ret_operation)
{
    ProtobufCMessage *message;
    const struct error *err =
        pg_get(call->pg, &mailboxes_sql_operation_get, PG_ARGS(NULL, pg_int64("id", id)),
               &roost__mailboxes__v1__mailbox_operation__descriptor, &message);
    if (err) {
        return err;
    }
    *ret_operation = (Roost__Mailboxes__V1__MailboxOperation *)message;
    return NULL;
}

const struct error *operation_store_list(struct call *call, const struct list_request *request,
                                         const char *state, int64_t mailbox_id,
                                         struct list_page *ret_page)
{
    const struct pg_list *list =
        *state ? &mailboxes_sql_operation_list_in_state : &mailboxes_sql_operation_list;
    if (mailbox_id) {
        list = &mailboxes_sql_operation_list_of_mailbox;
    }
    return list_run(
        call, list, request,
        PG_ARGS(NULL, pg_text_or_null("state", state), pg_int64("mailbox_id", mailbox_id)),
        &roost__mailboxes__v1__mailbox_operation__descriptor, ret_page);
}

const struct error *operation_store_count(struct call *call, const char *state, int64_t mailbox_id,
                                          int64_t *ret_count)
{
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, &mailboxes_sql_operation_count,
                 PG_ARGS(NULL, pg_text_or_null("state", state),
                         mailbox_id ? pg_int64("mailbox_id", mailbox_id) : pg_null("mailbox_id")),
                 &rows);
    if (err) {
        return err;
    }
    *ret_count = pg_value_int64(&rows, 0, 0);
    return NULL;
}

/* One operation inside a transaction: what it was, and the event that says what became of it. */
static const struct error *append_event(struct call *call, const char *type,
                                        const Roost__Mailboxes__V1__MailboxOperation *before)
{
    Roost__Mailboxes__V1__MailboxOperation *after;
    const struct error *err = operation_store_get(call, before->id, &after);
    if (err) {
        return err;
    }
    return outbox_append(call, &(struct outbox_event){.type = type,
                                                      .object_type = "mailbox_operation",
                                                      .object_id = before->id,
                                                      .before = &before->base,
                                                      .after = &after->base});
}

static const struct error *fail(struct call *call,
                                const Roost__Mailboxes__V1__MailboxOperation *before,
                                const char *reason)
{
    const struct error *err =
        pg_run(call->pg, &mailboxes_sql_operation_fail,
               PG_ARGS(NULL, pg_int64("id", before->id), pg_text("last_error", reason)), NULL);
    if (err) {
        return err;
    }
    return append_event(call, "MailboxOperationFailed", before);
}

struct retry_tx {
    struct call *call;
    int64_t id;
    Roost__Mailboxes__V1__MailboxOperation *result;
};

static const struct error *retry(struct pg *pg, void *ctx)
{
    struct retry_tx *tx = ctx;
    const struct pg_args *args = PG_ARGS(NULL, pg_int64("id", tx->id));
    struct pg_rows rows;
    const struct error *err = pg_query(pg, &mailboxes_sql_operation_lock, args, &rows);
    if (err) {
        return err;
    }
    if (rows.n_rows == 0) {
        return error_new(tx->call->arena, REASON_OPERATION_NOT_FOUND,
                         "There is no such mailbox operation.");
    }
    if (strcmp(pg_value(&rows, 0, 1), "failed") != 0) {
        return error_new(tx->call->arena, REASON_OPERATION_NOT_FAILED,
                         "The operation is %s; only a failed one can be retried.",
                         pg_value(&rows, 0, 1));
    }
    err = pg_run(pg, &mailboxes_sql_operation_retry, args, NULL);
    if (err) {
        return err;
    }
    return operation_store_get(tx->call, tx->id, &tx->result);
}

const struct error *operation_store_retry(struct call *call, int64_t id,
                                          Roost__Mailboxes__V1__MailboxOperation **ret_operation)
{
    struct retry_tx tx = {.call = call, .id = id};
    const struct error *err = pg_transact(call->pg, retry, &tx);
    if (err) {
        return err;
    }
    *ret_operation = tx.result;
    return NULL;
}

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

const struct error *operation_store_claim(struct call *call,
                                          const Roost__Mailboxes__V1__ClaimOperationsRequest *req,
                                          Roost__Mailboxes__V1__ClaimOperationsResponse *ret_resp)
{
    size_t n;
    ProtobufCMessage **messages;
    const struct error *err = pg_all(
        call->pg, &mailboxes_sql_operation_claim,
        PG_ARGS(&req->base, pg_int64("limit", clamp(req->limit, 1, CLAIM_MAX)),
                pg_int64("lease_seconds", clamp(req->lease_seconds, LEASE_MIN_S, LEASE_MAX_S))),
        &roost__mailboxes__v1__mailbox_operation__descriptor, &n, &messages);
    if (err) {
        return err;
    }
    ret_resp->operations = (Roost__Mailboxes__V1__MailboxOperation **)messages;
    ret_resp->n_operations = n;
    return NULL;
}

struct finish_tx {
    struct call *call;
    const Roost__Mailboxes__V1__FinishOperationRequest *req;
};

static const struct error *finish_well(struct call *call,
                                       const Roost__Mailboxes__V1__MailboxOperation *before)
{
    const struct error *err = pg_run(call->pg, &mailboxes_sql_operation_done,
                                     PG_ARGS(NULL, pg_int64("id", before->id)), NULL);
    if (err) {
        return err;
    }
    if (strcmp(before->type, "rename") == 0) {
        /* Another directory by now: this was an older place, whose rest has been moved along. */
        err = pg_run(call->pg, &mailboxes_sql_mailbox_set_home, PG_MESSAGE(&before->base), NULL);
        if (err) {
            return err;
        }
    }
    return append_event(call, "MailboxOperationFinished", before);
}

static const struct error *requeue(struct call *call, int64_t id, const char *reason,
                                   int64_t pause_ms)
{
    return pg_run(call->pg, &mailboxes_sql_operation_requeue,
                  PG_ARGS(NULL, pg_int64("id", id), pg_text("last_error", reason),
                          pg_int64("pause_ms", pause_ms)),
                  NULL);
}

/* The length of the text, cut between characters if it is too long. */
static size_t whole_characters(const char *text)
{
    size_t len = strlen(text);
    if (len > ERROR_MAX_BYTES) {
        for (len = ERROR_MAX_BYTES; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--) {
        }
    }
    return len;
}

static const struct error *finish_badly(struct call *call,
                                        const Roost__Mailboxes__V1__MailboxOperation *before,
                                        const Roost__Mailboxes__V1__FinishOperationRequest *req)
{
    const struct mailboxes_config *config = call->service;
    const char *reason = arena_strndup(call->arena, req->error, whole_characters(req->error));
    if (req->permanent || before->attempts >= config->operation_attempts) {
        return fail(call, before, reason);
    }
    return requeue(call, before->id, reason,
                   mailbox_operation_pause_ms(before->attempts, config->operation_pause_ms,
                                              config->operation_pause_max_ms));
}

static const struct error *finish(struct pg *pg, void *ctx)
{
    struct call *call = ((struct finish_tx *)ctx)->call;
    const Roost__Mailboxes__V1__FinishOperationRequest *req = ((struct finish_tx *)ctx)->req;
    struct pg_rows rows;
    const struct error *err = pg_query(pg, &mailboxes_sql_operation_lock,
                                       PG_ARGS(NULL, pg_int64("id", req->operation_id)), &rows);
    if (err) {
        return err;
    }
    if (rows.n_rows == 0) {
        return error_new(call->arena, REASON_OPERATION_NOT_FOUND,
                         "There is no such mailbox operation.");
    }
    const char *state = pg_value(&rows, 0, 1);
    if (strcmp(state, "running") == 0 && strcmp(pg_value(&rows, 0, 2), req->agent) == 0) {
        Roost__Mailboxes__V1__MailboxOperation *before;
        err = operation_store_get(call, req->operation_id, &before);
        if (err) {
            return err;
        }
        return *req->error ? finish_badly(call, before, req) : finish_well(call, before);
    }
    if (strcmp(state, "failed") == 0 && !*req->error) {
        /* Given up as abandoned, carried out after all. Once more, because mail may have come into
         * the old directory since. */
        return pg_run(pg, &mailboxes_sql_operation_retry,
                      PG_ARGS(NULL, pg_int64("id", req->operation_id)), NULL);
    }
    return NULL;
}

const struct error *operation_store_finish(struct call *call,
                                           const Roost__Mailboxes__V1__FinishOperationRequest *req)
{
    return pg_transact(call->pg, finish, &(struct finish_tx){call, req});
}

struct stale_tx {
    struct call *call;
    size_t n;
};

static const struct error *fail_stale(struct pg *pg, void *ctx)
{
    struct stale_tx *tx = ctx;
    const struct mailboxes_config *config = tx->call->service;
    struct pg_rows rows;
    const struct error *err =
        pg_query(pg, &mailboxes_sql_operation_stale,
                 PG_ARGS(NULL, pg_int64("max_attempts", config->operation_attempts),
                         pg_int64("rename_limit_seconds", config->rename_limit_s)),
                 &rows);
    if (err) {
        return err;
    }
    for (int row = 0; row < rows.n_rows; row++) {
        Roost__Mailboxes__V1__MailboxOperation *before;
        err = operation_store_get(tx->call, pg_value_int64(&rows, row, 0), &before);
        if (err) {
            return err;
        }
        err = fail(tx->call, before, "");
        if (err) {
            return err;
        }
    }
    tx->n = (size_t)rows.n_rows;
    return NULL;
}

const struct error *operation_store_fail_stale(struct call *call, size_t *ret_n)
{
    struct stale_tx tx = {.call = call};
    const struct error *err = pg_transact(call->pg, fail_stale, &tx);
    if (err) {
        return err;
    }
    *ret_n = tx.n;
    return NULL;
}
