#include "services/mailboxes/mailbox_store.h"

#include <string.h>

#include "services/common/message/message.h"
#include "services/common/outbox/outbox.h"
#include "services/mailboxes/domain_fence.h"
#include "services/mailboxes/mailbox_change.h"
#include "services/mailboxes/mailboxes_config.h"
#include "services/mailboxes/session_end_store.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

static const struct pg_constraint constraints[] = {
    {"mailbox_address_key", REASON_MAILBOX_EXISTS, NULL,
     "A mailbox with this address already exists."},
    {"mailbox_home_key", REASON_OPERATION_PENDING, NULL,
     "The directory of this address is still used by another mailbox."},
};
enum { N_CONSTRAINTS = sizeof constraints / sizeof *constraints };

static const ProtobufCMessageDescriptor *const descriptor =
    &roost__mailboxes__v1__mailbox__descriptor;

const struct error *mailbox_store_get(struct call *call, int64_t id,
                                      Roost__Mailboxes__V1__Mailbox **ret_mailbox)
{
    ProtobufCMessage *message;
    const struct error *err = pg_get(call->pg, &mailboxes_sql_mailbox_get,
                                     PG_ARGS(NULL, pg_int64("id", id)), descriptor, &message);
    if (err) {
        return err;
    }
    *ret_mailbox = (Roost__Mailboxes__V1__Mailbox *)message;
    return NULL;
}

const struct error *mailbox_store_batch_get_by_account(
    struct call *call, const Roost__Mailboxes__V1__BatchGetMailboxesRequest *req,
    Roost__Mailboxes__V1__BatchGetMailboxesResponse *ret_resp)
{
    size_t n;
    ProtobufCMessage **messages;
    const struct error *err = pg_all(call->pg, &mailboxes_sql_mailbox_batch_get_by_account,
                                     PG_MESSAGE(&req->base), descriptor, &n, &messages);
    if (err) {
        return err;
    }
    ret_resp->mailboxes = (Roost__Mailboxes__V1__Mailbox **)messages;
    ret_resp->n_mailboxes = n;
    return NULL;
}

static struct pg_args *filter_args(struct arena *arena, const struct mailbox_filter *filter)
{
    const struct pg_arg extra[] = {
        pg_text("search_from", filter->range.from),
        pg_text("search_until", filter->range.until),
        filter->domain_id ? pg_int64("domain_id", filter->domain_id) : pg_null("domain_id"),
    };
    struct pg_args *args = arena_alloc(arena, sizeof *args);
    args->extra = arena_memdup(arena, extra, sizeof extra);
    args->n_extra = sizeof extra / sizeof *extra;
    return args;
}

const struct error *mailbox_store_list(struct call *call, const struct list_request *request,
                                       const struct mailbox_filter *filter,
                                       struct list_page *ret_page)
{
    static const struct pg_list *const lists[2][2] = {
        {&mailboxes_sql_mailbox_list, &mailboxes_sql_mailbox_list_in_domain},
        {&mailboxes_sql_mailbox_search, &mailboxes_sql_mailbox_search_in_domain},
    };
    const struct pg_list *list = lists[*filter->range.from != '\0'][filter->domain_id != 0];
    return list_run(call, list, request, filter_args(call->arena, filter), descriptor, ret_page);
}

const struct error *mailbox_store_count(struct call *call, const struct mailbox_filter *filter,
                                        int64_t *ret_count)
{
    bool is_all = !filter->domain_id && !*filter->range.from;
    struct pg_rows rows;
    const struct error *err =
        is_all ? pg_query(call->pg, &mailboxes_sql_counter_total, PG_MESSAGE(NULL), &rows)
               : pg_query(call->pg, &mailboxes_sql_mailbox_count, filter_args(call->arena, filter),
                          &rows);
    if (err) {
        return err;
    }
    *ret_count = pg_value_int64(&rows, 0, 0);
    return NULL;
}

const struct error *mailbox_store_list_accounts(
    struct call *call, const Roost__Mailboxes__V1__ListDomainAccountsRequest *req,
    Roost__Mailboxes__V1__ListDomainAccountsResponse *ret_resp)
{
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, &mailboxes_sql_mailbox_account_list, PG_MESSAGE(&req->base), &rows);
    if (err) {
        return err;
    }
    ret_resp->n_account_ids = (size_t)rows.n_rows;
    ret_resp->account_ids = arena_alloc(call->arena, ((size_t)rows.n_rows + 1) * sizeof(int64_t));
    for (int row = 0; row < rows.n_rows; row++) {
        ret_resp->account_ids[row] = pg_value_int64(&rows, row, 0);
    }
    return NULL;
}

const struct error *mailbox_store_domain_counters(
    struct call *call, const Roost__Mailboxes__V1__BatchGetDomainCountersRequest *req,
    Roost__Mailboxes__V1__BatchGetDomainCountersResponse *ret_resp)
{
    size_t n;
    ProtobufCMessage **messages;
    const struct error *err =
        pg_all(call->pg, &mailboxes_sql_counter_by_domain, PG_MESSAGE(&req->base),
               &roost__mailboxes__v1__domain_counters__descriptor, &n, &messages);
    if (err) {
        return err;
    }
    ret_resp->counters = (Roost__Mailboxes__V1__DomainCounters **)messages;
    ret_resp->n_counters = n;
    return NULL;
}

/* What a transaction works with: only the members that it needs are set. */
struct mailbox_tx {
    struct call *call;
    const Roost__Mailboxes__V1__ReserveMailboxRequest *reserve;
    const Roost__Mailboxes__V1__RenameMailboxRequest *rename;
    int64_t account_id;
    bool keep_directory;
    Roost__Mailboxes__V1__Mailbox *result;
    int64_t mailbox_id;
};

/* The account has a mailbox already: the same one is the answer, another is refused. */
static const struct error *reserve_again(struct mailbox_tx *tx)
{
    const Roost__Mailboxes__V1__ReserveMailboxRequest *req = tx->reserve;
    struct call *call = tx->call;
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, &mailboxes_sql_mailbox_find_by_account, PG_MESSAGE(&req->base), &rows);
    if (err) {
        return err;
    }
    if (rows.n_rows == 0 || pg_value_int64(&rows, 0, 1) != req->domain_id ||
        strcmp(pg_value(&rows, 0, 2), req->local_part) != 0) {
        return error_new(call->arena, REASON_MAILBOX_EXISTS,
                         "The account already has another mailbox.");
    }
    ProtobufCMessage *message;
    err = pg_get(call->pg, &mailboxes_sql_mailbox_get_any,
                 PG_ARGS(NULL, pg_int64("id", pg_value_int64(&rows, 0, 0))), descriptor, &message);
    if (err) {
        return err;
    }
    tx->result = (Roost__Mailboxes__V1__Mailbox *)message;
    return NULL;
}

static const struct error *reserved_before(struct pg *pg, void *ctx)
{
    (void)pg;
    return reserve_again(ctx);
}

static const struct error *reserve(struct pg *pg, void *ctx)
{
    struct mailbox_tx *tx = ctx;
    struct call *call = tx->call;
    const struct mailboxes_config *config = call->service;
    const Roost__Mailboxes__V1__ReserveMailboxRequest *req = tx->reserve;
    const struct error *err = domain_fence_enter(call, req->domain_id, req->domain_name);
    if (err) {
        return err;
    }
    const char *home = NULL;
    if (config->layout == MAILBOX_LAYOUT_ADDRESS) {
        home = mailbox_home_of_address(call->arena, req->domain_name, req->local_part);
        err = mailbox_change_take_home(call, home, 0);
        if (err) {
            return err;
        }
    }
    ProtobufCMessage *message;
    err = pg_get(pg, &mailboxes_sql_mailbox_reserve, PG_ARGS(&req->base, pg_text("home", home)),
                 descriptor, &message);
    if (err) {
        return err;
    }
    if (!message) {
        return reserve_again(tx);
    }
    tx->result = (Roost__Mailboxes__V1__Mailbox *)message;
    return NULL;
}

static const struct error *transact(struct mailbox_tx *tx,
                                    const struct error *(*fn)(struct pg *pg, void *ctx))
{
    const struct error *err = pg_transact(tx->call->pg, fn, tx);
    return pg_explain(tx->call->arena, err, constraints, N_CONSTRAINTS);
}

const struct error *mailbox_store_reserve(struct call *call,
                                          const Roost__Mailboxes__V1__ReserveMailboxRequest *req,
                                          Roost__Mailboxes__V1__Mailbox **ret_mailbox)
{
    struct mailbox_tx tx = {.call = call, .reserve = req};
    const struct error *err = transact(&tx, reserve);
    if (err && (err->code == ERROR_FAILED_PRECONDITION || err->code == ERROR_NOT_FOUND)) {
        /* Asked again, its own directory is taken, and the domain may have got another name. */
        const struct error *again_err = transact(&tx, reserved_before);
        err = again_err ? err : NULL;
    }
    if (err) {
        return err;
    }
    *ret_mailbox = tx.result;
    return NULL;
}

static const struct error *not_found(struct call *call)
{
    return error_new(call->arena, REASON_MAILBOX_NOT_FOUND, "The account has no mailbox.");
}

/* Confirmed before: the mailbox as it is. */
static const struct error *confirmed_before(struct mailbox_tx *tx)
{
    size_t n;
    ProtobufCMessage **messages;
    const struct error *err = pg_all(tx->call->pg, &mailboxes_sql_mailbox_batch_get_by_account,
                                     PG_ARGS(NULL, pg_int64s("account_ids", &tx->account_id, 1)),
                                     descriptor, &n, &messages);
    if (err) {
        return err;
    }
    if (n == 0) {
        return not_found(tx->call);
    }
    tx->result = (Roost__Mailboxes__V1__Mailbox *)messages[0];
    return NULL;
}

static const struct error *confirm(struct pg *pg, void *ctx)
{
    struct mailbox_tx *tx = ctx;
    ProtobufCMessage *message;
    const struct error *err =
        pg_get(pg, &mailboxes_sql_mailbox_confirm,
               PG_ARGS(NULL, pg_int64("account_id", tx->account_id)), descriptor, &message);
    if (err) {
        return err;
    }
    if (!message) {
        return confirmed_before(tx);
    }
    tx->result = (Roost__Mailboxes__V1__Mailbox *)message;
    return outbox_append(tx->call, &(struct outbox_event){.type = "MailboxCreated",
                                                          .object_type = "mailbox",
                                                          .object_id = tx->result->id,
                                                          .after = message});
}

const struct error *mailbox_store_confirm(struct call *call, int64_t account_id,
                                          Roost__Mailboxes__V1__Mailbox **ret_mailbox)
{
    struct mailbox_tx tx = {.call = call, .account_id = account_id};
    const struct error *err = transact(&tx, confirm);
    if (err) {
        return err;
    }
    *ret_mailbox = tx.result;
    return NULL;
}

const struct error *mailbox_store_cancel(struct call *call, int64_t account_id)
{
    return pg_run(call->pg, &mailboxes_sql_mailbox_cancel,
                  PG_ARGS(NULL, pg_int64("account_id", account_id)), NULL);
}

static const struct error *rename_mailbox(struct pg *pg, void *ctx)
{
    (void)pg;
    struct mailbox_tx *tx = ctx;
    struct call *call = tx->call;
    const Roost__Mailboxes__V1__RenameMailboxRequest *req = tx->rename;
    const struct error *err = domain_fence_enter(call, req->domain_id, req->domain_name);
    if (err) {
        return err;
    }
    struct mailbox_row row;
    bool is_found;
    err = mailbox_change_lock_by_account(call, req->account_id, &row, &is_found);
    if (err) {
        return err;
    }
    if (!is_found || !row.is_active) {
        return not_found(call);
    }
    if (row.domain_id != req->domain_id || strcmp(row.local_part, req->local_part) != 0) {
        err = mailbox_change_rename(call, &row, req);
        if (err) {
            return err;
        }
    }
    return mailbox_store_get(call, row.id, &tx->result);
}

const struct error *mailbox_store_rename(struct call *call,
                                         const Roost__Mailboxes__V1__RenameMailboxRequest *req,
                                         Roost__Mailboxes__V1__Mailbox **ret_mailbox)
{
    struct mailbox_tx tx = {.call = call, .rename = req};
    const struct error *err = transact(&tx, rename_mailbox);
    if (err) {
        return err;
    }
    *ret_mailbox = tx.result;
    return NULL;
}

static const struct error *delete_mailbox(struct pg *pg, void *ctx)
{
    (void)pg;
    struct mailbox_tx *tx = ctx;
    struct mailbox_row row;
    bool is_found;
    const struct error *err =
        mailbox_change_lock_by_account(tx->call, tx->account_id, &row, &is_found);
    if (err) {
        return err;
    }
    tx->mailbox_id = is_found ? row.id : 0;
    if (is_found && row.is_active) {
        err = session_end_store_add(tx->call, row.full_address);
    }
    return err || !is_found ? err : mailbox_change_delete(tx->call, &row, tx->keep_directory);
}

const struct error *mailbox_store_delete(struct call *call, int64_t account_id, bool keep_directory,
                                         int64_t *ret_mailbox_id)
{
    struct mailbox_tx tx = {
        .call = call, .account_id = account_id, .keep_directory = keep_directory};
    const struct error *err = transact(&tx, delete_mailbox);
    if (err) {
        return err;
    }
    *ret_mailbox_id = tx.mailbox_id;
    return NULL;
}
