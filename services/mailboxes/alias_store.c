#include "services/mailboxes/alias_store.h"

#include <string.h>

#include "services/common/message/message.h"
#include "services/common/outbox/outbox.h"
#include "services/common/request_log/request_log.h"
#include "services/mailboxes/alias_change.h"
#include "services/mailboxes/domain_fence.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

static const struct pg_constraint constraints[] = {
    {"alias_address_key", REASON_ALIAS_EXISTS, "alias.address",
     "An alias with this address already exists."},
    {"alias_recipient_mailbox_id_fkey", REASON_RECIPIENT_NOT_FOUND, "alias.recipients",
     "A local recipient was deleted at the same time."},
    {"alias_recipient_alias_ref_id_fkey", REASON_RECIPIENT_NOT_FOUND, "alias.recipients",
     "A local recipient was deleted at the same time."},
};
enum { N_CONSTRAINTS = sizeof constraints / sizeof *constraints };

/* The first row of an alias: the rows are ordered by alias, a list's aliases are not. */
static int first_row(const struct pg_rows *rows, int64_t alias_id)
{
    int low = 0;
    int high = rows->n_rows;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (pg_value_int64(rows, middle, 0) < alias_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void set_recipients(struct arena *arena, Roost__Mailboxes__V1__Alias *alias,
                           const struct pg_rows *rows)
{
    int first = first_row(rows, alias->id);
    int end = first;
    while (end < rows->n_rows && pg_value_int64(rows, end, 0) == alias->id) {
        end++;
    }
    alias->n_recipients = (size_t)(end - first);
    alias->recipients = arena_alloc(arena, (alias->n_recipients + 1) * sizeof *alias->recipients);
    for (size_t i = 0; i < alias->n_recipients; i++) {
        alias->recipients[i] = (char *)pg_value(rows, first + (int)i, 1);
    }
}

static const struct error *fill_recipients(struct call *call, Roost__Mailboxes__V1__Alias **aliases,
                                           size_t n)
{
    if (n == 0) {
        return NULL;
    }
    int64_t *ids = arena_alloc(call->arena, n * sizeof *ids);
    for (size_t i = 0; i < n; i++) {
        ids[i] = aliases[i]->id;
    }
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &mailboxes_sql_alias_recipients,
                                       PG_ARGS(NULL, pg_int64s("ids", ids, n)), &rows);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        set_recipients(call->arena, aliases[i], &rows);
    }
    return NULL;
}

const struct error *alias_store_batch_get(struct call *call, const int64_t *ids, size_t n,
                                          size_t *ret_n, Roost__Mailboxes__V1__Alias ***ret_aliases)
{
    size_t n_found;
    ProtobufCMessage **messages;
    const struct error *err =
        pg_all(call->pg, &mailboxes_sql_alias_batch_get, PG_ARGS(NULL, pg_int64s("ids", ids, n)),
               &roost__mailboxes__v1__alias__descriptor, &n_found, &messages);
    if (err) {
        return err;
    }
    Roost__Mailboxes__V1__Alias **aliases = (Roost__Mailboxes__V1__Alias **)messages;
    err = fill_recipients(call, aliases, n_found);
    if (err) {
        return err;
    }
    *ret_n = n_found;
    *ret_aliases = aliases;
    return NULL;
}

/* The arguments that alias_list*, and alias_count share. */
static struct pg_args *filter_args(struct arena *arena, const struct alias_filter *filter)
{
    const struct pg_arg extra[] = {
        pg_text("search_from", filter->range.from),
        pg_text("search_until", filter->range.until),
        filter->domain_id ? pg_int64("domain_id", filter->domain_id) : pg_null("domain_id"),
        filter->mailbox_id ? pg_int64("mailbox_id", filter->mailbox_id) : pg_null("mailbox_id"),
        filter->has_enabled ? pg_bool("enabled", filter->enabled) : pg_null("enabled"),
    };
    struct pg_args *args = arena_alloc(arena, sizeof *args);
    args->extra = arena_memdup(arena, extra, sizeof extra);
    args->n_extra = sizeof extra / sizeof *extra;
    return args;
}

static const struct pg_list *choose_list(const struct alias_filter *filter)
{
    static const struct pg_list *const lists[2][2] = {
        {&mailboxes_sql_alias_list, &mailboxes_sql_alias_list_in_domain},
        {&mailboxes_sql_alias_search, &mailboxes_sql_alias_search_in_domain},
    };
    if (filter->mailbox_id) {
        return &mailboxes_sql_alias_list_to_mailbox;
    }
    if (filter->has_enabled && !filter->enabled && !filter->domain_id) {
        return &mailboxes_sql_alias_list_disabled;
    }
    return lists[*filter->range.from != '\0'][filter->domain_id != 0];
}

const struct error *alias_store_list(struct call *call, const struct list_request *request,
                                     const struct alias_filter *filter, struct list_page *ret_page)
{
    struct list_page page;
    const struct error *err =
        list_run(call, choose_list(filter), request, filter_args(call->arena, filter),
                 &roost__mailboxes__v1__alias__descriptor, &page);
    if (err) {
        return err;
    }
    err = fill_recipients(call, (Roost__Mailboxes__V1__Alias **)page.messages, page.n);
    if (err) {
        return err;
    }
    *ret_page = page;
    return NULL;
}

const struct error *alias_store_list_after(struct call *call, const struct list_request *request,
                                           const struct list_position *after,
                                           const struct alias_filter *filter,
                                           struct list_page *ret_page)
{
    const struct pg_args *args = filter_args(call->arena, filter);
    const ProtobufCMessageDescriptor *descriptor = &roost__mailboxes__v1__alias__descriptor;
    return after ? list_run_after(call, choose_list(filter), request, after, args, descriptor,
                                  ret_page)
                 : list_run(call, choose_list(filter), request, args, descriptor, ret_page);
}

const struct error *alias_store_count(struct call *call, const struct alias_filter *filter,
                                      int64_t *ret_count)
{
    bool is_all =
        !filter->domain_id && !filter->mailbox_id && !filter->has_enabled && !*filter->range.from;
    struct pg_rows rows;
    const struct error *err =
        is_all ? pg_query(call->pg, &mailboxes_sql_counter_total, PG_MESSAGE(NULL), &rows)
               : pg_query(call->pg, &mailboxes_sql_alias_count, filter_args(call->arena, filter),
                          &rows);
    if (err) {
        return err;
    }
    *ret_count = pg_value_int64(&rows, 0, is_all ? 1 : 0);
    return NULL;
}

const struct error *alias_store_first_recipients(struct call *call, const int64_t *ids, size_t n,
                                                 struct pg_rows *ret_rows)
{
    return pg_query(call->pg, &mailboxes_sql_alias_first_recipients,
                    PG_ARGS(NULL, pg_int64s("ids", ids, n)), ret_rows);
}

const struct error *alias_store_select(struct call *call, const struct alias_filter *filter,
                                       int64_t after_id, int64_t limit, int64_t **ret_ids,
                                       size_t *ret_n)
{
    struct pg_args *args = filter_args(call->arena, filter);
    const struct pg_arg extra[] = {pg_int64("after_id", after_id), pg_int64("limit", limit)};
    const struct pg_args bound = {
        .extra = arena_alloc(call->arena, (args->n_extra + 2) * sizeof *extra),
        .n_extra = args->n_extra + 2,
    };
    memcpy((struct pg_arg *)bound.extra, args->extra, args->n_extra * sizeof *extra);
    memcpy((struct pg_arg *)bound.extra + args->n_extra, extra, sizeof extra);
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg,
                                       filter->domain_id ? &mailboxes_sql_alias_bulk_in_domain
                                                         : &mailboxes_sql_alias_bulk,
                                       &bound, &rows);
    if (err) {
        return err;
    }
    *ret_ids = arena_alloc(call->arena, ((size_t)rows.n_rows + 1) * sizeof **ret_ids);
    *ret_n = (size_t)rows.n_rows;
    for (int row = 0; row < rows.n_rows; row++) {
        (*ret_ids)[row] = pg_value_int64(&rows, row, 0);
    }
    return NULL;
}

/* A transaction's context. */
struct write_tx {
    struct call *call;
    const struct alias_write *write;
    Roost__Mailboxes__V1__Alias *result;
};

static const struct error *load_one(struct call *call, int64_t id,
                                    Roost__Mailboxes__V1__Alias **ret_alias)
{
    size_t n;
    Roost__Mailboxes__V1__Alias **aliases;
    const struct error *err = alias_store_batch_get(call, &id, 1, &n, &aliases);
    if (err) {
        return err;
    }
    *ret_alias = n ? aliases[0] : NULL;
    return NULL;
}

static const struct error *write_recipients(struct call *call, const struct alias_write *write,
                                            int64_t id)
{
    if (write->fields & ALIAS_RECIPIENTS) {
        const struct error *err =
            recipient_store_replace(call, id, write->recipients, write->n_recipients);
        if (err) {
            return err;
        }
    }
    return recipient_store_check_loops(call, id);
}

/* What is not said is true. */
static bool wants_enabled(const Roost__Mailboxes__V1__Alias *alias)
{
    return alias->_enabled_case == ROOST__MAILBOXES__V1__ALIAS___ENABLED__NOT_SET || alias->enabled;
}

static const struct error *create(struct call *call, const struct alias_write *write,
                                  Roost__Mailboxes__V1__Alias **ret_alias)
{
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, &mailboxes_sql_alias_create,
                 PG_ARGS(&write->alias->base, pg_int64("domain_id", write->domain_id),
                         pg_text("local_part", write->local_part),
                         pg_bool("enabled", wants_enabled(write->alias))),
                 &rows);
    if (err) {
        return err;
    }
    int64_t id = pg_value_int64(&rows, 0, 0);
    err = write_recipients(call, write, id);
    if (err) {
        return err;
    }
    err = pg_run(call->pg, &mailboxes_sql_alias_link,
                 PG_ARGS(&write->alias->base, pg_int64("id", id)), NULL);
    if (err) {
        return err;
    }
    Roost__Mailboxes__V1__Alias *alias;
    err = load_one(call, id, &alias);
    if (err) {
        return err;
    }
    err = outbox_append(call, &(struct outbox_event){.type = "MailboxAliasCreated",
                                                     .object_type = "alias",
                                                     .object_id = id,
                                                     .after = &alias->base});
    if (err) {
        return err;
    }
    *ret_alias = alias;
    return NULL;
}

/* What the alias is to be: `before` with the chosen fields of the request. */
static Roost__Mailboxes__V1__Alias *merge(struct call *call,
                                          const Roost__Mailboxes__V1__Alias *before,
                                          const struct alias_write *write)
{
    Roost__Mailboxes__V1__Alias *merged =
        (Roost__Mailboxes__V1__Alias *)message_copy(call->arena, &before->base);
    if (write->fields & ALIAS_ADDRESS) {
        merged->address = write->alias->address;
    }
    if (write->fields & ALIAS_ENABLED) {
        merged->enabled = wants_enabled(write->alias);
    }
    if (write->fields & ALIAS_DESCRIPTION) {
        merged->description = write->alias->description;
    }
    if (write->fields & ALIAS_EXPIRE_AT) {
        merged->expire_at = write->alias->expire_at;
    }
    merged->_enabled_case = ROOST__MAILBOXES__V1__ALIAS___ENABLED_ENABLED;
    return merged;
}

/* The row, its address copy in other aliases and its links. */
static const struct error *update_row(struct call *call, const struct alias_write *write,
                                      const Roost__Mailboxes__V1__Alias *merged)
{
    struct pg_rows place;
    const struct error *err = pg_query(call->pg, &mailboxes_sql_alias_place,
                                       PG_ARGS(NULL, pg_int64("id", write->id)), &place);
    if (err) {
        return err;
    }
    bool moves = write->fields & ALIAS_ADDRESS;
    int64_t domain_id = moves ? write->domain_id : pg_value_int64(&place, 0, 0);
    const char *local_part = moves ? write->local_part : pg_value(&place, 0, 1);
    err = pg_run(call->pg, &mailboxes_sql_alias_update,
                 PG_ARGS(&merged->base, pg_int64("id", write->id), pg_int64("domain_id", domain_id),
                         pg_text("local_part", local_part)),
                 NULL);
    if (err || !moves) {
        return err;
    }
    err = alias_follow(call, &mailboxes_sql_recipient_follow_aliases, &write->id, 1,
                       pg_value(&place, 0, 1));
    if (err) {
        return err;
    }
    return pg_run(call->pg, &mailboxes_sql_alias_link,
                  PG_ARGS(&merged->base, pg_int64("id", write->id)), NULL);
}

static const struct error *update(struct call *call, const struct alias_write *write,
                                  Roost__Mailboxes__V1__Alias **ret_alias)
{
    struct alias_watch watch = {0};
    const struct error *err = alias_watch_ids(call, &watch, &write->id, 1);
    if (err) {
        return err;
    }
    if (watch.n == 0) {
        return error_new(call->arena, REASON_ALIAS_NOT_FOUND, "There is no such alias.");
    }
    const Roost__Mailboxes__V1__Alias *before = watch.items[0].before;
    if (*write->etag && strcmp(write->etag, before->etag) != 0) {
        return error_new(call->arena, REASON_ETAG_MISMATCH,
                         "The alias was changed by somebody else.");
    }
    if (write->fields & ALIAS_ADDRESS) {
        err = alias_watch_query(call, &watch, &mailboxes_sql_recipient_aliases_of_aliases,
                                PG_ARGS(NULL, pg_int64s("ids", &write->id, 1)));
        if (err) {
            return err;
        }
    }
    err = update_row(call, write, merge(call, before, write));
    if (err) {
        return err;
    }
    err = write_recipients(call, write, write->id);
    if (err) {
        return err;
    }
    err = alias_settle(call, &watch);
    if (err) {
        return err;
    }
    return load_one(call, write->id, ret_alias);
}

static const struct error *write_alias(struct pg *pg, void *ctx)
{
    (void)pg;
    struct write_tx *tx = ctx;
    struct call *call = tx->call;
    const struct alias_write *write = tx->write;
    ProtobufCMessage *replayed;
    const struct error *err =
        request_log_begin(call, write->request_id, write->request,
                          &roost__mailboxes__v1__alias__descriptor, &replayed);
    if (err) {
        return err;
    }
    if (replayed) {
        tx->result = (Roost__Mailboxes__V1__Alias *)replayed;
        return NULL;
    }
    if (write->fields & ALIAS_ADDRESS) {
        err = domain_fence_enter(call, write->domain_id, write->domain_name);
        if (err) {
            return err;
        }
    }
    err = write->id ? update(call, write, &tx->result) : create(call, write, &tx->result);
    if (err) {
        return err;
    }
    return request_log_end(call, write->request_id, &tx->result->base);
}

/* Nobody sees the alias that has the address while its deletion can be undone. */
static const struct error *explain_taken(struct call *call, const struct alias_write *write,
                                         const struct error *taken)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &mailboxes_sql_alias_state_of_address,
                                       PG_ARGS(NULL, pg_int64("domain_id", write->domain_id),
                                               pg_text("local_part", write->local_part)),
                                       &rows);
    if (err || rows.n_rows == 0 || strcmp(pg_value(&rows, 0, 0), "deleting") != 0) {
        return taken;
    }
    return error_on_field(call->arena, REASON_ALIAS_EXISTS, "alias.address",
                          "An alias with this address was deleted and can still be restored.");
}

const struct error *alias_store_write(struct call *call, const struct alias_write *write,
                                      Roost__Mailboxes__V1__Alias **ret_alias)
{
    struct write_tx tx = {.call = call, .write = write};
    const struct error *err = pg_transact(call->pg, write_alias, &tx);
    if (err) {
        err = pg_explain(call->arena, err, constraints, N_CONSTRAINTS);
        return error_is(err, REASON_ALIAS_EXISTS) ? explain_taken(call, write, err) : err;
    }
    *ret_alias = tx.result;
    return NULL;
}
