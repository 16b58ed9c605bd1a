/* mailboxes: mailboxes, aliases and the queue of operations on mail directories. */
#include "proto/roost/mailboxes/v1/mailboxes.rpc.h"
#include "services/common/service/service.h"
#include "services/mailboxes/alias_delete.h"
#include "services/mailboxes/mailboxes_config.h"
#include "services/mailboxes/mailboxes_tasks.h"
#include "services/mailboxes/sql/migrations.h"

int main(int argc, char **argv)
{
    const struct service_def def = {
        .name = "mailboxes",
        .summary = "Keeps mailboxes, aliases and the queue of operations on mail directories.",
        .services =
            (const struct rpc_service *const[]){&mailboxes_rpc, &mailboxes_internal_rpc, NULL},
        .descriptor_set = mailboxes_descriptor_set,
        .descriptor_set_len = mailboxes_descriptor_set_len,
        .migrations = mailboxes_migrations,
        .n_migrations = mailboxes_n_migrations,
        .tasks = mailboxes_tasks,
        .n_tasks = mailboxes_n_tasks,
        .config_fields = mailboxes_config_fields,
        .n_config_fields = mailboxes_n_config_fields,
        .config_size = sizeof(struct mailboxes_config),
    };
    saga_register(&alias_saga_remove, 1);
    return service_main(argc, argv, &def);
}
