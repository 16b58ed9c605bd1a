/*
 * The frame of every service: `<service>` serves, `<service> migrate` brings the schema up to date,
 * `<service> --help` prints the configuration, `<service> --version`. main.c is one table and one
 * call.
 */
#pragma once

#include "services/common/config/config.h"
#include "services/common/pg/migrate.h"
#include "services/common/pg/pg.h"
#include "services/common/rpc/method.h"
#include "services/common/rpc/server.h"

/* Work beside the calls: its own thread, database and Redis connection and arena. The frame calls
 * run again after pause_ms, at once if it asked by call_run_again; an error is logged and the pause
 * doubles up to 5 s. One run has 30 s. With a pause of a minute or more the connection is opened
 * for each run. call_is_cancelled when the process stops. */
struct service_task {
    const char *name;
    int pause_ms;
    const struct error *(*run)(struct call *call);
};

/* What every service is configured with, read before its own fields. Names and defaults: service.c.
 */
struct service_config {
    char *listen;         /* ROOST_LISTEN */
    char *database_url;   /* ROOST_DATABASE_URL: the service's role; for migrate: the owner */
    char *redis_url;      /* ROOST_REDIS_URL */
    char *identity_key;   /* ROOST_IDENTITY_KEY, usually by ROOST_IDENTITY_KEY_FILE */
    char *metrics_listen; /* ROOST_METRICS_LISTEN, "" for none */
    char *peers[5]; /* ROOST_ACCOUNTS, ROOST_DOMAINS, ROOST_MAILBOXES, ROOST_QUOTAS, ROOST_DNSCHECKS
                     */
    int64_t workers; /* ROOST_WORKERS: public calls at once, each with a database connection */
    int64_t internal_workers; /* ROOST_INTERNAL_WORKERS */
    int64_t drain_ms;         /* ROOST_DRAIN_MS */
    int64_t busy_poll_us;     /* ROOST_BUSY_POLL_US */
    char *tls_cert, *tls_key,
        *tls_ca; /* PEM text: ROOST_TLS_CERT_FILE, ROOST_TLS_KEY_FILE, ROOST_TLS_CA_FILE */
    int log_level, log_format;
};

/* Another command of the program, `<service> <name>`: with a configuration of its own, before
 * anything is opened. */
struct service_command {
    const char *name;
    const char *help; /* a few words */
    /* argv[1] is its name. Returns the exit status. */
    int (*run)(int argc, char **argv);
};

struct service_def {
    const char *name; /* "accounts": also the schema; its role is roost_<name> */
    const char *summary;
    const struct rpc_service *const *services; /* public and internal, NULL-terminated */
    const uint8_t *descriptor_set;             /* for reflection */
    size_t descriptor_set_len;
    const struct pg_migration *migrations;
    size_t n_migrations;
    const struct service_task
        *tasks; /* the relay, finisher and request-log expiry are added by the frame */
    size_t n_tasks;
    const struct config_field *config_fields; /* the service's own, may be NULL */
    size_t n_config_fields;
    size_t config_size;                     /* of the service's own config struct */
    bool uses_redis;                        /* calls get call->redis */
    const struct service_command *commands; /* beyond serve and migrate, may be NULL */
    size_t n_commands;
    /* Who the bearer of a token is. NULL: the accounts service is asked. */
    rpc_authenticate_fn *authenticate;
    /* Makes call->service from the own config; may be NULL (call->service is then the config). Runs
     * before threads. */
    void *(*open)(const void *config, const struct service_config *common);
    void (*close)(void *service);
};

int service_main(int argc, char **argv, const struct service_def *def);
