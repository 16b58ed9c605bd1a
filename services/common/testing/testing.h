/*
 * Fixtures: a private PostgreSQL 15 and a private Redis on unix sockets in a directory of their
 * own, started at first use and gone with the test program, however it ends. As root they run as
 * the system users postgres and nobody. What cannot be started ends the program with a message.
 * Call from the main thread, before it has others.
 *
 *     static int setup(void **state)
 *     {
 *         testing_migrate("domains", domains_migrations, domains_n_migrations);
 *         *state = testing_call_new("domains");
 *         return 0;
 *     }
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "services/common/pg/migrate.h"
#include "services/common/rpc/call.h"

/* The URL of the database `roost` for a role: "postgres" (superuser), "roost_owner", "roost_mail"
 * or one of the services'
 * ("roost_accounts" ...). Valid until the program ends. */
const char *testing_pg_url(const char *role);
/* Runs the migrations of a schema; ends the program if one fails. */
void testing_migrate(const char *schema, const struct pg_migration *migrations,
                     size_t n_migrations);
/* Empties all tables of a schema and starts its identity columns again at 1. */
void testing_truncate(const char *schema);
/* Runs SQL as the superuser with search_path `schema`; ends the program if it fails. */
void testing_execute(const char *schema, const char *sql);
/* The first column of the first row as text, "" if there is none. The superuser's connection with
 * search_path `schema`. The caller frees it. */
char *testing_select(const char *schema, const char *sql);

/* Runs fn(ctx) on a thread of its own while the monotonic clock stands, with a deadline for the
 * call's queries that passes when PostgreSQL answers `sql` with true. Returns when fn has, and
 * whether it was still running then; the clock goes on. */
bool testing_pass_deadline_when(const char *sql, struct call *call, void (*fn)(void *ctx),
                                void *ctx);

/* Kills the server at once, as a power cut does; testing_pg_start brings it back with what was
 * committed. */
void testing_pg_stop(void);
void testing_pg_start(void);

const char *testing_redis_url(void);
void testing_redis_stop(void);
/* Comes back empty. */
void testing_redis_start(void);

/* A call as a handler gets it: an arena, a connection to `schema` as its role, a deadline in 30 s,
 * the method "test/call" and the identity of account 1, "admin", a SuperAdmins. All members may be
 * changed. No redis, no peers, no service. */
struct call *testing_call_new(const char *schema);
/* Gives call->redis a connection to the private Redis. */
void testing_call_use_redis(struct call *call);
/* As between two calls: the arena is reset, the deadline is in 30 s again. */
void testing_call_next(struct call *call);
void testing_call_free(struct call *call);
