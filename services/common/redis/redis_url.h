/* The parts of a Redis URL. Pure. Private to redis. */
#pragma once

#include <stdbool.h>

#include "services/common/arena/arena.h"

struct redis_url {
    const char *path; /* of a unix socket, NULL for TCP */
    const char *host;
    int port;
    const char *user;     /* NULL: none */
    const char *password; /* NULL: none */
    const char *db;       /* decimal; NULL: 0 */
};

/* redis://[user[:password]@]host[:port][/db] or unix:///path[?password=...&db=n]; %XX is decoded in
 * user and password. */
bool redis_url_parse(struct arena *arena, const char *text, struct redis_url *ret_url);
