#include "services/accounts/accounts_config.h"

#include <stdio.h>
#include <stdlib.h>

#define FIELD(member) offsetof(struct accounts_config, member)

const struct config_field accounts_config_fields[] = {
    {"ROOST_PASSWORD_SCHEME", CONFIG_CHOICE, FIELD(password_scheme), "yescrypt", 0, 0,
     password_scheme_names,
     "How new passwords are hashed; an older hash is replaced at the next login."},
    {"ROOST_PASSWORD_COST", CONFIG_INT, FIELD(password_cost), "0", 0, 5000000, NULL,
     "Cost of a hash: yescrypt 1-8, bcrypt 4-16, sha*crypt 1000-5000000 rounds; 0: the scheme's "
     "default."},
    {"ROOST_PASSWORD_AT_ONCE", CONFIG_INT, FIELD(password_at_once), "0", 0, 1024, NULL,
     "Passwords hashed at once; 0: one less than there are workers."},
    {"ROOST_PASSWORD_MIN_LENGTH", CONFIG_INT, FIELD(policy.min_bytes), "8", 1, 128, NULL,
     "Least length of a password, in bytes."},
    {"ROOST_PASSWORD_MIN_UPPER", CONFIG_INT, FIELD(policy.min_upper), "1", 0, 16, NULL,
     "Upper-case letters that a password must contain."},
    {"ROOST_PASSWORD_MIN_LOWER", CONFIG_INT, FIELD(policy.min_lower), "1", 0, 16, NULL,
     "Lower-case letters that a password must contain."},
    {"ROOST_PASSWORD_MIN_DIGITS", CONFIG_INT, FIELD(policy.min_digits), "1", 0, 16, NULL,
     "Digits that a password must contain."},
    {"ROOST_PASSWORD_MIN_SPECIAL", CONFIG_INT, FIELD(policy.min_special), "0", 0, 16, NULL,
     "Characters other than letters and digits that a password must contain."},
    {"ROOST_SESSION_IDLE_S", CONFIG_INT, FIELD(session.idle_s), "43200", 60, 2592000, NULL,
     "Seconds without a request after which a web session ends."},
    {"ROOST_SESSION_MAX_S", CONFIG_INT, FIELD(session.max_s), "604800", 60, 31536000, NULL,
     "Seconds after which a web session ends in any case."},
    {"ROOST_LOGIN_FREE_TRIES", CONFIG_INT, FIELD(throttle.account_tries), "5", 1, 1000, NULL,
     "Wrong passwords for one account before logins to it must wait."},
    {"ROOST_LOGIN_ADDRESS_FREE_TRIES", CONFIG_INT, FIELD(throttle.address_tries), "10", 1, 100000,
     NULL, "Wrong passwords from one address (IPv6: /64) before logins from it must wait."},
    {"ROOST_LOGIN_WAIT_MS", CONFIG_INT, FIELD(throttle.first_wait_ms), "2000", 1, 900000, NULL,
     "The first wait after that, in milliseconds; each further wrong password doubles it."},
    {"ROOST_LOGIN_MAX_WAIT_MS", CONFIG_INT, FIELD(throttle.max_wait_ms), "900000", 1, 86400000,
     NULL, "The longest wait, in milliseconds; wrong passwords are forgotten after twice that."},
    {"ROOST_TOKENS_PER_ACCOUNT", CONFIG_INT, FIELD(tokens_per_account), "100", 1, 1000, NULL,
     "API tokens that an account may have."},
};
const size_t accounts_n_config_fields =
    sizeof accounts_config_fields / sizeof *accounts_config_fields;

struct accounts *accounts_new(struct arena *arena, const struct accounts_config *config,
                              int64_t workers, const char **ret_fault)
{
    const struct password_method method = {.scheme = (enum password_scheme)config->password_scheme,
                                           .cost = config->password_cost};
    const char *fault = password_method_fault(arena, &method);
    if (fault) {
        *ret_fault = arena_printf(arena, "ROOST_PASSWORD_COST: %s", fault);
        return NULL;
    }
    if (config->throttle.max_wait_ms < config->throttle.first_wait_ms) {
        *ret_fault = "ROOST_LOGIN_MAX_WAIT_MS: must not be below ROOST_LOGIN_WAIT_MS.";
        return NULL;
    }
    int64_t at_once = config->password_at_once ? config->password_at_once : workers - 1;
    struct accounts *accounts = arena_alloc(arena, sizeof *accounts);
    hashing_init(&accounts->hashing, arena, &method, at_once > 1 ? (int)at_once : 1);
    accounts->policy = config->policy;
    accounts->policy.max_bytes =
        method.scheme == PASSWORD_BCRYPT ? PASSWORD_BCRYPT_MAX_BYTES : PASSWORD_MAX_BYTES;
    accounts->session = config->session;
    accounts->throttle = config->throttle;
    accounts->tokens_per_account = config->tokens_per_account;
    return accounts;
}

void *accounts_open(const void *config, const struct service_config *common)
{
    /* Lives as long as the process. */
    struct arena *arena = arena_new(1024);
    const char *fault;
    struct accounts *accounts = accounts_new(arena, config, common->workers, &fault);
    if (!accounts) {
        fprintf(stderr, "accounts: %s\n", fault);
        exit(EXIT_FAILURE);
    }
    return accounts;
}
