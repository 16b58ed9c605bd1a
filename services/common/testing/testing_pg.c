#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services/common/clock/clock.h"
#include "services/common/pg/pg.h"
#include "services/common/testing/server.h"
#include "services/common/testing/testing.h"

#define BIN "/usr/lib/postgresql/15/bin/"
#define LOG "postgresql.log"

enum {
    START_TIMEOUT_US = 120000000,
    ARENA_BYTES = 16384,
    MAX_URLS = 16,
    LOOK_US = 50000, /* whoever waits for a deadline that is so near looks at the clock as often */
};

static struct server server;
static bool is_running;

static char *format_url(const char *role, const char *database)
{
    char *url = NULL;

    if (asprintf(&url, "postgresql:///%s?host=%s&user=%s", database, server_directory(), role) <
        0) {
        abort();
    }
    return url;
}

/* Polls because the server has no other way to say that it is ready. */
static void wait_ready(void)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    int64_t limit_us = clock_monotonic_us() + START_TIMEOUT_US;
    char *url = format_url("postgres", "postgres");
    struct arena *arena = arena_new(ARENA_BYTES);
    struct pg *pg = pg_new(url, "testing", "public");
    const struct error *err;

    pg_set_call(pg, arena, 0);
    while ((err = pg_execute_sql(pg, "SELECT 1")) != NULL) {
        if (clock_monotonic_us() > limit_us) {
            server_fail(LOG, err->cause);
        }
        nanosleep(&pause, NULL);
    }
    pg_free(pg);
    arena_free(arena);
    free(url);
}

static void execute_at(const char *url, const char *schema, const char *sql)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct pg *pg = pg_new(url, "testing", schema);
    const struct error *err;

    pg_set_call(pg, arena, 0);
    err = pg_execute_sql(pg, sql);
    if (err) {
        server_fail(LOG, err->cause);
    }
    pg_free(pg);
    arena_free(arena);
}

static void create_roles(void)
{
    static const char *const roles[] = {"roost_owner",     "roost_accounts", "roost_domains",
                                        "roost_mailboxes", "roost_quotas",   "roost_dnschecks",
                                        "roost_mail"};
    char *url = format_url("postgres", "postgres");
    char sql[128];

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        snprintf(sql, sizeof(sql), "CREATE ROLE %s LOGIN NOINHERIT", roles[i]);
        execute_at(url, "public", sql);
    }
    execute_at(url, "public", "CREATE DATABASE roost OWNER roost_owner");
    free(url);
}

static void start(void)
{
    const char *directory = server_directory();
    static const char program[] = BIN "initdb";
    const char *const initdb[] = {
        program,     "--pgdata=postgresql", "--username=postgres", "--auth=trust",
        "--no-sync", "--encoding=UTF8",     "--locale=C.UTF-8",    "--no-instructions",
        NULL,
    };
    const char *const settings[] = {
        "listen_addresses=",     "fsync=off",      "shared_buffers=16MB",
        "max_connections=60",    "autovacuum=off", "max_wal_senders=0",
        "wal_level=minimal",     "timezone=UTC",   "max_worker_processes=0",
        "deadlock_timeout=50ms",
    };
    size_t n = 0;

    if (!server_run(program, initdb, LOG)) {
        server_fail(LOG, "initdb failed");
    }
    server.program = BIN "postgres";
    server.stop_signal = SIGQUIT;
    server.args[n++] = server.program;
    server.args[n++] = "-D";
    server.args[n++] = "postgresql";
    server.args[n++] = "-k";
    server.args[n++] = directory;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        server.args[n++] = "-c";
        server.args[n++] = settings[i];
    }
    server_open(&server, LOG);
    wait_ready();
    create_roles();
    is_running = true;
}

const char *testing_pg_url(const char *role)
{
    /* A test program uses a handful of roles. */
    static struct {
        char *role;
        char *url;
    } urls[MAX_URLS];
    size_t i = 0;

    if (!is_running) {
        start();
    }
    while (urls[i].role && strcmp(urls[i].role, role) != 0) {
        i++;
        check(i < MAX_URLS);
    }
    if (!urls[i].role) {
        urls[i].role = strdup(role);
        urls[i].url = format_url(role, "roost");
    }
    return urls[i].url;
}

void testing_migrate(const char *schema, const struct pg_migration *migrations, size_t n_migrations)
{
    if (!pg_migrate(testing_pg_url("roost_owner"), schema, migrations, n_migrations)) {
        server_fail(LOG, "migration failed");
    }
}

void testing_execute(const char *schema, const char *sql)
{
    execute_at(testing_pg_url("postgres"), schema, sql);
}

char *testing_select(const char *schema, const char *sql)
{
    const struct pg_statement stmt = {.name = "testing_select", .sql = sql};
    struct arena *arena = arena_new(ARENA_BYTES);
    struct pg *pg = pg_new(testing_pg_url("postgres"), "testing", schema);
    const struct error *err;
    struct pg_rows rows;
    char *value;

    pg_set_call(pg, arena, 0);
    err = pg_query(pg, &stmt, NULL, &rows);
    if (err) {
        server_fail(LOG, err->cause);
    }
    value = strdup(rows.n_rows > 0 ? pg_value(&rows, 0, 0) : "");
    pg_free(pg);
    arena_free(arena);
    return value;
}

struct run {
    void (*fn)(void *ctx);
    void *ctx;
    atomic_bool is_over;
};

static void *run_main(void *ptr)
{
    struct run *run = ptr;

    run->fn(run->ctx);
    atomic_store(&run->is_over, true);
    return NULL;
}

bool testing_pass_deadline_when(const char *sql, struct call *call, void (*fn)(void *ctx),
                                void *ctx)
{
    struct run run = {.fn = fn, .ctx = ctx};
    int64_t now_us = clock_monotonic_us();
    bool is_true = false;
    pthread_t thread;

    clock_set_monotonic_for_test(now_us);
    pg_set_call(call->pg, call->arena, now_us + LOOK_US);
    check(pthread_create(&thread, NULL, run_main, &run) == 0);
    while (!is_true && !atomic_load(&run.is_over)) {
        char *text = testing_select("public", sql);

        is_true = strcmp(text, "t") == 0;
        free(text);
    }
    clock_set_monotonic_for_test(now_us + LOOK_US);
    pthread_join(thread, NULL);
    clock_set_monotonic_for_test(0);
    return is_true;
}

void testing_truncate(const char *schema)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "DO $$ DECLARE tables text; BEGIN "
             "SELECT string_agg(format('%%I.%%I', schemaname, tablename), ', ') INTO tables FROM "
             "pg_tables "
             "WHERE schemaname = '%s' AND tablename <> 'migration'; "
             "IF tables IS NOT NULL THEN EXECUTE 'TRUNCATE ' || tables || ' RESTART IDENTITY "
             "CASCADE'; END IF; END $$",
             schema);
    testing_execute(schema, sql);
}

void testing_pg_stop(void)
{
    (void)testing_pg_url("postgres");
    server_stop(&server);
}

void testing_pg_start(void)
{
    server_start(&server);
    wait_ready();
}
