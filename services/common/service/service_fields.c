#include "services/common/service/service_fields.h"

#include <string.h>

#include "services/common/error/error.h"
#include "services/common/rpc/assertion.h"

enum { MAX_PEM_BYTES = 65536 };

const char *const service_peer_names[SERVICE_N_PEERS] = {"accounts", "domains", "mailboxes",
                                                         "quotas", "dnschecks"};

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_formats[] = {"json", "logfmt", NULL};

/* Where a service listens on a laptop, and so where its peers look for it. */
#define ADDRESS(number) "127.0.0.1:810" #number

static const char *const default_addresses[SERVICE_N_PEERS] = {
    ADDRESS(1), ADDRESS(2), ADDRESS(3), ADDRESS(4), ADDRESS(5),
};

static const char *default_address(const char *service)
{
    for (size_t i = 0; i < SERVICE_N_PEERS; i++) {
        if (strcmp(service_peer_names[i], service) == 0) {
            return default_addresses[i];
        }
    }
    return "127.0.0.1:8100";
}

#define PEER(variable, index, address)                                                     \
    {                                                                                      \
        .name = variable, .kind = CONFIG_TEXT,                                             \
        .offset = offsetof(struct service_config, peers[index]), .default_value = address, \
        .help = "Address of this service; empty: it is not there."                         \
    }

static const struct config_field common_fields[] = {
    {.name = "ROOST_LOG_LEVEL",
     .kind = CONFIG_CHOICE,
     .offset = offsetof(struct service_config, log_level),
     .default_value = "info",
     .choices = log_levels,
     .help = "The least level that is logged."},
    {.name = "ROOST_LOG_FORMAT",
     .kind = CONFIG_CHOICE,
     .offset = offsetof(struct service_config, log_format),
     .default_value = "json",
     .choices = log_formats,
     .help = "Form of the log lines."},
    {.name = "ROOST_DATABASE_URL",
     .kind = CONFIG_SECRET,
     .offset = offsetof(struct service_config, database_url),
     .default_value = "postgresql:///roost",
     .min = 1,
     .help = "PostgreSQL, as the service's own role; for `migrate` as the owner of the database."},
};

static const struct config_field serve_fields[] = {
    {.name = "ROOST_LISTEN",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct service_config, listen),
     .min = 1,
     .help = "Where gRPC listens, comma-separated: HOST:PORT or unix:PATH."},
    {.name = "ROOST_METRICS_LISTEN",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct service_config, metrics_listen),
     .default_value = "",
     .help = "Where /metrics and /healthz listen, HOST:PORT; empty: nowhere."},
    {.name = "ROOST_REDIS_URL",
     .kind = CONFIG_SECRET,
     .offset = offsetof(struct service_config, redis_url),
     .default_value = "redis://127.0.0.1:6379",
     .min = 1,
     .help = "Redis: redis://[user:password@]host:port[/db] or unix:///path."},
    {.name = "ROOST_IDENTITY_KEY",
     .kind = CONFIG_SECRET,
     .offset = offsetof(struct service_config, identity_key),
     .min = ASSERTION_KEY_MIN_BYTES,
     .help = "The secret that all services share to vouch for identities, 32 bytes or more."},
    PEER("ROOST_ACCOUNTS", 0, ADDRESS(1)),
    PEER("ROOST_DOMAINS", 1, ADDRESS(2)),
    PEER("ROOST_MAILBOXES", 2, ADDRESS(3)),
    PEER("ROOST_QUOTAS", 3, ADDRESS(4)),
    PEER("ROOST_DNSCHECKS", 4, ADDRESS(5)),
    {.name = "ROOST_WORKERS",
     .kind = CONFIG_INT,
     .offset = offsetof(struct service_config, workers),
     .default_value = "4",
     .min = 1,
     .max = 64,
     .help = "Public calls that run at once, each with a database connection."},
    {.name = "ROOST_INTERNAL_WORKERS",
     .kind = CONFIG_INT,
     .offset = offsetof(struct service_config, internal_workers),
     .default_value = "2",
     .min = 1,
     .max = 64,
     .help = "Calls of other services that run at once, each with a database connection."},
    {.name = "ROOST_DRAIN_MS",
     .kind = CONFIG_INT,
     .offset = offsetof(struct service_config, drain_ms),
     .default_value = "10000",
     .min = 0,
     .max = 600000,
     .help = "Milliseconds that running calls get to finish after SIGTERM."},
    {.name = "ROOST_BUSY_POLL_US",
     .kind = CONFIG_INT,
     .offset = offsetof(struct service_config, busy_poll_us),
     .default_value = "1000",
     .min = 0,
     .max = 10000,
     .help = "Microseconds that a thread looks for work before it sleeps, while calls come that "
             "often; 0: never."},
    {.name = "ROOST_TLS_CERT",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct service_config, tls_cert),
     .default_value = "",
     .max = MAX_PEM_BYTES,
     .help = "Certificate chain, PEM; usually by ROOST_TLS_CERT_FILE. Empty: TCP is plaintext."},
    {.name = "ROOST_TLS_KEY",
     .kind = CONFIG_SECRET,
     .offset = offsetof(struct service_config, tls_key),
     .default_value = "",
     .max = MAX_PEM_BYTES,
     .help = "The certificate's private key, PEM."},
    {.name = "ROOST_TLS_CA",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct service_config, tls_ca),
     .default_value = "",
     .max = MAX_PEM_BYTES,
     .help = "Certificates of the authorities whose clients and servers are trusted, PEM."},
};

size_t service_fields(const char *service, enum service_fields_use use,
                      struct config_field fields[SERVICE_MAX_FIELDS])
{
    size_t n = 0;
    size_t n_common = sizeof(common_fields) / sizeof(common_fields[0]);
    size_t n_serve = sizeof(serve_fields) / sizeof(serve_fields[0]);
    check(n_common + n_serve <= SERVICE_MAX_FIELDS);
    for (size_t i = 0; i < n_common; i++) {
        fields[n++] = common_fields[i];
    }
    for (size_t i = 0; use == SERVICE_FIELDS_SERVE && i < n_serve; i++) {
        fields[n] = serve_fields[i];
        if (strcmp(fields[n].name, "ROOST_LISTEN") == 0) {
            fields[n].default_value = default_address(service);
        }
        n++;
    }
    return n;
}
