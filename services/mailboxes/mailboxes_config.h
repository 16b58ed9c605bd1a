/* How the mailboxes service is configured. */
#pragma once

#include <stdint.h>

#include "services/common/config/config.h"
#include "services/mailboxes/mailbox.h"

struct mailboxes_config {
    int layout; /* enum mailbox_layout */
    int64_t operation_attempts;
    int64_t operation_pause_ms;
    int64_t operation_pause_max_ms;
    int64_t rename_limit_s;
    int64_t former_address_s;
    int64_t operation_keep_days;
};

extern const struct config_field mailboxes_config_fields[];
extern const size_t mailboxes_n_config_fields;
