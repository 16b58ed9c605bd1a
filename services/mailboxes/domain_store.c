#include "services/mailboxes/domain_store.h"

#include <string.h>

#include "services/common/message/message.h"
#include "services/common/outbox/outbox.h"
#include "services/mailboxes/alias_change.h"
#include "services/mailboxes/domain_fence.h"
#include "services/mailboxes/mailbox_change.h"
#include "services/mailboxes/mailbox_store.h"
#include "services/mailboxes/mailboxes_config.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

/* The mailboxes of one batch. Column 6 of their statement is the account. */
struct batch {
    struct pg_rows rows;
    size_t n;
    int64_t *ids;
};

static const struct error *next_batch(struct call *call, const ProtobufCMessage *req, int64_t limit,
                                      struct batch *ret_batch)
{
    struct batch batch;
    const struct error *err = pg_query(call->pg, &mailboxes_sql_domain_mailbox_batch,
                                       PG_ARGS(req, pg_int64("limit", limit)), &batch.rows);
    if (err) {
        return err;
    }
    batch.n = (size_t)batch.rows.n_rows;
    batch.ids = arena_alloc(call->arena, (batch.n + 1) * sizeof *batch.ids);
    for (size_t i = 0; i < batch.n; i++) {
        batch.ids[i] = pg_value_int64(&batch.rows, (int)i, 0);
    }
    *ret_batch = batch;
    return NULL;
}

static const struct error *query_ids(struct call *call, const struct pg_statement *stmt,
                                     const ProtobufCMessage *req, int64_t limit, int64_t **ret_ids,
                                     size_t *ret_n)
{
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, stmt, PG_ARGS(req, pg_int64("limit", limit)), &rows);
    if (err) {
        return err;
    }
    int64_t *ids = arena_alloc(call->arena, ((size_t)rows.n_rows + 1) * sizeof *ids);
    for (int i = 0; i < rows.n_rows; i++) {
        ids[i] = pg_value_int64(&rows, i, 0);
    }
    *ret_ids = ids;
    *ret_n = (size_t)rows.n_rows;
    return NULL;
}

static int64_t batch_limit(int32_t asked)
{
    return asked < 1 || asked > DOMAIN_BATCH_MAX ? DOMAIN_BATCH_MAX : asked;
}

struct rewrite_tx {
    struct call *call;
    const Roost__Mailboxes__V1__RewriteDomainRequest *req;
    Roost__Mailboxes__V1__RewriteDomainResponse *resp;
};

static const struct error *load_mailboxes(struct call *call, const struct batch *batch,
                                          size_t *ret_n, ProtobufCMessage ***ret_mailboxes)
{
    return pg_all(call->pg, &mailboxes_sql_mailbox_batch_get,
                  PG_ARGS(NULL, pg_int64s("ids", batch->ids, batch->n)),
                  &roost__mailboxes__v1__mailbox__descriptor, ret_n, ret_mailboxes);
}

/* Both lists are ordered by id and hold the same mailboxes. */
static const struct error *append_events(struct call *call, const struct batch *batch,
                                         ProtobufCMessage **before, ProtobufCMessage **after)
{
    for (size_t i = 0; i < batch->n; i++) {
        const Roost__Mailboxes__V1__Mailbox *old = (const Roost__Mailboxes__V1__Mailbox *)before[i];
        const Roost__Mailboxes__V1__Mailbox *new = (const Roost__Mailboxes__V1__Mailbox *)after[i];
        if (!mailbox_row_of(&batch->rows, (int)i).is_active ||
            strcmp(old->full_address, new->full_address) == 0) {
            continue;
        }
        const struct error *err =
            outbox_append(call, &(struct outbox_event){.type = "MailboxModified",
                                                       .object_type = "mailbox",
                                                       .object_id = old->id,
                                                       .before = before[i],
                                                       .after = after[i]});
        if (err) {
            return err;
        }
    }
    return NULL;
}

static const struct error *rewrite_rows(const struct rewrite_tx *tx, const struct batch *batch)
{
    struct call *call = tx->call;
    const struct pg_args *args = PG_ARGS(&tx->req->base, pg_int64s("ids", batch->ids, batch->n));
    struct alias_watch watch = {0};
    const struct error *err =
        alias_watch_query(call, &watch, &mailboxes_sql_recipient_aliases_of_mailboxes, args);
    if (err) {
        return err;
    }
    err = pg_run(call->pg, &mailboxes_sql_domain_mailbox_rewrite, args, NULL);
    if (err) {
        return err;
    }
    err = alias_follow(call, &mailboxes_sql_recipient_follow_mailboxes, batch->ids, batch->n, NULL);
    if (err) {
        return err;
    }
    return alias_settle(call, &watch);
}

/* Pending mailboxes have no directory yet, but are promised one under the old name: they are moved
 * as well. */
static const struct error *move_directories(const struct rewrite_tx *tx, const struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        struct mailbox_row row = mailbox_row_of(&batch->rows, (int)i);
        const char *home =
            mailbox_home_of_address(tx->call->arena, tx->req->new_name, row.local_part);
        const char *address =
            arena_printf(tx->call->arena, "%s@%s", row.local_part, tx->req->new_name);
        if (strcmp(address, row.full_address) == 0) {
            continue; /* an earlier try has queued it */
        }
        bool is_moving;
        const struct error *err = mailbox_change_move(tx->call, &row, home, &is_moving);
        if (err) {
            return err;
        }
    }
    return NULL;
}

static const struct error *rewrite_mailboxes(const struct rewrite_tx *tx, const struct batch *batch)
{
    struct call *call = tx->call;
    const struct mailboxes_config *config = call->service;
    size_t n;
    ProtobufCMessage **before;
    const struct error *err = load_mailboxes(call, batch, &n, &before);
    if (err) {
        return err;
    }
    err = rewrite_rows(tx, batch);
    if (err) {
        return err;
    }
    if (config->layout == MAILBOX_LAYOUT_ADDRESS) {
        err = move_directories(tx, batch);
        if (err) {
            return err;
        }
    }
    ProtobufCMessage **after;
    err = load_mailboxes(call, batch, &n, &after);
    if (err) {
        return err;
    }
    return append_events(call, batch, before, after);
}

static const struct error *rewrite_aliases(const struct rewrite_tx *tx, int64_t limit,
                                           bool *ret_done)
{
    struct call *call = tx->call;
    int64_t *ids;
    size_t n;
    const struct error *err =
        query_ids(call, &mailboxes_sql_domain_alias_batch, &tx->req->base, limit, &ids, &n);
    if (err) {
        return err;
    }
    *ret_done = n < (size_t)limit;
    if (n == 0) {
        return NULL;
    }
    const struct pg_args *args = PG_ARGS(&tx->req->base, pg_int64s("ids", ids, n));
    struct alias_watch watch = {0};
    err = alias_watch_ids(call, &watch, ids, n);
    if (err) {
        return err;
    }
    err = alias_watch_query(call, &watch, &mailboxes_sql_recipient_aliases_of_aliases, args);
    if (err) {
        return err;
    }
    err = pg_run(call->pg, &mailboxes_sql_domain_alias_rewrite, args, NULL);
    if (err) {
        return err;
    }
    err = alias_follow(call, &mailboxes_sql_recipient_follow_aliases, ids, n, NULL);
    if (err) {
        return err;
    }
    return alias_settle(call, &watch);
}

static void answer_rewritten(const struct rewrite_tx *tx, const struct batch *batch)
{
    struct arena *arena = tx->call->arena;
    tx->resp->mailboxes = arena_alloc(arena, (batch->n + 1) * sizeof *tx->resp->mailboxes);
    tx->resp->n_mailboxes = batch->n;
    for (size_t i = 0; i < batch->n; i++) {
        struct mailbox_row row = mailbox_row_of(&batch->rows, (int)i);
        Roost__Mailboxes__V1__RewrittenMailbox *item =
            message_new(arena, &roost__mailboxes__v1__rewritten_mailbox__descriptor);
        item->mailbox_id = row.id;
        item->account_id = pg_value_int64(&batch->rows, (int)i, 6);
        item->old_address = arena_printf(arena, "%s@%s", row.local_part, tx->req->old_name);
        item->new_address = arena_printf(arena, "%s@%s", row.local_part, tx->req->new_name);
        tx->resp->mailboxes[i] = item;
    }
}

static const struct error *rewrite(struct pg *pg, void *ctx)
{
    (void)pg;
    const struct rewrite_tx *tx = ctx;
    int64_t limit = batch_limit(tx->req->limit);
    const struct error *err = domain_fence_rename(tx->call, tx->req->domain_id, tx->req->new_name);
    if (err) {
        return err;
    }
    struct batch batch;
    err = next_batch(tx->call, &tx->req->base, limit, &batch);
    if (err) {
        return err;
    }
    err = batch.n > 0 ? rewrite_mailboxes(tx, &batch) : NULL;
    if (err) {
        return err;
    }
    answer_rewritten(tx, &batch);
    bool is_done = false;
    if (batch.n < (size_t)limit) {
        err = rewrite_aliases(tx, limit, &is_done);
    }
    tx->resp->done = is_done;
    return err;
}

const struct error *domain_store_rewrite(struct call *call,
                                         const Roost__Mailboxes__V1__RewriteDomainRequest *req,
                                         Roost__Mailboxes__V1__RewriteDomainResponse *ret_resp)
{
    return pg_transact(call->pg, rewrite, &(struct rewrite_tx){call, req, ret_resp});
}

struct remove_tx {
    struct call *call;
    const Roost__Mailboxes__V1__RemoveDomainRequest *req;
    Roost__Mailboxes__V1__RemoveDomainResponse *resp;
};

static const struct error *remove_mailboxes(const struct remove_tx *tx, const struct batch *batch)
{
    struct call *call = tx->call;
    for (size_t i = 0; i < batch->n; i++) {
        struct mailbox_row row = mailbox_row_of(&batch->rows, (int)i);
        const struct error *err = mailbox_change_delete(call, &row, tx->req->keep_directories);
        if (err) {
            return err;
        }
        err = pg_run(call->pg, &mailboxes_sql_removed_mailbox_add,
                     PG_ARGS(&tx->req->base, pg_int64("mailbox_id", row.id),
                             pg_int64("account_id", pg_value_int64(&batch->rows, (int)i, 6))),
                     NULL);
        if (err) {
            return err;
        }
    }
    return NULL;
}

static const struct error *remove_aliases(const struct remove_tx *tx, int64_t limit, bool *ret_done)
{
    int64_t *ids;
    size_t n;
    const struct error *err =
        query_ids(tx->call, &mailboxes_sql_domain_alias_any_batch, &tx->req->base, limit, &ids, &n);
    if (err) {
        return err;
    }
    *ret_done = n < (size_t)limit;
    struct alias_watch watch = {0};
    return n > 0 ? alias_remove(tx->call, &watch, ids, n) : NULL;
}

/* What this and earlier batches have removed behind the caller's position. */
static const struct error *answer_removed(const struct remove_tx *tx, int64_t limit)
{
    struct pg_rows rows;
    const struct error *err = pg_query(tx->call->pg, &mailboxes_sql_removed_mailbox_list,
                                       PG_ARGS(&tx->req->base, pg_int64("limit", limit)), &rows);
    if (err) {
        return err;
    }
    size_t n = (size_t)rows.n_rows;
    tx->resp->n_mailbox_ids = n;
    tx->resp->n_account_ids = n;
    tx->resp->mailbox_ids = arena_alloc(tx->call->arena, (n + 1) * sizeof(int64_t));
    tx->resp->account_ids = arena_alloc(tx->call->arena, (n + 1) * sizeof(int64_t));
    for (int i = 0; i < rows.n_rows; i++) {
        tx->resp->mailbox_ids[i] = pg_value_int64(&rows, i, 0);
        tx->resp->account_ids[i] = pg_value_int64(&rows, i, 1);
    }
    return NULL;
}

/* Mailboxes are removed in the order of their ids and answered in the same order, so nothing is
 * ever removed behind a caller's position: a batch holds ids above it only. */
static const struct error *remove_domain(struct pg *pg, void *ctx)
{
    (void)pg;
    const struct remove_tx *tx = ctx;
    int64_t limit = batch_limit(tx->req->limit);
    const struct error *err = domain_fence_remove(tx->call, tx->req->domain_id);
    if (err) {
        return err;
    }
    struct batch batch;
    err = next_batch(tx->call, &tx->req->base, limit, &batch);
    if (err) {
        return err;
    }
    err = remove_mailboxes(tx, &batch);
    if (err) {
        return err;
    }
    err = answer_removed(tx, limit);
    if (err) {
        return err;
    }
    bool is_done = false;
    if (batch.n == 0 && tx->resp->n_mailbox_ids == 0) {
        err = remove_aliases(tx, limit, &is_done);
    }
    tx->resp->done = is_done;
    return err;
}

const struct error *domain_store_remove(struct call *call,
                                        const Roost__Mailboxes__V1__RemoveDomainRequest *req,
                                        Roost__Mailboxes__V1__RemoveDomainResponse *ret_resp)
{
    return pg_transact(call->pg, remove_domain, &(struct remove_tx){call, req, ret_resp});
}
