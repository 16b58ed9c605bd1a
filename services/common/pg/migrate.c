#include "services/common/pg/migrate.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "services/common/pg/pg.h"
#include "services/common/pg/sql/migrate.sql.h"
#include "services/common/pg/sql/migrations.h"

struct migrator {
    struct pg *pg;
    struct arena *arena;
    const char *schema;
    const char *role;
};

struct step {
    const char *name; /* as recorded: "common/0001_common" or "0001_create" */
    const char *sql;
    const char *checksum;
};

/* The mail schema is for Postfix and Dovecot: no tables of a service, and its own SQL says what
 * roost_mail may. */
static bool has_service(const char *schema)
{
    return strcmp(schema, "mail") != 0;
}

static bool failed(const char *schema, const char *what, const struct error *err)
{
    fprintf(stderr, "migrate %s: %s: %s\n", schema, what, err->cause ? err->cause : err->detail);
    return false;
}

static char *checksum_of(struct arena *arena, const char *sql)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;
    char *text;

    check(EVP_Digest(sql, strlen(sql), digest, &len, EVP_sha256(), NULL) == 1);
    text = arena_alloc(arena, (size_t)len * 2 + 1);
    for (unsigned i = 0; i < len; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    return text;
}

static const struct error *apply(struct pg *pg, void *ctx)
{
    const struct step *step = ctx;
    const struct error *err = pg_execute_sql(pg, step->sql);

    if (err) {
        return err;
    }
    return pg_run(pg, &migrate_sql_record,
                  PG_ARGS(NULL, pg_text("name", step->name), pg_text("checksum", step->checksum)),
                  NULL);
}

static bool run_step(struct migrator *m, struct step *step)
{
    const struct error *err;
    struct pg_rows rows;

    step->checksum = checksum_of(m->arena, step->sql);
    err = pg_query(m->pg, &migrate_sql_applied, PG_ARGS(NULL, pg_text("name", step->name)), &rows);
    if (err) {
        return failed(m->schema, step->name, err);
    }
    if (rows.n_rows > 0) {
        if (strcmp(pg_value(&rows, 0, 0), step->checksum) == 0) {
            return true;
        }
        fprintf(stderr,
                "migrate %s: %s was edited after it had been run; write a new migration instead\n",
                m->schema, step->name);
        return false;
    }
    err = pg_transact(m->pg, apply, step);
    if (err) {
        return failed(m->schema, step->name, err);
    }
    printf("migrate %s: %s\n", m->schema, step->name);
    return true;
}

static bool run_all(struct migrator *m, const struct pg_migration *migrations, size_t n,
                    const char *prefix)
{
    for (size_t i = 0; i < n; i++) {
        struct step step = {.sql = migrations[i].sql};

        step.name = arena_printf(m->arena, "%s%s", prefix, migrations[i].name);
        if (!run_step(m, &step)) {
            return false;
        }
    }
    return true;
}

static bool execute(struct migrator *m, const char *what, const char *sql)
{
    const struct error *err = pg_execute_sql(m->pg, sql);

    return err ? failed(m->schema, what, err) : true;
}

static bool require_role(struct migrator *m)
{
    const struct error *err;
    struct pg_rows rows;

    err = pg_query(m->pg, &migrate_sql_role_exists, PG_ARGS(NULL, pg_text("role", m->role)), &rows);
    if (err) {
        return failed(m->schema, "database", err);
    }
    if (!pg_value_bool(&rows, 0, 0)) {
        fprintf(stderr,
                "migrate %s: the database has no role %s; create the roles first "
                "(deploy/sql/roles.sql)\n",
                m->schema, m->role);
        return false;
    }
    return true;
}

/* The lock goes with the connection. */
static bool prepare_schema(struct migrator *m)
{
    const struct error *err;

    if (!execute(m, "session", "SET statement_timeout = 0; SET client_min_messages = warning")) {
        return false;
    }
    err = pg_run(m->pg, &migrate_sql_lock, PG_ARGS(NULL, pg_text("schema", m->schema)), NULL);
    if (err) {
        return failed(m->schema, "lock", err);
    }
    return execute(
        m, "schema",
        arena_printf(
            m->arena,
            "CREATE SCHEMA IF NOT EXISTS %s; "
            "REVOKE ALL ON SCHEMA %s FROM PUBLIC; "
            "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, checksum text NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT now())",
            m->schema, m->schema));
}

static bool grant(struct migrator *m)
{
    return execute(
        m, "grants",
        arena_printf(m->arena,
                     "BEGIN; "
                     "GRANT USAGE ON SCHEMA %1$s TO %2$s; "
                     "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %1$s TO %2$s; "
                     "REVOKE ALL ON migration FROM %2$s; "
                     "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %1$s TO %2$s; "
                     "REVOKE ALL ON ALL ROUTINES IN SCHEMA %1$s FROM PUBLIC; "
                     "GRANT EXECUTE ON ALL ROUTINES IN SCHEMA %1$s TO %2$s; "
                     "COMMIT",
                     m->schema, m->role));
}

static bool migrate(struct migrator *m, const struct pg_migration *migrations, size_t n_migrations)
{
    if (!require_role(m) || !prepare_schema(m)) {
        return false;
    }
    if (!has_service(m->schema)) {
        return run_all(m, migrations, n_migrations, "");
    }
    return run_all(m, common_migrations, common_n_migrations, "common/") &&
           run_all(m, migrations, n_migrations, "") && grant(m);
}

bool pg_migrate(const char *owner_url, const char *schema, const struct pg_migration *migrations,
                size_t n_migrations)
{
    struct migrator m = {.schema = schema};
    bool is_done;

    /* It goes into SQL as it is. */
    check(schema[0] != '\0' && strspn(schema, "abcdefghijklmnopqrstuvwxyz_") == strlen(schema));
    m.arena = arena_new(16384);
    m.role = arena_printf(m.arena, "roost_%s", schema);
    m.pg = pg_new(owner_url, "roost-migrate", schema);
    pg_set_call(m.pg, m.arena, 0);
    is_done = migrate(&m, migrations, n_migrations);
    pg_free(m.pg);
    arena_free(m.arena);
    return is_done;
}
