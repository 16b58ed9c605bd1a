/* What dnschecks is configured with beside the common fields. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "services/common/config/config.h"
#include "services/common/service/service.h"
#include "services/dnschecks/mx_check.h"
#include "services/dnschecks/resolver.h"

struct dnschecks_config {
    char *resolvers;
    char *expected_mx;
    int64_t timeout_ms;
    int64_t tries;
    int64_t interval_s;
};

extern const struct config_field dnschecks_config_fields[];
extern const size_t dnschecks_n_config_fields;

/* The service's context: call->service. Read-only once made. */
struct dnschecks {
    struct resolver_config resolver;
    const struct mx_expectation *expectation;
    int64_t interval_s;
};

/* Parses what the config table cannot check; prints the fault and ends the process if it must. */
void *dnschecks_open(const void *config, const struct service_config *common);
