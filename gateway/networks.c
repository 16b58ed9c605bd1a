#include "gateway/networks.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { NETWORKS_MAX = 64, V4_IN_V6_BITS = 96, ADDRESS_BITS = 128 };

struct network {
    struct in6_addr address;
    int bits;
};

struct networks {
    size_t n;
    struct network networks[NETWORKS_MAX];
};

bool networks_read_address(const char *text, struct in6_addr *ret_address)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) != 1) {
        return inet_pton(AF_INET6, text, ret_address) == 1;
    }
    memset(ret_address, 0, sizeof(*ret_address));
    ret_address->s6_addr[10] = 0xff;
    ret_address->s6_addr[11] = 0xff;
    memcpy(&ret_address->s6_addr[12], &v4, sizeof(v4));
    return true;
}

static bool parse_network(char *text, struct network *ret_network)
{
    char *slash = strchr(text, '/');
    if (slash) {
        *slash = '\0';
    }
    if (!networks_read_address(text, &ret_network->address)) {
        return false;
    }
    bool is_v4 = !strchr(text, ':');
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

struct networks *networks_parse(struct arena *arena, const char *name, const char *text,
                                FILE *report)
{
    struct networks *networks = arena_alloc(arena, sizeof(*networks));
    while (*(text += strspn(text, ", ")) != '\0') {
        size_t len = strcspn(text, ", ");
        char *entry = arena_strndup(arena, text, len);
        if (networks->n == NETWORKS_MAX ||
            !parse_network(entry, &networks->networks[networks->n])) {
            fprintf(report, "%s: \"%.*s\" is no address or network\n", name, (int)len, text);
            return NULL;
        }
        networks->n++;
        text += len;
    }
    return networks;
}

static bool is_in(const struct network *network, const struct in6_addr *address)
{
    int bytes = network->bits / 8;
    int rest = network->bits % 8;
    if (memcmp(network->address.s6_addr, address->s6_addr, (size_t)bytes) != 0) {
        return false;
    }
    int mask = 0xff00 >> rest & 0xff;
    return rest == 0 || ((network->address.s6_addr[bytes] ^ address->s6_addr[bytes]) & mask) == 0;
}

bool networks_contain(const struct networks *networks, const struct in6_addr *address)
{
    for (size_t i = 0; i < networks->n; i++) {
        if (is_in(&networks->networks[i], address)) {
            return true;
        }
    }
    return false;
}
