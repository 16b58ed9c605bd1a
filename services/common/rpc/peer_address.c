#include "services/common/rpc/peer_address.h"

#include <arpa/inet.h>
#include <string.h>

/* Between brackets, which newer versions of gRPC write as in a URI. */
static const char *bracketed(struct arena *arena, const char *text)
{
    static const char escaped[] = "%5B";
    const char *address = text + 1;
    if (strncmp(text, escaped, strlen(escaped)) == 0) {
        address = text + strlen(escaped);
    } else if (text[0] != '[') {
        return "";
    }
    /* A '%' begins the other bracket, or a zone. */
    return arena_strndup(arena, address, strcspn(address, "%]"));
}

const char *peer_address(struct arena *arena, const char *peer)
{
    static const char v4[] = "ipv4:";
    static const char v6[] = "ipv6:";
    struct in6_addr parsed;
    const char *address = "";
    int family = AF_INET;
    if (strncmp(peer, v4, strlen(v4)) == 0) {
        const char *start = peer + strlen(v4);
        address = arena_strndup(arena, start, strcspn(start, ":"));
    } else if (strncmp(peer, v6, strlen(v6)) == 0) {
        address = bracketed(arena, peer + strlen(v6));
        family = AF_INET6;
    }
    return inet_pton(family, address, &parsed) == 1 ? address : "";
}
