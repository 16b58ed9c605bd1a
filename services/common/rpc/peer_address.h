/* Who is at the other end of a connection. Private to rpc. */
#pragma once

#include "services/common/arena/arena.h"

/* "192.0.2.1" or "2001:db8::1" of gRPC's "ipv4:192.0.2.1:5000" or "ipv6:%5B2001:db8::1%5D:5000"; ""
 * where it is no address (a unix socket). */
const char *peer_address(struct arena *arena, const char *peer);
