/* The gateway's configuration. */
#pragma once

#include "services/common/config/config.h"

struct gateway_config {
    char *listen;
    char *public_url;
    char *certificate;
    char *accounts, *domains, *mailboxes, *quotas, *dnschecks;
    char *identity_key;
    char *tls_cert, *tls_key, *tls_ca;
    char *ui_dir;
    char *trusted_proxies;
    char *unlimited_addresses;
    char *metrics_listen;
    int64_t max_connections;
    int64_t connections_per_address;
    int64_t request_timeout_ms;
    int64_t stall_timeout_ms;
    int64_t keep_alive_ms;
    int64_t drain_ms;
    int64_t busy_poll_us;
    int log_level, log_format;
};

extern const struct config_field gateway_config_fields[];
extern const size_t gateway_config_n_fields;
