#include "services/mailboxes/mailboxes_tasks.h"

#include "services/common/log/log.h"
#include "services/common/rpc/call.h"
#include "services/mailboxes/mailboxes_config.h"
#include "services/mailboxes/operation_store.h"
#include "services/mailboxes/sql/mailboxes.sql.h"

/* Bounds the time in which a renamed address answers 450. */
static const struct error *fail_stale_operations(struct call *call)
{
    size_t n;
    const struct error *err = operation_store_fail_stale(call, &n);
    if (!err && n > 0) {
        log_warn("operations.abandoned", log_int("operations", (int64_t)n));
    }
    return err;
}

static const struct error *expire(struct call *call)
{
    const struct mailboxes_config *config = call->service;
    const struct pg_statement *const statements[] = {
        &mailboxes_sql_former_address_expire,
        &mailboxes_sql_removed_mailbox_expire,
        &mailboxes_sql_operation_expire,
        &mailboxes_sql_session_end_expire,
    };
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        const struct error *err =
            pg_run(call->pg, statements[i],
                   PG_ARGS(NULL, pg_int64("keep_days", config->operation_keep_days)), NULL);
        if (err) {
            return err;
        }
    }
    return NULL;
}

/* For those who read the schema: which layout new mailboxes get. */
static const struct error *publish_settings(struct call *call)
{
    const struct mailboxes_config *config = call->service;
    const char *layout = config->layout == MAILBOX_LAYOUT_ADDRESS ? "address" : "id";
    return pg_run(call->pg, &mailboxes_sql_setting_put,
                  PG_ARGS(NULL, pg_text("name", "mail_home_layout"), pg_text("value", layout)),
                  NULL);
}

const struct service_task mailboxes_tasks[] = {
    {.name = "settings", .pause_ms = 60000, .run = publish_settings},
    {.name = "stale_operations", .pause_ms = 5000, .run = fail_stale_operations},
    {.name = "expiry", .pause_ms = 10000, .run = expire},
};
const size_t mailboxes_n_tasks = sizeof mailboxes_tasks / sizeof *mailboxes_tasks;
