/* What the accounts service is configured with, and what its handlers share. */
#pragma once

#include "services/accounts/hashing.h"
#include "services/accounts/password_policy.h"
#include "services/accounts/session.h"
#include "services/accounts/throttle.h"
#include "services/common/config/config.h"
#include "services/common/service/service.h"

struct accounts_config {
    int password_scheme;
    int64_t password_cost;
    int64_t password_at_once;
    struct password_policy policy;
    struct session_limits session;
    struct throttle_limits throttle;
    int64_t tokens_per_account;
};

extern const struct config_field accounts_config_fields[];
extern const size_t accounts_n_config_fields;

/* call->service. Not changed after the start, but for the free places of `hashing`. */
struct accounts {
    struct hashing hashing;
    struct password_policy policy;
    struct session_limits session;
    struct throttle_limits throttle;
    int64_t tokens_per_account;
};

/* service_def.open. Ends the process with a message if the configuration makes no sense. */
void *accounts_open(const void *config, const struct service_config *common);
/* The same for a number of workers. NULL with a sentence if the configuration makes no sense. */
struct accounts *accounts_new(struct arena *arena, const struct accounts_config *config,
                              int64_t workers, const char **ret_fault);
