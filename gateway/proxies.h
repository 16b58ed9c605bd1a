/* Reverse proxies in front of the gateway: only they are believed when they say who the client is.
 */
#pragma once

#include "gateway/networks.h"

bool proxies_trust(const struct networks *proxies, const char *address);
/* The client's address: from the right of X-Forwarded-For the first one that is no trusted proxy.
 * `address` itself if it is not trusted, or what was forwarded is no address. */
const char *proxies_client(const struct networks *proxies, struct arena *arena, const char *address,
                           const char *forwarded_for);
