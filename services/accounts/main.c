/* accounts: the people who log in. */
#include "proto/roost/accounts/v1/accounts.rpc.h"
#include "services/accounts/account_saga.h"
#include "services/accounts/accounts_config.h"
#include "services/accounts/authentication.h"
#include "services/accounts/bootstrap.h"
#include "services/accounts/sql/migrations.h"
#include "services/common/service/service.h"

int main(int argc, char **argv)
{
    static const struct service_command commands[] = {
        {.name = "bootstrap",
         .help = "creates the first administrator, unless there is one",
         .run = bootstrap_main},
    };
    const struct service_def def = {
        .name = "accounts",
        .summary = "People who log in: accounts, passwords, web sessions, API tokens.",
        .services =
            (const struct rpc_service *const[]){&accounts_rpc, &accounts_internal_rpc, NULL},
        .descriptor_set = accounts_descriptor_set,
        .descriptor_set_len = accounts_descriptor_set_len,
        .migrations = accounts_migrations,
        .n_migrations = accounts_n_migrations,
        .config_fields = accounts_config_fields,
        .n_config_fields = accounts_n_config_fields,
        .config_size = sizeof(struct accounts_config),
        .uses_redis = true,
        .commands = commands,
        .n_commands = sizeof commands / sizeof *commands,
        .authenticate = authentication_by_token,
        .open = accounts_open,
    };
    saga_register(account_saga_kinds, ACCOUNT_N_SAGAS);
    return service_main(argc, argv, &def);
}
