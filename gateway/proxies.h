/* Reverse proxies in front of the gateway: only they are believed when they say who the client is.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "services/common/arena/arena.h"

struct proxies;

/* From "10.0.0.0/8, 2001:db8::/32, 192.0.2.1". NULL after a report of the first entry that is none.
 * Lives in the arena. */
struct proxies *proxies_parse(struct arena *arena, const char *text, FILE *report);
bool proxies_trust(const struct proxies *proxies, const char *address);
/* The client's address: from the right of X-Forwarded-For the first one that is no trusted proxy.
 * `address` itself if it is not trusted, or what was forwarded is no address. */
const char *proxies_client(const struct proxies *proxies, struct arena *arena, const char *address,
                           const char *forwarded_for);
