/* domains: mail domains and their aliases. */
#include "proto/roost/domains/v1/domains.rpc.h"
#include "services/common/service/service.h"
#include "services/domains/domain_store.h"
#include "services/domains/domain_write.h"
#include "services/domains/sql/migrations.h"

int main(int argc, char **argv)
{
    static const struct service_task tasks[] = {
        {.name = "former_names", .pause_ms = 60000, .run = domain_store_expire_former_names},
    };
    const struct service_def def = {
        .name = "domains",
        .summary = "Mail domains and their aliases.",
        .services = (const struct rpc_service *const[]){&domains_rpc, &domains_internal_rpc, NULL},
        .descriptor_set = domains_descriptor_set,
        .descriptor_set_len = domains_descriptor_set_len,
        .migrations = domains_migrations,
        .n_migrations = domains_n_migrations,
        .tasks = tasks,
        .n_tasks = sizeof tasks / sizeof *tasks,
    };
    domain_sagas_register();
    return service_main(argc, argv, &def);
}
