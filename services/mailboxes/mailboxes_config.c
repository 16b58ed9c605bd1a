#include "services/mailboxes/mailboxes_config.h"

static const char *const layouts[] = {"id", "address", NULL};

const struct config_field mailboxes_config_fields[] = {
    {
        .name = "ROOST_MAIL_HOME_LAYOUT",
        .kind = CONFIG_CHOICE,
        .offset = offsetof(struct mailboxes_config, layout),
        .default_value = "id",
        .choices = layouts,
        .help = "Where mailboxes are kept: by id (a rename moves nothing) or by address "
                "(<domain>/<local part>).",
    },
    {
        .name = "ROOST_OPERATION_ATTEMPTS",
        .kind = CONFIG_INT,
        .offset = offsetof(struct mailboxes_config, operation_attempts),
        .default_value = "10",
        .min = 1,
        .max = 1000,
        .help = "How often a mailbox operation is tried before it has failed.",
    },
    {
        .name = "ROOST_OPERATION_PAUSE_MS",
        .kind = CONFIG_INT,
        .offset = offsetof(struct mailboxes_config, operation_pause_ms),
        .default_value = "5000",
        .min = 1,
        .max = 3600000,
        .help =
            "The rest after the first failed attempt, in ms; each further one is twice as long.",
    },
    {
        .name = "ROOST_OPERATION_PAUSE_MAX_MS",
        .kind = CONFIG_INT,
        .offset = offsetof(struct mailboxes_config, operation_pause_max_ms),
        .default_value = "300000",
        .min = 1,
        .max = 86400000,
        .help = "The longest rest between two attempts, in ms.",
    },
    {
        .name = "ROOST_RENAME_LIMIT_S",
        .kind = CONFIG_INT,
        .offset = offsetof(struct mailboxes_config, rename_limit_s),
        .default_value = "1800",
        .min = 1,
        .max = 604800,
        .help = "A rename that nobody has carried out after so many seconds has failed; the "
                "mailbox works again in its old directory.",
    },
    {
        .name = "ROOST_FORMER_ADDRESS_S",
        .kind = CONFIG_INT,
        .offset = offsetof(struct mailboxes_config, former_address_s),
        .default_value = "432000",
        .min = 0,
        .max = 31536000,
        .help = "For so many seconds after a rename, mail already accepted for the old address is "
                "delivered.",
    },
    {
        .name = "ROOST_OPERATION_KEEP_DAYS",
        .kind = CONFIG_INT,
        .offset = offsetof(struct mailboxes_config, operation_keep_days),
        .default_value = "30",
        .min = 1,
        .max = 3650,
        .help = "Operations that are done stay listed for so many days.",
    },
};
const size_t mailboxes_n_config_fields =
    sizeof mailboxes_config_fields / sizeof *mailboxes_config_fields;
