#include "gateway/proxies.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { PROXIES_MAX = 64, V4_IN_V6_BITS = 96, ADDRESS_BITS = 128 };

/* IPv4 addresses are kept as IPv6 ones, ::ffff:a.b.c.d. */
struct network {
    struct in6_addr address;
    int bits;
};

struct proxies {
    size_t n;
    struct network networks[PROXIES_MAX];
};

static bool parse_address(const char *text, struct in6_addr *ret_address, bool *ret_is_v4)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        memset(ret_address, 0, sizeof(*ret_address));
        ret_address->s6_addr[10] = 0xff;
        ret_address->s6_addr[11] = 0xff;
        memcpy(&ret_address->s6_addr[12], &v4, sizeof(v4));
        *ret_is_v4 = true;
        return true;
    }
    *ret_is_v4 = false;
    return inet_pton(AF_INET6, text, ret_address) == 1;
}

static bool parse_network(char *text, struct network *ret_network)
{
    bool is_v4;
    char *slash = strchr(text, '/');
    if (slash) {
        *slash = '\0';
    }
    if (!parse_address(text, &ret_network->address, &is_v4)) {
        return false;
    }
    int most = is_v4 ? ADDRESS_BITS - V4_IN_V6_BITS : ADDRESS_BITS;
    long bits = most;
    if (slash) {
        char *end;
        bits = strtol(slash + 1, &end, 10);
        if (end == slash + 1 || *end || bits < 0 || bits > most) {
            return false;
        }
    }
    ret_network->bits = (int)bits + (is_v4 ? V4_IN_V6_BITS : 0);
    return true;
}

struct proxies *proxies_parse(struct arena *arena, const char *text, FILE *report)
{
    struct proxies *proxies = arena_alloc(arena, sizeof(*proxies));
    while (*(text += strspn(text, ", ")) != '\0') {
        size_t len = strcspn(text, ", ");
        char *entry = arena_strndup(arena, text, len);
        if (proxies->n == PROXIES_MAX || !parse_network(entry, &proxies->networks[proxies->n])) {
            fprintf(report, "ROOST_TRUSTED_PROXIES: \"%.*s\" is no address or network\n", (int)len,
                    text);
            return NULL;
        }
        proxies->n++;
        text += len;
    }
    return proxies;
}

static bool contains(const struct network *network, const struct in6_addr *address)
{
    int bytes = network->bits / 8;
    int rest = network->bits % 8;
    if (memcmp(network->address.s6_addr, address->s6_addr, (size_t)bytes) != 0) {
        return false;
    }
    int mask = 0xff00 >> rest & 0xff;
    return rest == 0 || ((network->address.s6_addr[bytes] ^ address->s6_addr[bytes]) & mask) == 0;
}

bool proxies_trust(const struct proxies *proxies, const char *address)
{
    struct in6_addr parsed;
    bool is_v4;
    if (!parse_address(address, &parsed, &is_v4)) {
        return false;
    }
    for (size_t i = 0; i < proxies->n; i++) {
        if (contains(&proxies->networks[i], &parsed)) {
            return true;
        }
    }
    return false;
}

/* The last item of a comma-separated list of *len bytes, cut off it. */
static char *last_item(struct arena *arena, const char *list, size_t *len)
{
    size_t end = *len;
    while (end > 0 && (list[end - 1] == ' ' || list[end - 1] == '\t')) {
        end--;
    }
    size_t start = end;
    while (start > 0 && list[start - 1] != ',') {
        start--;
    }
    *len = start > 0 ? start - 1 : 0;
    start += strspn(list + start, " \t");
    return arena_strndup(arena, list + start, start < end ? end - start : 0);
}

const char *proxies_client(const struct proxies *proxies, struct arena *arena, const char *address,
                           const char *forwarded_for)
{
    size_t len = forwarded_for ? strlen(forwarded_for) : 0;
    while (len > 0 && proxies_trust(proxies, address)) {
        struct in6_addr parsed;
        bool is_v4;
        char *item = last_item(arena, forwarded_for, &len);
        if (!parse_address(item, &parsed, &is_v4)) {
            break;
        }
        address = item;
    }
    return address;
}
