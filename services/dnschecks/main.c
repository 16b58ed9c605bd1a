/* dnschecks: the health of the DNS records that mail needs. */
#include "proto/roost/dnschecks/v1/dnschecks.rpc.h"
#include "services/common/service/service.h"
#include "services/dnschecks/dnschecks_config.h"
#include "services/dnschecks/dnschecks_tasks.h"
#include "services/dnschecks/sql/migrations.h"

int main(int argc, char **argv)
{
    static const struct service_task tasks[] = {
        {.name = "sweep", .pause_ms = 2000, .run = dnschecks_sweep_task},
        {.name = "check", .pause_ms = 1000, .run = dnschecks_check_task},
    };
    const struct service_def def = {
        .name = "dnschecks",
        .summary = "Checks the DNS records that mail needs.",
        .services = (const struct rpc_service *const[]){&dns_checks_rpc, NULL},
        .descriptor_set = dnschecks_descriptor_set,
        .descriptor_set_len = dnschecks_descriptor_set_len,
        .migrations = dnschecks_migrations,
        .n_migrations = dnschecks_n_migrations,
        .tasks = tasks,
        .n_tasks = sizeof tasks / sizeof *tasks,
        .config_fields = dnschecks_config_fields,
        .n_config_fields = dnschecks_n_config_fields,
        .config_size = sizeof(struct dnschecks_config),
        .open = dnschecks_open,
    };
    return service_main(argc, argv, &def);
}
