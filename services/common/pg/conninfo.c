#include "services/common/pg/conninfo.h"

#include <postgresql/libpq-fe.h>
#include <string.h>

static const char *option(struct arena *arena, const PQconninfoOption *options, const char *keyword, const char *missing)
{
    for (; options->keyword; options++) {
        if (strcmp(options->keyword, keyword) == 0 && options->val) {
            return arena_strdup(arena, options->val);
        }
    }
    return missing;
}

bool pg_conninfo_parse(struct arena *arena, const char *text, struct pg_conninfo *ret_conninfo, const char **ret_fault)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(text, &message);
    if (!options) {
        /* libpq's message repeats the text, which holds the password. */
        PQfreemem(message);
        *ret_fault = "not a PostgreSQL URL";
        return false;
    }
    struct pg_conninfo conninfo = {
        .host = option(arena, options, "host", "localhost"),
        .port = option(arena, options, "port", "5432"),
        .user = option(arena, options, "user", ""),
        .password = option(arena, options, "password", ""),
        .dbname = option(arena, options, "dbname", ""),
    };
    PQconninfoFree(options);
    if (strchr(conninfo.host, ',') || strchr(conninfo.port, ',')) {
        *ret_fault = "several hosts";
        return false;
    }
    *ret_conninfo = conninfo;
    return true;
}
