/* quotas: what mailboxes and domains may hold, and what they hold. */
#include "proto/roost/quotas/v1/quotas.rpc.h"
#include "services/common/service/service.h"
#include "services/quotas/quota_store.h"
#include "services/quotas/sql/migrations.h"

int main(int argc, char **argv)
{
    static const struct service_task tasks[] = {
        {.name = "settle_usage", .pause_ms = 3000, .run = usage_store_settle},
    };
    const struct service_def def = {
        .name = "quotas",
        .summary = "Quotas of domains and mailboxes, and usage as Dovecot counts it.",
        .services = (const struct rpc_service *const[]){&quotas_rpc, &quotas_internal_rpc, NULL},
        .descriptor_set = quotas_descriptor_set,
        .descriptor_set_len = quotas_descriptor_set_len,
        .migrations = quotas_migrations,
        .n_migrations = quotas_n_migrations,
        .tasks = tasks,
        .n_tasks = sizeof tasks / sizeof *tasks,
    };
    return service_main(argc, argv, &def);
}
