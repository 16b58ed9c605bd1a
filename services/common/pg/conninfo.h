/* The parts of a PostgreSQL connection URL or string, for configuration files of other programs. Pure. */
#pragma once

#include <stdbool.h>

#include "services/common/arena/arena.h"

struct pg_conninfo {
    const char *host; /* a name, an address, or the directory of a unix socket; "localhost" where none is given */
    const char *port; /* "5432" where none is given */
    const char *user;
    const char *password;
    const char *dbname;
};

/* False with a sentence if it does not parse or names several hosts. Missing parts are "". */
bool pg_conninfo_parse(struct arena *arena, const char *text, struct pg_conninfo *ret_conninfo, const char **ret_fault);
