/* The database as the mail servers' configuration names it. Pure. */
#pragma once

#include <stdbool.h>

#include "services/common/arena/arena.h"

struct database_url {
    const char *host; /* a name, an address, or the directory of a unix socket; "" is libpq's
                         default socket */
    const char *port; /* "5432" unless the URL says otherwise */
    const char *name;
    const char *user;
    const char *password; /* "" if it has none */
};

/* postgresql://[user[:password]@][host][:port]/name[?host=DIR&port=N&user=..&password=..&dbname=..],
 * parts percent-encoded. One host. False with a sentence if it is something else, or a part holds a
 * control character. */
bool database_url_parse(struct arena *arena, const char *text, struct database_url *ret_url,
                        const char **ret_fault);
/* As a URL of letters, digits and `%&/:=?@.-_~[]` only: it can stand wherever a word can. */
char *database_url_format(struct arena *arena, const struct database_url *url);
