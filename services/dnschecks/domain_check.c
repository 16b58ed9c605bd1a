#include "services/dnschecks/domain_check.h"

#include <stdlib.h>
#include <string.h>

/* MX hosts looked at for one domain; a zone with more is judged by the first ones. */
enum { HOSTS_PER_DOMAIN_MAX = 20 };

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The host names of all MX answers, each once. */
static size_t collect_hosts(const struct dns_question *mx, size_t n, const char **names)
{
    size_t n_names = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < mx[i].answer.n_records && j < HOSTS_PER_DOMAIN_MAX; j++) {
            if (*mx[i].answer.records[j].text) {
                names[n_names++] = mx[i].answer.records[j].text;
            }
        }
    }
    qsort(names, n_names, sizeof *names, compare_names);
    size_t unique = 0;
    for (size_t i = 0; i < n_names; i++) {
        if (i == 0 || strcmp(names[unique - 1], names[i]) != 0) {
            names[unique++] = names[i];
        }
    }
    return unique;
}

void domain_check_run(struct resolver *resolver, struct arena *arena,
                      const struct mx_expectation *expectation, int64_t deadline_us,
                      struct domain_check *domains, size_t n_domains)
{
    check(n_domains <= DOMAIN_CHECK_BATCH_MAX);
    struct dns_question *mx = arena_alloc(arena, n_domains * sizeof *mx);
    for (size_t i = 0; i < n_domains; i++) {
        mx[i] = (struct dns_question){.name = domains[i].domain, .type = DNS_MX};
    }
    resolver_ask(resolver, arena, deadline_us, mx, n_domains);

    const char **names = arena_alloc(arena, n_domains * HOSTS_PER_DOMAIN_MAX * sizeof *names);
    size_t n_hosts = collect_hosts(mx, n_domains, names);
    struct dns_question *addresses = arena_alloc(arena, (2 * n_hosts + 1) * sizeof *addresses);
    for (size_t i = 0; i < n_hosts; i++) {
        addresses[2 * i] = (struct dns_question){.name = names[i], .type = DNS_A};
        addresses[2 * i + 1] = (struct dns_question){.name = names[i], .type = DNS_AAAA};
    }
    resolver_ask(resolver, arena, deadline_us, addresses, 2 * n_hosts);

    struct mx_host *hosts = arena_alloc(arena, (n_hosts + 1) * sizeof *hosts);
    for (size_t i = 0; i < n_hosts; i++) {
        hosts[i] = (struct mx_host){names[i], addresses[2 * i].answer, addresses[2 * i + 1].answer};
    }
    for (size_t i = 0; i < n_domains; i++) {
        domains[i].mx =
            mx_check(arena, domains[i].domain, expectation, &mx[i].answer, hosts, n_hosts);
    }
}
