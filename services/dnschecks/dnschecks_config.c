#include "services/dnschecks/dnschecks_config.h"

#include <stdio.h>
#include <stdlib.h>

#define FIELD(member) offsetof(struct dnschecks_config, member)

const struct config_field dnschecks_config_fields[] = {
    {"ROOST_DNS_RESOLVERS", CONFIG_TEXT, FIELD(resolvers), "", 0, 0, NULL,
     "Name servers to ask, \"address[:port],...\"; empty: those of the system."},
    {"ROOST_DNS_EXPECTED_MX", CONFIG_TEXT, FIELD(expected_mx), "", 0, 0, NULL,
     "Hosts, addresses or networks that may receive mail, comma separated; empty: any host with an "
     "address."},
    {"ROOST_DNS_TIMEOUT_MS", CONFIG_INT, FIELD(timeout_ms), "1000", 10, 30000, NULL,
     "How long the first try of a question waits, in milliseconds."},
    {"ROOST_DNS_TRIES", CONFIG_INT, FIELD(tries), "2", 1, 5, NULL,
     "How often a question is asked."},
    {"ROOST_DNS_INTERVAL_S", CONFIG_INT, FIELD(interval_s), "3600", 10, 604800, NULL,
     "Seconds between two checks of a healthy domain; a wrong one is checked six times as often."},
};
const size_t dnschecks_n_config_fields =
    sizeof dnschecks_config_fields / sizeof *dnschecks_config_fields;

static void refuse(const char *name, const char *fault)
{
    fprintf(stderr, "dnschecks: %s: %s\n", name, fault);
    exit(EXIT_FAILURE);
}

void *dnschecks_open(const void *config_, const struct service_config *common)
{
    (void)common;
    const struct dnschecks_config *config = config_;
    /* Lives as long as the process. */
    struct arena *arena = arena_new(1024);
    struct dnschecks *dnschecks = arena_alloc(arena, sizeof *dnschecks);
    const char *fault = NULL;
    if (!resolver_library_init()) {
        refuse("c-ares", "cannot start");
    }
    dnschecks->resolver = (struct resolver_config){.servers = config->resolvers,
                                                   .timeout_ms = (int)config->timeout_ms,
                                                   .tries = (int)config->tries};
    dnschecks->interval_s = config->interval_s;
    dnschecks->expectation = mx_expectation_parse(arena, config->expected_mx, &fault);
    if (!dnschecks->expectation) {
        refuse("ROOST_DNS_EXPECTED_MX", fault);
    }
    struct resolver *resolver = resolver_open(&dnschecks->resolver, &fault);
    if (!resolver) {
        refuse("ROOST_DNS_RESOLVERS", fault);
    }
    resolver_close(resolver);
    return dnschecks;
}
