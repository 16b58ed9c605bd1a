/* quotas: what mailboxes and domains may hold, and what they hold. */
#include "proto/roost/quotas/v1/quotas.rpc.h"
#include "services/common/service/service.h"
#include "services/quotas/sql/migrations.h"

int main(int argc, char **argv)
{
    const struct service_def def = {
        .name = "quotas",
        .summary = "Quotas of domains and mailboxes, and usage as Dovecot counts it.",
        .services = (const struct rpc_service *const[]){&quotas_rpc, &quotas_internal_rpc, NULL},
        .descriptor_set = quotas_descriptor_set,
        .descriptor_set_len = quotas_descriptor_set_len,
        .migrations = quotas_migrations,
        .n_migrations = quotas_n_migrations,
    };
    return service_main(argc, argv, &def);
}
