#include "services/mailboxes/recipient_store.h"

#include <string.h>

#include "services/common/address/address.h"
#include "services/common/pg/pg.h"
#include "services/mailboxes/mailbox.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

static const char recipients_field[] = "alias.recipients";

/* What the rows of alias_recipient will hold, one entry per recipient. */
struct targets {
    size_t n;
    const char **addresses;
    const char **extensions; /* "+list" where the address was found without it, else "" */
    int64_t *mailbox_ids;
    int64_t *alias_ids;
};

static struct targets targets_new(struct arena *arena, size_t n)
{
    return (struct targets){
        .n = n,
        .addresses = arena_alloc(arena, (n + 1) * sizeof(char *)),
        .extensions = arena_alloc(arena, (n + 1) * sizeof(char *)),
        .mailbox_ids = arena_alloc(arena, (n + 1) * sizeof(int64_t)),
        .alias_ids = arena_alloc(arena, (n + 1) * sizeof(int64_t)),
    };
}

/* One row of recipient_lookup: the mailbox before the alias, the whole local part before the one
 * without extension. */
static void take_row(struct targets *targets, size_t i, const struct pg_rows *rows, int row,
                     const char *extension)
{
    for (int column = 1; column <= 4; column++) {
        int64_t id = pg_value_int64(rows, row, column);
        if (id == 0) {
            continue;
        }
        (column % 2 ? targets->mailbox_ids : targets->alias_ids)[i] = id;
        targets->extensions[i] = column <= 2 ? "" : extension;
        return;
    }
}

static const struct error *look_up(struct call *call, const struct recipient *recipients, size_t n,
                                   struct targets *ret_targets)
{
    struct targets targets = targets_new(call->arena, n);
    int64_t *domain_ids = arena_alloc(call->arena, (n + 1) * sizeof *domain_ids);
    const char **local_parts = arena_alloc(call->arena, (n + 1) * sizeof *local_parts);
    const char **bare = arena_alloc(call->arena, (n + 1) * sizeof *bare);
    for (size_t i = 0; i < n; i++) {
        domain_ids[i] = recipients[i].domain_id;
        local_parts[i] = recipients[i].local_part;
        bare[i] = address_without_extension(call->arena, recipients[i].local_part);
        targets.addresses[i] = recipients[i].address;
        targets.extensions[i] = "";
    }
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &mailboxes_sql_recipient_lookup,
                                       PG_ARGS(NULL, pg_int64s("domain_ids", domain_ids, n),
                                               pg_texts("local_parts", local_parts, n),
                                               pg_texts("bare_local_parts", bare, n)),
                                       &rows);
    if (err) {
        return err;
    }
    for (int row = 0; row < rows.n_rows; row++) {
        size_t i = (size_t)pg_value_int64(&rows, row, 0) - 1;
        take_row(&targets, i, &rows, row, recipients[i].local_part + strlen(bare[i]));
    }
    *ret_targets = targets;
    return NULL;
}

/* Locks the rows that `ids` names and takes the addresses that they have now. A row that has gone
 * in between leaves its entry without an address. */
static const struct error *lock_rows(struct call *call, const struct pg_statement *stmt,
                                     struct targets *targets, const int64_t *ids)
{
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, stmt, PG_ARGS(NULL, pg_int64s("ids", ids, targets->n)), &rows);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < targets->n; i++) {
        if (ids[i] == 0) {
            continue;
        }
        targets->addresses[i] = NULL;
        for (int row = 0; row < rows.n_rows; row++) {
            if (pg_value_int64(&rows, row, 0) == ids[i]) {
                targets->addresses[i] = mailbox_address_with_extension(
                    call->arena, pg_value(&rows, row, 1), targets->extensions[i]);
            }
        }
    }
    return NULL;
}

static const struct error *check_found(struct call *call, const struct targets *targets,
                                       const struct recipient *recipients)
{
    const struct error *err = NULL;
    for (size_t i = 0; i < targets->n; i++) {
        bool is_local = targets->mailbox_ids[i] || targets->alias_ids[i];
        bool is_missing = is_local ? !targets->addresses[i]
                                   : recipients[i].domain_id && !recipients[i].may_be_external;
        if (is_missing) {
            err = error_add_field(call->arena, err, REASON_RECIPIENT_NOT_FOUND, recipients_field,
                                  "Local recipient %s not found", recipients[i].address);
        }
    }
    return err;
}

const struct error *recipient_store_replace(struct call *call, int64_t alias_id,
                                            const struct recipient *recipients, size_t n)
{
    struct targets targets;
    const struct error *err = look_up(call, recipients, n, &targets);
    if (err) {
        return err;
    }
    err = lock_rows(call, &mailboxes_sql_recipient_lock_mailboxes, &targets, targets.mailbox_ids);
    if (err) {
        return err;
    }
    err = lock_rows(call, &mailboxes_sql_recipient_lock_aliases, &targets, targets.alias_ids);
    if (err) {
        return err;
    }
    err = check_found(call, &targets, recipients);
    if (err) {
        return err;
    }
    err = pg_run(call->pg, &mailboxes_sql_recipient_clear,
                 PG_ARGS(NULL, pg_int64("alias_id", alias_id)), NULL);
    if (err) {
        return err;
    }
    return pg_run(call->pg, &mailboxes_sql_recipient_add,
                  PG_ARGS(NULL, pg_int64("alias_id", alias_id),
                          pg_texts("addresses", targets.addresses, n),
                          pg_int64s("mailbox_ids", targets.mailbox_ids, n),
                          pg_int64s("alias_ref_ids", targets.alias_ids, n)),
                  NULL);
}

const struct error *recipient_store_check_loops(struct call *call, int64_t alias_id)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &mailboxes_sql_alias_loops,
                                       PG_ARGS(NULL, pg_int64("id", alias_id)), &rows);
    if (err) {
        return err;
    }
    int64_t n_self = pg_value_int64(&rows, 0, 0);
    int64_t n_self_without_mailbox = pg_value_int64(&rows, 0, 1);
    int64_t n_all = pg_value_int64(&rows, 0, 2);
    if (n_self == n_all) {
        return error_on_field(call->arena, REASON_RECIPIENT_INVALID, recipients_field,
                              "An alias cannot be its own only recipient.");
    }
    if (n_self_without_mailbox > 0 || pg_value_bool(&rows, 0, 3)) {
        return error_on_field(call->arena, REASON_RECIPIENT_INVALID, recipients_field,
                              "The mail of this alias would come back to it.");
    }
    return NULL;
}
