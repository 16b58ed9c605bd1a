#include "services/mailboxes/domain_fence.h"

#include <string.h>

#include "services/common/pg/pg.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

const struct error *domain_fence_enter(struct call *call, int64_t domain_id, const char *name)
{
    const struct pg_args *args = PG_ARGS(NULL, pg_int64("domain_id", domain_id));
    const struct error *err = pg_run(call->pg, &mailboxes_sql_lock_domain, args, NULL);
    if (err) {
        return err;
    }
    struct pg_rows rows;
    err = pg_query(call->pg, &mailboxes_sql_fence_get, args, &rows);
    if (err || rows.n_rows == 0) {
        return err;
    }
    if (pg_value_bool(&rows, 0, 1)) {
        return error_new(call->arena, REASON_DOMAIN_NOT_FOUND, "The domain %s is being deleted.",
                         name);
    }
    if (strcmp(pg_value(&rows, 0, 0), name) != 0) {
        return error_new(call->arena, REASON_RENAME_IN_PROGRESS,
                         "The domain %s has just been renamed to %s.", name, pg_value(&rows, 0, 0));
    }
    return NULL;
}

static const struct error *close_with(struct call *call, const struct pg_statement *stmt,
                                      int64_t domain_id, const char *new_name)
{
    const struct error *err = pg_run(call->pg, &mailboxes_sql_lock_domain_alone,
                                     PG_ARGS(NULL, pg_int64("domain_id", domain_id)), NULL);
    if (err) {
        return err;
    }
    return pg_run(call->pg, stmt,
                  PG_ARGS(NULL, pg_int64("domain_id", domain_id), pg_text("new_name", new_name)),
                  NULL);
}

const struct error *domain_fence_rename(struct call *call, int64_t domain_id, const char *new_name)
{
    return close_with(call, &mailboxes_sql_fence_rename, domain_id, new_name);
}

const struct error *domain_fence_remove(struct call *call, int64_t domain_id)
{
    return close_with(call, &mailboxes_sql_fence_remove, domain_id, NULL);
}
