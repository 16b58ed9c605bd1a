#include "services/mailboxes/alias_delete.h"

#include <string.h>

#include "google/protobuf/empty.pb-c.h"
#include "services/common/bulk/bulk.h"
#include "services/common/outbox/outbox.h"
#include "services/common/pg/pg.h"
#include "services/common/request_log/request_log.h"
#include "services/mailboxes/alias_store.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

#define ID(id) PG_ARGS(NULL, pg_int64("id", id))

static const struct error *not_found(struct call *call)
{
    return error_new(call->arena, REASON_ALIAS_NOT_FOUND, "There is no such alias.");
}

/* The aliases that name it keep it until it goes. */
static const struct error *set_aside(struct call *call, const Roost__Mailboxes__V1__Alias *alias,
                                     int32_t undo_seconds)
{
    Roost__Mailboxes__V1__DeleteAliasRequest payload =
        ROOST__MAILBOXES__V1__DELETE_ALIAS_REQUEST__INIT;
    int64_t saga_id;
    const struct error *err =
        pg_run(call->pg, &mailboxes_sql_alias_mark_deleting, ID(alias->id), NULL);
    if (err) {
        return err;
    }
    err = outbox_append(call, &(struct outbox_event){.type = "MailboxAliasDeleted",
                                                     .object_type = "alias",
                                                     .object_id = alias->id,
                                                     .before = &alias->base});
    if (err) {
        return err;
    }
    payload.id = alias->id;
    return saga_begin(call, &alias_saga_remove, alias->id, &payload.base,
                      (int64_t)undo_seconds * 1000, &saga_id);
}

const struct error *alias_delete_watched(struct call *call, struct alias_watch *watch, int64_t id,
                                         int32_t undo_seconds)
{
    return undo_seconds ? set_aside(call, watch->items[0].before, undo_seconds)
                        : alias_remove(call, watch, &id, 1);
}

struct delete_tx {
    struct call *call;
    const Roost__Mailboxes__V1__DeleteAliasRequest *req;
};

static const struct error *delete_alias(struct pg *pg, void *ctx)
{
    (void)pg;
    struct call *call = ((struct delete_tx *)ctx)->call;
    const Roost__Mailboxes__V1__DeleteAliasRequest *req = ((struct delete_tx *)ctx)->req;
    ProtobufCMessage *replayed;
    const struct error *err = request_log_begin(call, req->request_id, &req->base,
                                                &google__protobuf__empty__descriptor, &replayed);
    if (err || replayed) {
        return err;
    }
    struct alias_watch watch = {0};
    err = alias_watch_ids(call, &watch, &req->id, 1);
    if (err) {
        return err;
    }
    if (watch.n == 0) {
        return not_found(call);
    }
    if (*req->etag && strcmp(req->etag, watch.items[0].before->etag) != 0) {
        return error_new(call->arena, REASON_ETAG_MISMATCH,
                         "The alias was changed by somebody else.");
    }
    err = alias_delete_watched(call, &watch, req->id, req->undo_seconds);
    if (err) {
        return err;
    }
    Google__Protobuf__Empty empty;
    google__protobuf__empty__init(&empty);
    return request_log_end(call, req->request_id, &empty.base);
}

const struct error *alias_delete(struct call *call,
                                 const Roost__Mailboxes__V1__DeleteAliasRequest *req)
{
    const struct error *err = bulk_check_undo(call, req->undo_seconds);
    return err ? err : pg_transact(call->pg, delete_alias, &(struct delete_tx){call, req});
}

/* "" if there is none. The row is locked. */
static const struct error *lock_state(struct call *call, int64_t id, const char **ret_state)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &mailboxes_sql_alias_lock_any, ID(id), &rows);
    if (err) {
        return err;
    }
    *ret_state = rows.n_rows ? pg_value(&rows, 0, 0) : "";
    return NULL;
}

static const struct error *remove_alias(struct pg *pg, void *ctx)
{
    (void)pg;
    const struct delete_tx *tx = ctx;
    struct alias_watch watch = {0};
    const char *state;
    const struct error *err = lock_state(tx->call, tx->req->id, &state);
    /* Its domain may have gone meanwhile, and it with the domain. */
    return err || strcmp(state, "deleting") != 0 ? err
                                                 : alias_remove(tx->call, &watch, &tx->req->id, 1);
}

static const struct error *remove_step(struct call *call, const ProtobufCMessage *payload)
{
    return pg_transact(
        call->pg, remove_alias,
        &(struct delete_tx){call, (const Roost__Mailboxes__V1__DeleteAliasRequest *)payload});
}

const struct saga_kind alias_saga_remove = {
    .name = "remove_alias",
    .payload = &roost__mailboxes__v1__delete_alias_request__descriptor,
    .step = remove_step,
};

struct restore_tx {
    struct call *call;
    const Roost__Mailboxes__V1__RestoreAliasRequest *req;
    Roost__Mailboxes__V1__Alias *result;
};

static const struct error *load(struct call *call, int64_t id,
                                Roost__Mailboxes__V1__Alias **ret_alias)
{
    size_t n;
    Roost__Mailboxes__V1__Alias **aliases;
    const struct error *err = alias_store_batch_get(call, &id, 1, &n, &aliases);
    if (err) {
        return err;
    }
    check(n == 1);
    *ret_alias = aliases[0];
    return NULL;
}

/* Its clean-up has not begun, and never will. */
static const struct error *bring_back(struct restore_tx *tx)
{
    struct call *call = tx->call;
    bool is_withdrawn;
    const struct error *err = saga_withdraw(call, &alias_saga_remove, tx->req->id, &is_withdrawn);
    if (err) {
        return err;
    }
    if (!is_withdrawn) {
        return error_new(call->arena, REASON_DELETE_FINAL, "The alias is being removed.");
    }
    err = pg_run(call->pg, &mailboxes_sql_alias_restore, ID(tx->req->id), NULL);
    if (err) {
        return err;
    }
    err = load(call, tx->req->id, &tx->result);
    if (err) {
        return err;
    }
    if (tx->result->n_recipients == 0) {
        return error_new(call->arena, REASON_DELETE_FINAL,
                         "All recipients of the alias have been deleted meanwhile.");
    }
    return outbox_append(call, &(struct outbox_event){.type = "MailboxAliasRestored",
                                                      .object_type = "alias",
                                                      .object_id = tx->req->id,
                                                      .after = &tx->result->base});
}

static const struct error *restore_alias(struct pg *pg, void *ctx)
{
    (void)pg;
    struct restore_tx *tx = ctx;
    struct call *call = tx->call;
    ProtobufCMessage *replayed;
    const struct error *err =
        request_log_begin(call, tx->req->request_id, &tx->req->base,
                          &roost__mailboxes__v1__alias__descriptor, &replayed);
    if (err || replayed) {
        tx->result = (Roost__Mailboxes__V1__Alias *)(err ? NULL : replayed);
        return err;
    }
    const char *state;
    err = lock_state(call, tx->req->id, &state);
    if (!err && !*state) {
        err = not_found(call);
    }
    if (!err) {
        err =
            strcmp(state, "deleting") == 0 ? bring_back(tx) : load(call, tx->req->id, &tx->result);
    }
    return err ? err : request_log_end(call, tx->req->request_id, &tx->result->base);
}

const struct error *alias_restore(struct call *call,
                                  const Roost__Mailboxes__V1__RestoreAliasRequest *req,
                                  Roost__Mailboxes__V1__Alias **ret_alias)
{
    struct restore_tx tx = {.call = call, .req = req};
    const struct error *err = pg_transact(call->pg, restore_alias, &tx);
    if (err) {
        return err;
    }
    *ret_alias = tx.result;
    return NULL;
}
