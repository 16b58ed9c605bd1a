#include "services/accounts/bootstrap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/accounts/account.h"
#include "services/accounts/account_store.h"
#include "services/accounts/account_write.h"
#include "services/accounts/password.h"
#include "services/accounts/password_policy.h"
#include "services/common/clock/clock.h"
#include "services/common/config/config.h"
#include "services/common/message/message.h"
#include "services/common/pg/pg.h"

enum { ARENA_BYTES = 16384, LIMIT_US = 30000000, EXIT_USAGE = 2, MIN_PASSWORD_BYTES = 8 };

struct bootstrap_config {
    char *database_url;
    char *username;
    char *password;
    int password_scheme;
    int64_t password_cost;
};

#define FIELD(member) offsetof(struct bootstrap_config, member)

static const struct config_field fields[] = {
    {"ROOST_DATABASE_URL", CONFIG_SECRET, FIELD(database_url), "postgresql:///roost", 1, 0, NULL,
     "PostgreSQL, as the role roost_accounts."},
    {"ROOST_ADMIN", CONFIG_TEXT, FIELD(username), "admin", 1, 254, NULL,
     "User name of the first administrator."},
    {"ROOST_ADMIN_PASSWORD", CONFIG_SECRET, FIELD(password), NULL, MIN_PASSWORD_BYTES,
     PASSWORD_MAX_BYTES, NULL, "His password; better given as ROOST_ADMIN_PASSWORD_FILE."},
    {"ROOST_PASSWORD_SCHEME", CONFIG_CHOICE, FIELD(password_scheme), "yescrypt", 0, 0,
     password_scheme_names, "How it is hashed."},
    {"ROOST_PASSWORD_COST", CONFIG_INT, FIELD(password_cost), "0", 0, 5000000, NULL,
     "Cost of the hash; 0: the scheme's default."},
};
enum { N_FIELDS = sizeof fields / sizeof *fields };

/* Length only: it comes from a generator as a rule. */
static const struct error *check_values(struct call *call, const struct bootstrap_config *config,
                                        const struct password_method *method, char **ret_username)
{
    const struct password_policy policy = {.min_bytes = MIN_PASSWORD_BYTES,
                                           .max_bytes = method->scheme == PASSWORD_BCRYPT
                                                            ? PASSWORD_BCRYPT_MAX_BYTES
                                                            : PASSWORD_MAX_BYTES};
    const char *fault = password_method_fault(call->arena, method);
    if (fault) {
        return error_new(call->arena, REASON_FIELD_INVALID, "ROOST_PASSWORD_COST: %s", fault);
    }
    char *username = account_canonical_username(call->arena, config->username, &fault);
    if (!username) {
        return error_new(call->arena, REASON_USERNAME_INVALID, "ROOST_ADMIN: %s", fault);
    }
    fault = password_policy_fault(call->arena, &policy, config->password, username);
    if (fault) {
        return error_new(call->arena, REASON_PASSWORD_WEAK, "ROOST_ADMIN_PASSWORD: %s", fault);
    }
    *ret_username = username;
    return NULL;
}

static const struct error *count_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    struct call *call = ((void **)ctx)[0];
    return account_store_count_other_super_admins(call, 0, ((void **)ctx)[1]);
}

static const struct error *create(struct call *call, const struct bootstrap_config *config)
{
    const struct password_method method = {(enum password_scheme)config->password_scheme,
                                           config->password_cost};
    Roost__Accounts__V1__Account *account =
        message_new(call->arena, &roost__accounts__v1__account__descriptor);
    const struct error *err = check_values(call, config, &method, &account->username);
    int64_t n = 0;
    if (!err) {
        err = pg_transact(call->pg, count_in_tx, (void *[]){call, &n});
    }
    if (err) {
        return err;
    }
    if (n > 0) {
        printf("There is a super administrator already; nothing to do.\n");
        return NULL;
    }
    account->role = (char *)"SuperAdmins";
    account->language = (char *)"en";
    account->_is_active_case = ROOST__ACCOUNTS__V1__ACCOUNT___IS_ACTIVE_IS_ACTIVE;
    account->is_active = true;
    char *stored;
    err = password_hash(call->arena, &method, config->password, &stored);
    if (err) {
        return err;
    }
    struct account_creation creation = {.account = account, .password_hash = stored};
    err = account_write_create(call, &creation);
    if (err) {
        return err;
    }
    printf("Created the super administrator %s, account %" PRId64 ".\n", creation.created->username,
           creation.created->id);
    return NULL;
}

int bootstrap_main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[2], "--help") == 0) {
        printf("Usage: accounts bootstrap\n\n"
               "Creates the first SuperAdmins account, unless there is one.\n\n"
               "Configuration is read from the environment; a text NAME may also be given as "
               "NAME_FILE.\n\n");
        config_print_help(fields, N_FIELDS, stdout);
        return EXIT_SUCCESS;
    }
    struct bootstrap_config config = {0};
    if (argc != 2 || !config_load(fields, N_FIELDS, &config, stderr)) {
        fprintf(stderr, "accounts bootstrap: see accounts bootstrap --help\n");
        return EXIT_USAGE;
    }
    const Roost__Common__V1__Identity nobody = ROOST__COMMON__V1__IDENTITY__INIT;
    struct call call = {.arena = arena_new(ARENA_BYTES),
                        .pg = pg_new(config.database_url, "accounts", "accounts"),
                        .identity = &nobody,
                        .method = "command/bootstrap",
                        .trace_id = "bootstrap",
                        .deadline_us = clock_monotonic_us() + LIMIT_US};
    pg_set_call(call.pg, call.arena, call.deadline_us);
    const struct error *err = create(&call, &config);
    if (err) {
        fprintf(stderr, "accounts bootstrap: %s%s%s\n", err->detail, err->cause ? ": " : "",
                err->cause ? err->cause : "");
    }
    pg_free(call.pg);
    arena_free(call.arena);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
