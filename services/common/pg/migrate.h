/*
 * Schema migrations: numbered SQL files embedded at build time, forward only, each run once in a
 * transaction, recorded in <schema>.migration with its checksum. Concurrent runs wait for each
 * other (advisory lock).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct pg_migration {
    const char *name; /* "0001_create" */
    const char *sql;
};

/* Runs what is missing as the owner of the database. Prints one line per migration. `${role}` in
 * the SQL is not expanded: role names are fixed (roost_<service>). False, with the cause printed,
 * if one fails or a released one was edited. */
bool pg_migrate(const char *owner_url, const char *schema, const struct pg_migration *migrations,
                size_t n_migrations);
