/* What roostctl takes from the environment. `deploy/local/up` writes all of it to roost.env. */
#pragma once

#include "services/common/config/config.h"
#include "services/roostctl/session.h"

struct roostctl_config {
    struct session_config session;
    char *database_url;      /* of the owner: fsck, mail migrate */
    char *mail_database_url; /* of role roost_mail: postfix-maps, dovecot-conf */
    char *mail_home;
};

extern const struct config_field roostctl_config_fields[];
extern const size_t roostctl_n_config_fields;
