/* How the mailbox agent is configured. */
#pragma once

#include <stdint.h>

#include "services/common/config/config.h"

struct agent_config {
    char *mail_home;
    char *mailboxes;
    char *identity_key;
    char *metrics_listen;
    char *doveadm;
    char *name;
    int64_t poll_ms;
    int64_t settle_ms;
    int64_t lease_s;
    char *tls_cert, *tls_key, *tls_ca;
    int log_level, log_format;
};

extern const struct config_field agent_config_fields[];
extern const size_t agent_n_config_fields;
