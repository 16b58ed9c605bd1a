#include "gateway/proxies.h"

#include <string.h>

bool proxies_trust(const struct networks *proxies, const char *address)
{
    struct in6_addr parsed;
    return networks_read_address(address, &parsed) && networks_contain(proxies, &parsed);
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

const char *proxies_client(const struct networks *proxies, struct arena *arena, const char *address,
                           const char *forwarded_for)
{
    size_t len = forwarded_for ? strlen(forwarded_for) : 0;
    while (len > 0 && proxies_trust(proxies, address)) {
        struct in6_addr parsed;
        char *item = last_item(arena, forwarded_for, &len);
        if (!networks_read_address(item, &parsed)) {
            break;
        }
        address = item;
    }
    return address;
}
