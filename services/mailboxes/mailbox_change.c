#include "services/mailboxes/mailbox_change.h"

#include <string.h>

#include "services/common/outbox/outbox.h"
#include "services/mailboxes/alias_change.h"
#include "services/mailboxes/mailbox_store.h"
#include "services/mailboxes/mailboxes_config.h"
#include "services/mailboxes/session_end_store.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

/* Who else uses a directory: see home_users. */
enum home_use { HOME_FREE, HOME_IN_MOTION, HOME_TAKEN };

struct mailbox_row mailbox_row_of(const struct pg_rows *rows, int i)
{
    return (struct mailbox_row){
        .id = pg_value_int64(rows, i, 0),
        .domain_id = pg_value_int64(rows, i, 1),
        .local_part = pg_value(rows, i, 2),
        .full_address = pg_value(rows, i, 3),
        .home = pg_value(rows, i, 4),
        .is_active = strcmp(pg_value(rows, i, 5), "active") == 0,
    };
}

const struct error *mailbox_change_lock_by_account(struct call *call, int64_t account_id,
                                                   struct mailbox_row *ret_row, bool *ret_is_found)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &mailboxes_sql_mailbox_lock_by_account,
                                       PG_ARGS(NULL, pg_int64("account_id", account_id)), &rows);
    if (err) {
        return err;
    }
    *ret_is_found = rows.n_rows > 0;
    if (rows.n_rows > 0) {
        *ret_row = mailbox_row_of(&rows, 0);
    }
    return NULL;
}

/* Two statements: the second one must see what the holder of the lock has committed. */
static const struct error *lock_home(struct call *call, const char *home, int64_t mailbox_id,
                                     enum home_use *ret_use)
{
    const struct error *err = pg_run(call->pg, &mailboxes_sql_lock_homes,
                                     PG_ARGS(NULL, pg_texts("homes", &home, 1)), NULL);
    if (err) {
        return err;
    }
    struct pg_rows rows;
    err = pg_query(call->pg, &mailboxes_sql_home_users,
                   PG_ARGS(NULL, pg_text("home", home), pg_int64("mailbox_id", mailbox_id)), &rows);
    if (err) {
        return err;
    }
    *ret_use = (enum home_use)pg_value_int64(&rows, 0, 0);
    return NULL;
}

const struct error *mailbox_change_take_home(struct call *call, const char *home,
                                             int64_t mailbox_id)
{
    enum home_use use;
    const struct error *err = lock_home(call, home, mailbox_id, &use);
    if (err || use == HOME_FREE) {
        return err;
    }
    return error_new(call->arena, REASON_OPERATION_PENDING,
                     "The directory %s is still used by another mailbox or operation.", home);
}

static const struct error *queue(struct call *call, const struct mailbox_row *row, const char *type,
                                 const char *argument, const char *destination)
{
    return pg_run(call->pg, &mailboxes_sql_operation_add,
                  PG_ARGS(NULL, pg_int64("mailbox_id", row->id),
                          pg_text("full_address", row->full_address), pg_text("type", type),
                          pg_text("argument", argument), pg_text("destination", destination)),
                  NULL);
}

/* The mailbox's unfinished operations, locked, oldest first. */
struct open_operation {
    int64_t id;
    bool is_rename;
    bool is_running;
    bool is_failed;
    bool was_tried;
    const char *argument;
    const char *destination;
};

static const struct error *open_operations(struct call *call, int64_t mailbox_id,
                                           struct open_operation **ret_operations, size_t *ret_n)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &mailboxes_sql_operation_open_list,
                                       PG_ARGS(NULL, pg_int64("mailbox_id", mailbox_id)), &rows);
    if (err) {
        return err;
    }
    struct open_operation *operations =
        arena_alloc(call->arena, ((size_t)rows.n_rows + 1) * sizeof *operations);
    for (int i = 0; i < rows.n_rows; i++) {
        operations[i] = (struct open_operation){
            .id = pg_value_int64(&rows, i, 0),
            .is_rename = strcmp(pg_value(&rows, i, 1), "rename") == 0,
            .argument = pg_value(&rows, i, 2),
            .destination = pg_value(&rows, i, 3),
            .is_running = strcmp(pg_value(&rows, i, 4), "running") == 0,
            .is_failed = strcmp(pg_value(&rows, i, 4), "failed") == 0,
            .was_tried = pg_value_int64(&rows, i, 5) > 0,
        };
    }
    *ret_operations = operations;
    *ret_n = (size_t)rows.n_rows;
    return NULL;
}

static const struct error *replace(struct call *call, int64_t operation_id, const char *why)
{
    return pg_run(call->pg, &mailboxes_sql_operation_replace,
                  PG_ARGS(NULL, pg_int64("id", operation_id), pg_text("last_error", why)), NULL);
}

/* A failed move may have left mail in either of its directories: both are emptied into the new one.
 */
static const struct error *collect_rest(struct call *call, const struct mailbox_row *row,
                                        const struct open_operation *failed, const char *home)
{
    const char *const places[] = {failed->argument, failed->destination};
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(places[i], home) == 0 || strcmp(places[i], row->home) == 0) {
            continue;
        }
        const struct error *err = queue(call, row, "rename", places[i], home);
        if (err) {
            return err;
        }
    }
    return replace(call, failed->id, "replaced by a later operation");
}

static const struct error *redirect(struct call *call, const struct open_operation *operation,
                                    const char *home)
{
    if (strcmp(operation->argument, home) == 0) {
        return replace(call, operation->id, "replaced by a later operation");
    }
    return pg_run(call->pg, &mailboxes_sql_operation_redirect,
                  PG_ARGS(NULL, pg_int64("id", operation->id), pg_text("destination", home)), NULL);
}

static const struct error *queue_move(struct call *call, const struct mailbox_row *row,
                                      const char *home)
{
    struct open_operation *operations;
    size_t n;
    const struct error *err = open_operations(call, row->id, &operations, &n);
    if (err) {
        return err;
    }
    const char *source = row->home; /* where the directory will be when all earlier ones are done */
    bool is_redirected = false;
    for (size_t i = 0; i < n && !err; i++) {
        if (!operations[i].is_rename) {
            continue;
        }
        if (operations[i].is_failed) {
            err = collect_rest(call, row, &operations[i], home);
        } else if (operations[i].is_running || operations[i].was_tried) {
            source = operations[i].destination;
        } else {
            err = redirect(call, &operations[i], home);
            is_redirected = true;
        }
    }
    if (err || is_redirected || strcmp(source, home) == 0) {
        return err;
    }
    return queue(call, row, "rename", source, home);
}

const struct error *mailbox_change_move(struct call *call, const struct mailbox_row *row,
                                        const char *home, bool *ret_is_moving)
{
    enum home_use use;
    const struct error *err = lock_home(call, home, row->id, &use);
    if (err) {
        return err;
    }
    *ret_is_moving = use != HOME_TAKEN;
    return use == HOME_TAKEN ? NULL : queue_move(call, row, home);
}

static const struct error *check_is_at_rest(struct call *call, int64_t mailbox_id)
{
    struct open_operation *operations;
    size_t n;
    const struct error *err = open_operations(call, mailbox_id, &operations, &n);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        if (!operations[i].is_failed) {
            return error_new(call->arena, REASON_OPERATION_PENDING,
                             "The mailbox's directory is still being moved.");
        }
    }
    return NULL;
}

static const struct error *alias_at(struct call *call, int64_t domain_id, const char *local_part,
                                    int64_t *ret_id)
{
    struct pg_rows rows;
    const struct error *err = pg_query(
        call->pg, &mailboxes_sql_alias_of_address,
        PG_ARGS(NULL, pg_int64("domain_id", domain_id), pg_text("local_part", local_part)), &rows);
    if (err) {
        return err;
    }
    *ret_id = rows.n_rows ? pg_value_int64(&rows, 0, 0) : 0;
    return NULL;
}

/* An alias on the mailbox's own address is its forward and moves along, unless there is one at the
 * new address. */
static const struct error *move_forward(struct call *call, struct alias_watch *watch,
                                        const struct mailbox_row *row,
                                        const Roost__Mailboxes__V1__RenameMailboxRequest *req)
{
    int64_t forward_id;
    int64_t other_id;
    const struct error *err = alias_at(call, row->domain_id, row->local_part, &forward_id);
    if (err || !forward_id) {
        return err;
    }
    err = alias_at(call, req->domain_id, req->local_part, &other_id);
    if (err || other_id) {
        return err;
    }
    err = alias_watch_ids(call, watch, &forward_id, 1);
    if (err) {
        return err;
    }
    err = alias_watch_query(call, watch, &mailboxes_sql_recipient_aliases_of_aliases,
                            PG_ARGS(NULL, pg_int64s("ids", &forward_id, 1)));
    if (err) {
        return err;
    }
    const char *address = arena_printf(call->arena, "%s@%s", req->local_part, req->domain_name);
    err =
        pg_run(call->pg, &mailboxes_sql_alias_set_address,
               PG_ARGS(&req->base, pg_int64("id", forward_id), pg_text("address", address)), NULL);
    if (err) {
        return err;
    }
    return alias_follow(call, &mailboxes_sql_recipient_follow_aliases, &forward_id, 1,
                        row->local_part);
}

static const struct error *keep_former_address(struct call *call, const struct mailbox_row *row)
{
    const struct mailboxes_config *config = call->service;
    return pg_run(call->pg, &mailboxes_sql_former_address_add,
                  PG_ARGS(NULL, pg_text("address", row->full_address),
                          pg_int64("mailbox_id", row->id),
                          pg_int64("keep_seconds", config->former_address_s)),
                  NULL);
}

/* The row and all copies of its address. */
static const struct error *rename_address(struct call *call, const struct mailbox_row *row,
                                          const Roost__Mailboxes__V1__RenameMailboxRequest *req)
{
    struct alias_watch watch = {0};
    const struct error *err =
        alias_watch_query(call, &watch, &mailboxes_sql_recipient_aliases_of_mailboxes,
                          PG_ARGS(NULL, pg_int64s("ids", &row->id, 1)));
    if (err) {
        return err;
    }
    const struct pg_args *args = PG_ARGS(&req->base, pg_int64("id", row->id));
    err = pg_run(call->pg, &mailboxes_sql_mailbox_rename, args, NULL);
    if (err) {
        return err;
    }
    err = keep_former_address(call, row);
    if (err) {
        return err;
    }
    err = move_forward(call, &watch, row, req);
    if (err) {
        return err;
    }
    err =
        alias_follow(call, &mailboxes_sql_recipient_follow_mailboxes, &row->id, 1, row->local_part);
    if (err) {
        return err;
    }
    err = pg_run(call->pg, &mailboxes_sql_mailbox_link, args, NULL);
    if (err) {
        return err;
    }
    return alias_settle(call, &watch);
}

const struct error *mailbox_change_rename(struct call *call, const struct mailbox_row *row,
                                          const Roost__Mailboxes__V1__RenameMailboxRequest *req)
{
    const struct mailboxes_config *config = call->service;
    Roost__Mailboxes__V1__Mailbox *before;
    const struct error *err = mailbox_store_get(call, row->id, &before);
    if (err) {
        return err;
    }
    err = check_is_at_rest(call, row->id);
    if (err) {
        return err;
    }
    const char *home = mailbox_home_of_address(call->arena, req->domain_name, req->local_part);
    if (config->layout == MAILBOX_LAYOUT_ADDRESS) {
        err = mailbox_change_take_home(call, home, row->id);
        if (err) {
            return err;
        }
    }
    err = rename_address(call, row, req);
    if (err) {
        return err;
    }
    err = session_end_store_add(call, row->full_address);
    if (err) {
        return err;
    }
    if (config->layout == MAILBOX_LAYOUT_ADDRESS) {
        err = queue_move(call, row, home);
        if (err) {
            return err;
        }
    }
    Roost__Mailboxes__V1__Mailbox *after;
    err = mailbox_store_get(call, row->id, &after);
    if (err) {
        return err;
    }
    return outbox_append(call, &(struct outbox_event){.type = "MailboxModified",
                                                      .object_type = "mailbox",
                                                      .object_id = row->id,
                                                      .before = &before->base,
                                                      .after = &after->base});
}

static const struct error *remove_from_aliases(struct call *call, const struct mailbox_row *row)
{
    struct alias_watch watch = {0};
    const struct error *err =
        alias_watch_query(call, &watch, &mailboxes_sql_recipient_aliases_of_mailboxes,
                          PG_ARGS(NULL, pg_int64s("ids", &row->id, 1)));
    if (err) {
        return err;
    }
    const struct pg_args *args = PG_ARGS(NULL, pg_int64("id", row->id));
    err = pg_run(call->pg, &mailboxes_sql_recipient_pass_to_alias, args, NULL);
    if (err) {
        return err;
    }
    err = pg_run(call->pg, &mailboxes_sql_recipient_drop_mailbox, args, NULL);
    if (err) {
        return err;
    }
    return alias_settle(call, &watch);
}

static bool contains(const char *const *places, size_t n, const char *place)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(places[i], place) == 0) {
            return true;
        }
    }
    return false;
}

/* Everything that the mailbox has or may have on disk: its home and both ends of every unfinished
 * move. */
static const struct error *queue_removal(struct call *call, const struct mailbox_row *row)
{
    struct open_operation *operations;
    size_t n;
    const struct error *err = open_operations(call, row->id, &operations, &n);
    if (err) {
        return err;
    }
    const char **places = arena_alloc(call->arena, (2 * n + 1) * sizeof *places);
    size_t n_places = 0;
    places[n_places++] = row->home;
    for (size_t i = 0; i < n; i++) {
        const char *const ends[] = {operations[i].argument, operations[i].destination};
        for (size_t end = 0; end < 2; end++) {
            if (*ends[end] && !contains(places, n_places, ends[end])) {
                places[n_places++] = ends[end];
            }
        }
        if (!operations[i].is_running) {
            err = replace(call, operations[i].id, "the mailbox was deleted");
            if (err) {
                return err;
            }
        }
    }
    err = pg_run(call->pg, &mailboxes_sql_lock_homes,
                 PG_ARGS(NULL, pg_texts("homes", places, n_places)), NULL);
    for (size_t i = 0; i < n_places && !err; i++) {
        err = queue(call, row, "delete", places[i], "");
    }
    return err;
}

const struct error *mailbox_change_delete(struct call *call, const struct mailbox_row *row,
                                          bool keep_directory)
{
    const struct pg_args *args = PG_ARGS(NULL, pg_int64("id", row->id));
    if (!row->is_active) {
        return pg_run(call->pg, &mailboxes_sql_mailbox_delete, args, NULL);
    }
    Roost__Mailboxes__V1__Mailbox *before;
    const struct error *err = mailbox_store_get(call, row->id, &before);
    if (err) {
        return err;
    }
    err = remove_from_aliases(call, row);
    if (err) {
        return err;
    }
    err = keep_directory ? NULL : queue_removal(call, row);
    if (err) {
        return err;
    }
    err = pg_run(call->pg, &mailboxes_sql_mailbox_delete, args, NULL);
    if (err) {
        return err;
    }
    return outbox_append(call, &(struct outbox_event){.type = "MailboxDeleted",
                                                      .object_type = "mailbox",
                                                      .object_id = row->id,
                                                      .before = &before->base});
}
