#include "services/mailboxes/alias_change.h"

#include "services/common/outbox/outbox.h"
#include "services/mailboxes/alias_store.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

static struct watched_alias *find(const struct alias_watch *watch, int64_t id)
{
    for (size_t i = 0; i < watch->n; i++) {
        if (watch->items[i].before->id == id) {
            return &watch->items[i];
        }
    }
    return NULL;
}

const struct error *alias_watch_ids(struct call *call, struct alias_watch *watch,
                                    const int64_t *ids, size_t n)
{
    int64_t *new_ids = arena_alloc(call->arena, (n + 1) * sizeof *new_ids);
    size_t n_new = 0;
    for (size_t i = 0; i < n; i++) {
        if (!find(watch, ids[i])) {
            new_ids[n_new++] = ids[i];
        }
    }
    if (n_new == 0) {
        return NULL;
    }
    const struct error *err = pg_run(call->pg, &mailboxes_sql_alias_lock,
                                     PG_ARGS(NULL, pg_int64s("ids", new_ids, n_new)), NULL);
    if (err) {
        return err;
    }
    size_t n_aliases;
    Roost__Mailboxes__V1__Alias **aliases;
    err = alias_store_batch_get(call, new_ids, n_new, &n_aliases, &aliases);
    if (err) {
        return err;
    }
    struct watched_alias *items =
        arena_alloc(call->arena, (watch->n + n_aliases + 1) * sizeof *items);
    for (size_t i = 0; i < watch->n; i++) {
        items[i] = watch->items[i];
    }
    for (size_t i = 0; i < n_aliases; i++) {
        items[watch->n + i] = (struct watched_alias){.before = aliases[i]};
    }
    watch->items = items;
    watch->n += n_aliases;
    return NULL;
}

static const struct error *query_ids(struct call *call, const struct pg_statement *stmt,
                                     const struct pg_args *args, int64_t **ret_ids, size_t *ret_n)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, stmt, args, &rows);
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

const struct error *alias_watch_query(struct call *call, struct alias_watch *watch,
                                      const struct pg_statement *stmt, const struct pg_args *args)
{
    int64_t *ids;
    size_t n;
    const struct error *err = query_ids(call, stmt, args, &ids, &n);
    if (err) {
        return err;
    }
    return alias_watch_ids(call, watch, ids, n);
}

/* The ids of what is watched and still there. */
static int64_t *remaining(struct call *call, const struct alias_watch *watch, size_t *ret_n)
{
    int64_t *ids = arena_alloc(call->arena, (watch->n + 1) * sizeof *ids);
    size_t n = 0;
    for (size_t i = 0; i < watch->n; i++) {
        if (!watch->items[i].is_removed) {
            ids[n++] = watch->items[i].before->id;
        }
    }
    *ret_n = n;
    return ids;
}

static const struct error *append_event(struct call *call, const char *type,
                                        const Roost__Mailboxes__V1__Alias *before,
                                        const Roost__Mailboxes__V1__Alias *after)
{
    return outbox_append(call, &(struct outbox_event){
                                   .type = type,
                                   .object_type = "alias",
                                   .object_id = before->id,
                                   .before = &before->base,
                                   .after = after ? &after->base : NULL,
                               });
}

/* Removes aliases and their mention in others, which are watched from then on. */
static const struct error *remove_batch(struct call *call, struct alias_watch *watch,
                                        const int64_t *ids, size_t n)
{
    const struct pg_args *args = PG_ARGS(NULL, pg_int64s("ids", ids, n));
    for (size_t i = 0; i < n; i++) {
        const struct error *err = pg_run(call->pg, &mailboxes_sql_recipient_pass_to_mailbox,
                                         PG_ARGS(NULL, pg_int64("id", ids[i])), NULL);
        if (err) {
            return err;
        }
    }
    const struct error *err =
        alias_watch_query(call, watch, &mailboxes_sql_recipient_aliases_of_aliases, args);
    if (err) {
        return err;
    }
    err = pg_run(call->pg, &mailboxes_sql_recipient_drop_aliases, args, NULL);
    if (err) {
        return err;
    }
    err = pg_run(call->pg, &mailboxes_sql_alias_delete, args, NULL);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        struct watched_alias *item = find(watch, ids[i]);
        if (!item || item->is_removed) {
            continue;
        }
        item->is_removed = true;
        err = append_event(call, "MailboxAliasDeleted", item->before, NULL);
        if (err) {
            return err;
        }
    }
    return NULL;
}

static const struct error *remove_empty(struct call *call, struct alias_watch *watch)
{
    for (;;) {
        size_t n;
        int64_t *ids = remaining(call, watch, &n);
        const struct error *err = query_ids(call, &mailboxes_sql_alias_empty,
                                            PG_ARGS(NULL, pg_int64s("ids", ids, n)), &ids, &n);
        if (err || n == 0) {
            return err;
        }
        err = remove_batch(call, watch, ids, n);
        if (err) {
            return err;
        }
    }
}

const struct error *alias_settle(struct call *call, struct alias_watch *watch)
{
    if (watch->n == 0) {
        return NULL;
    }
    const struct error *err = remove_empty(call, watch);
    if (err) {
        return err;
    }
    size_t n;
    int64_t *ids = remaining(call, watch, &n);
    if (n == 0) {
        return NULL;
    }
    err =
        pg_run(call->pg, &mailboxes_sql_alias_touch, PG_ARGS(NULL, pg_int64s("ids", ids, n)), NULL);
    if (err) {
        return err;
    }
    Roost__Mailboxes__V1__Alias **aliases;
    err = alias_store_batch_get(call, ids, n, &n, &aliases);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        const struct watched_alias *item = find(watch, aliases[i]->id);
        err = append_event(call, "MailboxAliasModified", item->before, aliases[i]);
        if (err) {
            return err;
        }
    }
    return NULL;
}

const struct error *alias_remove(struct call *call, struct alias_watch *watch, const int64_t *ids,
                                 size_t n)
{
    const struct error *err = alias_watch_ids(call, watch, ids, n);
    if (err) {
        return err;
    }
    err = remove_batch(call, watch, ids, n);
    if (err) {
        return err;
    }
    return alias_settle(call, watch);
}

const struct error *alias_follow(struct call *call, const struct pg_statement *stmt,
                                 const int64_t *ids, size_t n, const char *old_local_part)
{
    struct pg_rows rows;
    const struct error *err = pg_query(
        call->pg, stmt,
        PG_ARGS(NULL, pg_int64s("ids", ids, n), pg_text("old_local_part", old_local_part)), &rows);
    if (err || rows.n_rows == 0) {
        return err;
    }
    size_t n_rows = (size_t)rows.n_rows;
    int64_t *alias_ids = arena_alloc(call->arena, n_rows * sizeof *alias_ids);
    const char **addresses = arena_alloc(call->arena, n_rows * sizeof *addresses);
    const char **new_addresses = arena_alloc(call->arena, n_rows * sizeof *new_addresses);
    for (int i = 0; i < rows.n_rows; i++) {
        alias_ids[i] = pg_value_int64(&rows, i, 0);
        addresses[i] = pg_value(&rows, i, 1);
        new_addresses[i] = pg_value(&rows, i, 2);
    }
    return pg_run(call->pg, &mailboxes_sql_recipient_set_addresses,
                  PG_ARGS(NULL, pg_int64s("alias_ids", alias_ids, n_rows),
                          pg_texts("addresses", addresses, n_rows),
                          pg_texts("new_addresses", new_addresses, n_rows)),
                  NULL);
}
