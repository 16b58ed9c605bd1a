#include "gateway/gateway_config.h"

#include <stddef.h>

#include "gateway/http_tally.h"
#include "services/common/rpc/assertion.h"

enum { MAX_PEM_BYTES = 65536 };

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_formats[] = {"json", "logfmt", NULL};

#define TEXT(variable, member, by_default, text)                                                  \
    {                                                                                             \
        .name = variable, .kind = CONFIG_TEXT, .offset = offsetof(struct gateway_config, member), \
        .default_value = by_default, .help = text                                                 \
    }
#define NUMBER(variable, member, by_default, least, most, text)                                  \
    {                                                                                            \
        .name = variable, .kind = CONFIG_INT, .offset = offsetof(struct gateway_config, member), \
        .default_value = by_default, .min = least, .max = most, .help = text                     \
    }
#define PEM(variable, member, text)                                             \
    {                                                                           \
        .name = variable, .kind = CONFIG_SECRET,                                \
        .offset = offsetof(struct gateway_config, member), .default_value = "", \
        .max = MAX_PEM_BYTES, .help = text                                      \
    }

const struct config_field gateway_config_fields[] = {
    TEXT("ROOST_LISTEN", listen, "127.0.0.1:8080",
         "Addresses to serve HTTP on, separated by commas; an s after the port means TLS."),
    TEXT("ROOST_PUBLIC_URL", public_url, "",
         "Where browsers reach the gateway, such as https://mail.example.org; decides about Secure "
         "cookies, allowed origins and links."),
    TEXT("ROOST_HTTPS_CERTIFICATE", certificate, "",
         "Path of a PEM file with the certificate chain and its key, for addresses with TLS."),
    TEXT("ROOST_ACCOUNTS", accounts, "127.0.0.1:8101", "Address of this service."),
    TEXT("ROOST_DOMAINS", domains, "127.0.0.1:8102", "Address of this service."),
    TEXT("ROOST_MAILBOXES", mailboxes, "127.0.0.1:8103", "Address of this service."),
    TEXT("ROOST_QUOTAS", quotas, "127.0.0.1:8104", "Address of this service."),
    TEXT("ROOST_DNSCHECKS", dnschecks, "127.0.0.1:8105", "Address of this service."),
    {.name = "ROOST_IDENTITY_KEY",
     .kind = CONFIG_SECRET,
     .offset = offsetof(struct gateway_config, identity_key),
     .min = ASSERTION_KEY_MIN_BYTES,
     .help = "The secret that all services share to vouch for identities, 32 bytes or more."},
    PEM("ROOST_TLS_CERT", tls_cert,
        "Certificate chain shown to services over TCP, PEM; empty: plaintext."),
    PEM("ROOST_TLS_KEY", tls_key, "Its key, PEM."),
    PEM("ROOST_TLS_CA", tls_ca, "The authority that has signed the services' certificates, PEM."),
    TEXT("ROOST_UI_DIR", ui_dir, "", "Directory of the web UI's files; empty: there is none."),
    TEXT("ROOST_TRUSTED_PROXIES", trusted_proxies, "",
         "Addresses and networks of proxies whose X-Forwarded-For and -Proto are believed."),
    TEXT("ROOST_METRICS_LISTEN", metrics_listen, "",
         "Address to serve Prometheus metrics on; empty: nowhere."),
    NUMBER("ROOST_MAX_CONNECTIONS", max_connections, "128", 4, HTTP_TALLY_WORKERS_MAX,
           "Connections served at once; each has a thread."),
    NUMBER("ROOST_CONNECTIONS_PER_ADDRESS", connections_per_address, "0", 0, HTTP_TALLY_WORKERS_MAX,
           "Connections that one address, or IPv6 /64, may have; more are reset. 0: a quarter of "
           "ROOST_MAX_CONNECTIONS, 16 at least."),
    TEXT("ROOST_UNLIMITED_ADDRESSES", unlimited_addresses, "127.0.0.1, ::1",
         "Addresses and networks that may have any number of connections; so may trusted "
         "proxies."),
    NUMBER("ROOST_REQUEST_TIMEOUT_MS", request_timeout_ms, "30000", 100, 600000,
           "Time for a request altogether, in milliseconds; for each page of a streamed list."),
    NUMBER("ROOST_STALL_TIMEOUT_MS", stall_timeout_ms, "5000", 100, 600000,
           "Time for a header to arrive, and without progress on a connection, in milliseconds."),
    NUMBER("ROOST_KEEP_ALIVE_MS", keep_alive_ms, "2000", 100, 600000,
           "Time an idle connection is kept, in milliseconds."),
    NUMBER("ROOST_DRAIN_MS", drain_ms, "10000", 0, 600000,
           "Time that requests in progress get when the gateway is stopped, in milliseconds."),
    NUMBER(
        "ROOST_BUSY_POLL_US", busy_poll_us, "1000", 0, 10000,
        "Microseconds that a thread looks for a service's answer before it sleeps, while answers "
        "come that fast; 0: never."),
    {.name = "ROOST_LOG_LEVEL",
     .kind = CONFIG_CHOICE,
     .offset = offsetof(struct gateway_config, log_level),
     .default_value = "info",
     .choices = log_levels,
     .help = "The least level that is logged."},
    {.name = "ROOST_LOG_FORMAT",
     .kind = CONFIG_CHOICE,
     .offset = offsetof(struct gateway_config, log_format),
     .default_value = "json",
     .choices = log_formats,
     .help = "Form of the log lines."},
};
const size_t gateway_config_n_fields =
    sizeof(gateway_config_fields) / sizeof(gateway_config_fields[0]);
