#include "services/mailbox_agent/agent_config.h"

#include "services/common/rpc/assertion.h"

enum { MAX_PEM_BYTES = 65536 };

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_formats[] = {"json", "logfmt", NULL};

#define FIELD(variable, type, member) \
    .name = variable, .kind = type, .offset = offsetof(struct agent_config, member)

const struct config_field agent_config_fields[] = {
    {FIELD("ROOST_MAIL_HOME", CONFIG_TEXT, mail_home), .min = 1,
     .help = "The mail root: all mail directories are below it."},
    {FIELD("ROOST_MAILBOXES", CONFIG_TEXT, mailboxes), .default_value = "127.0.0.1:8103", .min = 1,
     .help = "Where the mailboxes service listens: HOST:PORT or unix:PATH."},
    {FIELD("ROOST_IDENTITY_KEY", CONFIG_SECRET, identity_key), .min = ASSERTION_KEY_MIN_BYTES,
     .help = "The secret that all services share to vouch for identities, 32 bytes or more."},
    {FIELD("ROOST_METRICS_LISTEN", CONFIG_TEXT, metrics_listen), .default_value = "",
     .help = "Where /metrics and /healthz listen, HOST:PORT; empty: nowhere."},
    {FIELD("ROOST_DOVEADM", CONFIG_TEXT, doveadm), .default_value = "",
     .help = "A doveadm command, split at spaces (no shell), to end IMAP sessions that may not "
             "go on: \"doveadm -c /etc/dovecot/dovecot.conf\"; empty: sessions are left."},
    {FIELD("ROOST_AGENT_NAME", CONFIG_TEXT, name), .default_value = "", .max = 200,
     .help = "How the agent is called in the queue, the same after a restart; empty: its host name "
             "and mail root."},
    {FIELD("ROOST_POLL_MS", CONFIG_INT, poll_ms), .default_value = "500", .min = 10, .max = 60000,
     .help = "Milliseconds between two looks at an empty queue."},
    {FIELD("ROOST_SETTLE_MS", CONFIG_INT, settle_ms), .default_value = "300", .min = 0,
     .max = 60000,
     .help = "Milliseconds after a move in which a delivery that was under way may still end in "
             "the old directory; what it left there is moved along."},
    {FIELD("ROOST_LEASE_S", CONFIG_INT, lease_s), .default_value = "20", .min = 5, .max = 3600,
     .help = "Seconds after which another agent takes over an operation that this one has not "
             "finished."},
    {FIELD("ROOST_TLS_CERT", CONFIG_TEXT, tls_cert), .default_value = "", .max = MAX_PEM_BYTES,
     .help = "Certificate chain, PEM; usually by ROOST_TLS_CERT_FILE. Empty: TCP is plaintext."},
    {FIELD("ROOST_TLS_KEY", CONFIG_SECRET, tls_key), .default_value = "", .max = MAX_PEM_BYTES,
     .help = "The certificate's private key, PEM."},
    {FIELD("ROOST_TLS_CA", CONFIG_TEXT, tls_ca), .default_value = "", .max = MAX_PEM_BYTES,
     .help = "Certificates of the authorities whose servers are trusted, PEM."},
    {FIELD("ROOST_LOG_LEVEL", CONFIG_CHOICE, log_level), .default_value = "info",
     .choices = log_levels, .help = "The least level that is logged."},
    {FIELD("ROOST_LOG_FORMAT", CONFIG_CHOICE, log_format), .default_value = "json",
     .choices = log_formats, .help = "Form of the log lines."},
};
const size_t agent_n_config_fields = sizeof agent_config_fields / sizeof *agent_config_fields;
