#include "services/dnschecks/mx_check.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/address/address.h"
#include "services/common/message/message.h"

enum { ITEMS_MAX = 64 };

struct network {
    int family;
    uint8_t bytes[16];
    unsigned prefix_bits;
};

static bool network_parse(const char *text, struct network *ret_network)
{
    char address[INET6_ADDRSTRLEN + 1];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    if (len >= sizeof address) {
        return false;
    }
    memcpy(address, text, len);
    address[len] = '\0';
    struct network network = {.family = strchr(address, ':') ? AF_INET6 : AF_INET};
    if (inet_pton(network.family, address, network.bytes) != 1) {
        return false;
    }
    unsigned max_bits = network.family == AF_INET6 ? 128 : 32;
    network.prefix_bits = max_bits;
    if (slash) {
        char *end;
        unsigned long bits = strtoul(slash + 1, &end, 10);
        if (slash[1] < '0' || slash[1] > '9' || *end || bits > max_bits) {
            return false;
        }
        network.prefix_bits = (unsigned)bits;
    }
    *ret_network = network;
    return true;
}

static bool network_has(const char *network_text, const char *address)
{
    struct network network;
    struct network single;
    if (!network_parse(network_text, &network) || !network_parse(address, &single) ||
        network.family != single.family) {
        return false;
    }
    unsigned whole = network.prefix_bits / 8;
    unsigned rest = network.prefix_bits % 8;
    if (memcmp(network.bytes, single.bytes, whole) != 0) {
        return false;
    }
    return rest == 0 || ((network.bytes[whole] ^ single.bytes[whole]) >> (8 - rest)) == 0;
}

const struct mx_expectation *mx_expectation_parse(struct arena *arena, const char *list,
                                                  const char **ret_fault)
{
    struct mx_expectation *expectation = arena_alloc(arena, sizeof *expectation);
    const char **hosts = arena_alloc(arena, ITEMS_MAX * sizeof *hosts);
    const char **networks = arena_alloc(arena, ITEMS_MAX * sizeof *networks);
    *expectation = (struct mx_expectation){.hosts = hosts, .networks = networks};
    for (const char *start = list; *start;) {
        size_t len = strcspn(start, ", ");
        char *item = arena_strndup(arena, start, len);
        start += len;
        start += strspn(start, ", ");
        if (!*item) {
            continue;
        }
        if (expectation->n_hosts + expectation->n_networks == ITEMS_MAX) {
            *ret_fault = "more than 64 items";
            return NULL;
        }
        struct network network;
        if (network_parse(item, &network)) {
            networks[expectation->n_networks++] = item;
            continue;
        }
        /* A host may be written as in a zone file. */
        if (item[len - 1] == '.') {
            item[len - 1] = '\0';
        }
        const char *host = address_canonical_domain(arena, item, ret_fault);
        if (!host) {
            return NULL;
        }
        hosts[expectation->n_hosts++] = host;
    }
    return expectation;
}

static const struct mx_host *find_host(const struct mx_host *hosts, size_t n_hosts,
                                       const char *name)
{
    for (size_t i = 0; i < n_hosts; i++) {
        if (strcmp(hosts[i].name, name) == 0) {
            return &hosts[i];
        }
    }
    return NULL;
}

static bool in_networks(const struct mx_expectation *expectation,
                        const struct dns_answer *addresses)
{
    for (size_t i = 0; i < addresses->n_records; i++) {
        for (size_t j = 0; j < expectation->n_networks; j++) {
            if (network_has(expectation->networks[j], addresses->records[i].text)) {
                return true;
            }
        }
    }
    return false;
}

static bool host_is_expected(const struct mx_expectation *expectation, const struct mx_host *host)
{
    if (expectation->n_hosts + expectation->n_networks == 0) {
        return true;
    }
    for (size_t i = 0; i < expectation->n_hosts; i++) {
        if (strcmp(expectation->hosts[i], host->name) == 0) {
            return true;
        }
    }
    return in_networks(expectation, &host->a) || in_networks(expectation, &host->aaaa);
}

static void list_expected(struct arena *arena, const char *domain,
                          const struct mx_expectation *expectation,
                          Roost__Dnschecks__V1__RecordCheck *check)
{
    size_t n = expectation->n_hosts + expectation->n_networks;
    check->expected = arena_alloc(arena, (n + 1) * sizeof *check->expected);
    for (size_t i = 0; i < expectation->n_hosts; i++) {
        check->expected[check->n_expected++] = arena_printf(arena, "%s. 3600 IN MX %zu %s.", domain,
                                                            10 * (i + 1), expectation->hosts[i]);
    }
    for (size_t i = 0; i < expectation->n_networks; i++) {
        check->expected[check->n_expected++] =
            arena_printf(arena, "%s. 3600 IN MX 10 <a host with an address in %s>", domain,
                         expectation->networks[i]);
    }
    if (n == 0) {
        check->expected[check->n_expected++] =
            arena_printf(arena, "%s. 3600 IN MX 10 <a host with an address>", domain);
    }
}

static void list_found(struct arena *arena, const char *domain, const struct dns_answer *mx,
                       const struct mx_host *hosts, size_t n_hosts,
                       Roost__Dnschecks__V1__RecordCheck *check)
{
    check->found =
        arena_alloc(arena, mx->n_records * 3 * sizeof *check->found + sizeof *check->found);
    for (size_t i = 0; i < mx->n_records; i++) {
        const struct mx_host *host = find_host(hosts, n_hosts, mx->records[i].text);
        check->found[check->n_found++] = arena_printf(
            arena, "%s. IN MX %u %s.", domain, mx->records[i].preference, mx->records[i].text);
        if (host && host->a.n_records > 0) {
            check->found[check->n_found++] =
                arena_printf(arena, "%s. IN A %s", host->name, host->a.records[0].text);
        }
        if (host && host->aaaa.n_records > 0) {
            check->found[check->n_found++] =
                arena_printf(arena, "%s. IN AAAA %s", host->name, host->aaaa.records[0].text);
        }
    }
}

struct verdict {
    const char *status;
    const char *reason;
    const char *detail;
};

static struct verdict verdict_without_answer(enum dns_status status)
{
    switch (status) {
    case DNS_TIMEOUT:
        return (struct verdict){"unknown", "RESOLVER_TIMEOUT", "No name server answered in time."};
    case DNS_REFUSED:
        return (struct verdict){"unknown", "RESOLVER_REFUSED",
                                "The name server refused to answer."};
    default:
        return (struct verdict){"unknown", "RESOLVER_FAILED", "The name server could not answer."};
    }
}

static struct verdict verdict_on_hosts(const struct mx_expectation *expectation,
                                       const struct dns_answer *mx, const struct mx_host *hosts,
                                       size_t n_hosts)
{
    bool reachable = false;
    bool unclear = false;
    enum dns_status unclear_status = DNS_FAILED;
    for (size_t i = 0; i < mx->n_records; i++) {
        const struct mx_host *host = find_host(hosts, n_hosts, mx->records[i].text);
        if (!host) {
            continue;
        }
        bool has_address = host->a.status == DNS_OK || host->aaaa.status == DNS_OK;
        if (has_address && host_is_expected(expectation, host)) {
            return (struct verdict){"ok", "", ""};
        }
        reachable |= has_address;
        if (!has_address &&
            !(dns_status_is_known(host->a.status) && dns_status_is_known(host->aaaa.status))) {
            unclear = true;
            unclear_status =
                dns_status_is_known(host->a.status) ? host->aaaa.status : host->a.status;
        }
    }
    if (unclear) {
        return verdict_without_answer(unclear_status);
    }
    if (reachable) {
        return (struct verdict){"wrong", "MX_HOST_UNEXPECTED",
                                "No MX record names a host that is expected to receive mail."};
    }
    return (struct verdict){"wrong", "MX_HOST_WITHOUT_ADDRESS",
                            "No host that the MX records name has an address."};
}

static struct verdict verdict_on(const struct mx_expectation *expectation,
                                 const struct dns_answer *mx, const struct mx_host *hosts,
                                 size_t n_hosts)
{
    if (mx->status == DNS_NXDOMAIN) {
        return (struct verdict){"wrong", "DOMAIN_MISSING", "The domain does not exist in DNS."};
    }
    if (mx->status == DNS_NODATA) {
        return (struct verdict){"wrong", "MX_MISSING", "The domain has no MX record."};
    }
    if (mx->status != DNS_OK) {
        return verdict_without_answer(mx->status);
    }
    /* RFC 7505: a single MX with the root as its host says that the domain takes no mail. */
    if (mx->n_records == 1 && !*mx->records[0].text) {
        return (struct verdict){"wrong", "MX_NULL",
                                "The domain declares that it takes no mail (null MX)."};
    }
    return verdict_on_hosts(expectation, mx, hosts, n_hosts);
}

Roost__Dnschecks__V1__RecordCheck *mx_check(struct arena *arena, const char *domain,
                                            const struct mx_expectation *expectation,
                                            const struct dns_answer *mx,
                                            const struct mx_host *hosts, size_t n_hosts)
{
    Roost__Dnschecks__V1__RecordCheck *check =
        message_new(arena, &roost__dnschecks__v1__record_check__descriptor);
    struct verdict verdict = verdict_on(expectation, mx, hosts, n_hosts);
    check->type = "mx";
    check->status = (char *)verdict.status;
    check->reason = (char *)verdict.reason;
    check->detail = (char *)verdict.detail;
    list_expected(arena, domain, expectation, check);
    list_found(arena, domain, mx, hosts, n_hosts, check);
    return check;
}
