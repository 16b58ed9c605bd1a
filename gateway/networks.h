/* Lists of addresses and networks from the configuration. IPv4 addresses are kept as IPv6 ones,
 * ::ffff:a.b.c.d. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>

#include "services/common/arena/arena.h"

struct networks;

/* From "10.0.0.0/8, 2001:db8::/32, 192.0.2.1", the value of the variable `name`. NULL after a
 * report of the first entry that is none. Lives in the arena. */
struct networks *networks_parse(struct arena *arena, const char *name, const char *text,
                                FILE *report);
bool networks_contain(const struct networks *networks, const struct in6_addr *address);
/* "192.0.2.1" or "2001:db8::1"; false if it is neither. */
bool networks_read_address(const char *text, struct in6_addr *ret_address);
