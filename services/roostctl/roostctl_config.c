#include "services/roostctl/roostctl_config.h"

#define FIELD(member) offsetof(struct roostctl_config, member)

const struct config_field roostctl_config_fields[] = {
    {"ROOST_GRPC_ACCOUNTS", CONFIG_TEXT, FIELD(session.targets[0]), "127.0.0.1:8101", 0, 0, NULL,
     "Where the accounts service listens."},
    {"ROOST_GRPC_DOMAINS", CONFIG_TEXT, FIELD(session.targets[1]), "127.0.0.1:8102", 0, 0, NULL,
     "Where the domains service listens."},
    {"ROOST_GRPC_MAILBOXES", CONFIG_TEXT, FIELD(session.targets[2]), "127.0.0.1:8103", 0, 0, NULL,
     "Where the mailboxes service listens."},
    {"ROOST_GRPC_QUOTAS", CONFIG_TEXT, FIELD(session.targets[3]), "127.0.0.1:8104", 0, 0, NULL,
     "Where the quotas service listens."},
    {"ROOST_GRPC_DNSCHECKS", CONFIG_TEXT, FIELD(session.targets[4]), "127.0.0.1:8105", 0, 0, NULL,
     "Where the dnschecks service listens."},
    {"ROOST_TOKEN", CONFIG_SECRET, FIELD(session.token), "", 0, 0, NULL,
     "The API token of the caller."},
    {"ROOST_ADMIN", CONFIG_TEXT, FIELD(session.username), "", 0, 0, NULL,
     "Without a token: the account to log in as."},
    {"ROOST_ADMIN_PASSWORD", CONFIG_SECRET, FIELD(session.password), "", 0, 0, NULL,
     "Its password."},
    {"ROOST_TLS_CERT", CONFIG_TEXT, FIELD(session.tls_cert), "", 0, 65536, NULL,
     "Certificate for mTLS, PEM (usually as ROOST_TLS_CERT_FILE)."},
    {"ROOST_TLS_KEY", CONFIG_SECRET, FIELD(session.tls_key), "", 0, 65536, NULL, "Its key, PEM."},
    {"ROOST_TLS_CA", CONFIG_TEXT, FIELD(session.tls_ca), "", 0, 65536, NULL,
     "Who signed the services' certificates, PEM; empty: plaintext."},
    {"ROOST_DATABASE_URL", CONFIG_SECRET, FIELD(database_url), "", 0, 0, NULL,
     "The database as its owner: for fsck and mail migrate."},
    {"ROOST_MAIL_DATABASE_URL", CONFIG_SECRET, FIELD(mail_database_url), "", 0, 0, NULL,
     "The database as role roost_mail: for postfix-maps and dovecot-conf."},
    {"ROOST_MAIL_HOME", CONFIG_TEXT, FIELD(mail_home), "", 0, 0, NULL,
     "The mail root: for dovecot-conf."},
};
const size_t roostctl_n_config_fields =
    sizeof roostctl_config_fields / sizeof *roostctl_config_fields;
