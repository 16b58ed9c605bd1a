#include <string.h>

#include "services/common/error/error.h"
#include "services/common/pg/conninfo.h"
#include "services/mail/mail.h"
#include "services/mail/rendered_file.h"

#define LIST_NAME "roost-postfix-maps.chk"

/* Both the names of Modoboa 1.6 and of 2.x, so that either main.cf finds its files. %s is the key as Postfix has it. */
static const struct {
    const char *file;
    const char *used_as;
    const char *query;
} maps[] = {
    {"sql-domains.cf", "virtual_mailbox_domains", "SELECT mail.postfix_domain('%s')"},
    {"sql-domain-aliases.cf", "virtual_alias_domains", "SELECT mail.postfix_domain_alias('%s')"},
    {"sql-mailboxes.cf", "virtual_mailbox_maps", "SELECT mail.postfix_mailbox('%s')"},
    {"sql-aliases.cf", "virtual_alias_maps", "SELECT mail.postfix_alias('%s')"},
    {"sql-maintain.cf", "check_recipient_access", "SELECT mail.postfix_access('%s')"},
    {"sql-sender-login-map.cf", "smtpd_sender_login_maps", "SELECT mail.postfix_sender_logins('%s')"},
    {"sql-sender-login-mailboxes.cf", "smtpd_sender_login_maps", "SELECT mail.postfix_sender_logins('%s')"},
    {"sql-sender-login-aliases.cf", "smtpd_sender_login_maps", "SELECT mail.postfix_sender_logins('%s')"},
    {"sql-sender-login-mailboxes-extra.cf", "smtpd_sender_login_maps", "SELECT mail.postfix_sender_logins('%s')"},
    {"sql-relaydomains.cf", "relay_domains", "SELECT mail.postfix_relay_domain('%s')"},
    {"sql-relaydomains-transport.cf", "transport_maps", "SELECT mail.postfix_transport('%s')"},
    {"sql-transport.cf", "transport_maps", "SELECT mail.postfix_transport('%s')"},
    {"sql-spliteddomains-transport.cf", "transport_maps",
     "SELECT mail.postfix_split_transport('%s', 'lmtp:unix:private/dovecot-lmtp')"},
    {"sql-relay-recipient-verification.cf", "check_recipient_access", "SELECT mail.postfix_relay_access('%s')"},
};
enum { N_MAPS = sizeof maps / sizeof *maps };

/* The lines of main.cf that use the maps. Through proxymap, so that all smtpd processes share a few connections. */
static const char snippet[] =
    "# Lines for main.cf; the folder is where these files are.\n"
    "virtual_mailbox_domains = proxy:pgsql:%1$s/sql-domains.cf\n"
    "virtual_mailbox_maps = proxy:pgsql:%1$s/sql-mailboxes.cf\n"
    "virtual_alias_domains = proxy:pgsql:%1$s/sql-domain-aliases.cf\n"
    "virtual_alias_maps = proxy:pgsql:%1$s/sql-aliases.cf\n"
    "relay_domains = proxy:pgsql:%1$s/sql-relaydomains.cf\n"
    "transport_maps = proxy:pgsql:%1$s/sql-transport.cf proxy:pgsql:%1$s/sql-spliteddomains-transport.cf\n"
    "virtual_transport = lmtp:unix:private/dovecot-lmtp\n"
    "recipient_delimiter = +\n"
    "smtpd_sender_login_maps = proxy:pgsql:%1$s/sql-sender-login-map.cf\n"
    "smtpd_recipient_restrictions =\n"
    "    check_recipient_access proxy:pgsql:%1$s/sql-maintain.cf\n"
    "    check_recipient_access proxy:pgsql:%1$s/sql-relay-recipient-verification.cf\n"
    "    permit_mynetworks permit_sasl_authenticated reject_unauth_destination reject_unverified_recipient\n"
    "proxy_read_maps = $virtual_mailbox_domains $virtual_mailbox_maps $virtual_alias_domains $virtual_alias_maps\n"
    "    $relay_domains $transport_maps $smtpd_sender_login_maps proxy:pgsql:%1$s/sql-maintain.cf\n"
    "    proxy:pgsql:%1$s/sql-relay-recipient-verification.cf proxy:unix:passwd.byname\n";

struct credentials {
    const char *user;
    const char *password;
    const char *dbname;
    const char *hosts;
};

/* Postfix writes a socket's folder as unix:/folder and a server as host:port. */
static bool credentials_of(struct arena *arena, const struct mail_postfix_options *options, FILE *report,
                           struct credentials *ret)
{
    if (!options->database_url || !*options->database_url) {
        *ret = (struct credentials){0};
        return true;
    }
    struct pg_conninfo info;
    const char *fault = NULL;
    if (!pg_conninfo_parse(arena, options->database_url, &info, &fault)) {
        fprintf(report, "ROOST_MAIL_DATABASE_URL: %s\n", fault);
        return false;
    }
    *ret = (struct credentials){
        .user = info.user,
        .password = info.password,
        .dbname = info.dbname,
        .hosts = info.host[0] == '/' ? arena_printf(arena, "unix:%s", info.host)
                                     : arena_printf(arena, "inet:%s:%s", info.host, info.port),
    };
    const char *const values[] = {ret->user, ret->password, ret->dbname, ret->hosts, options->destdir};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (!rendering_is_plain(values[i])) {
            fprintf(report, "a part of ROOST_MAIL_DATABASE_URL or the folder holds a control character\n");
            return false;
        }
    }
    return true;
}

static const char *kept(struct rendering *rendering, const char *file, const char *key, const char *fresh)
{
    const char *value = rendering_kept_value(rendering, file, key);
    return value ? value : fresh;
}

/* NULL if there are no credentials, neither new ones nor in the file. */
static char *map_text(struct arena *arena, struct rendering *rendering, size_t map, const struct credentials *fresh)
{
    const char *file = maps[map].file;
    const struct credentials credentials = {
        .user = kept(rendering, file, "user", fresh->user),
        .password = kept(rendering, file, "password", fresh->password),
        .dbname = kept(rendering, file, "dbname", fresh->dbname),
        .hosts = kept(rendering, file, "hosts", fresh->hosts),
    };
    if (!credentials.user || !credentials.password || !credentials.dbname || !credentials.hosts) {
        return NULL;
    }
    return arena_printf(arena,
                        "# Postfix: %s. Written by roostctl postfix-maps; an edited file is left alone.\n"
                        "user = %s\npassword = %s\ndbname = %s\nhosts = %s\nquery = %s\n",
                        maps[map].used_as, credentials.user, credentials.password, credentials.dbname,
                        credentials.hosts, maps[map].query);
}

bool mail_write_postfix_maps(const struct mail_postfix_options *options, FILE *report)
{
    struct arena *arena = arena_new(1 << 16);
    struct credentials credentials;
    bool ok = credentials_of(arena, options, report, &credentials);
    struct rendering *rendering =
        ok ? rendering_begin(arena, options->destdir, LIST_NAME, options->force_overwrite, report) : NULL;
    ok = rendering != NULL;
    for (size_t i = 0; ok && i < N_MAPS; i++) {
        char *text = map_text(arena, rendering, i, &credentials);
        if (text) {
            ok = rendering_write(rendering, maps[i].file, text);
        } else {
            fprintf(report, "%s/%s: not written, without ROOST_MAIL_DATABASE_URL there are no credentials\n",
                    options->destdir, maps[i].file);
        }
    }
    ok = ok && rendering_write(rendering, "roost-main.cf", arena_printf(arena, snippet, options->destdir)) &&
         rendering_end(rendering);
    arena_free(arena);
    return ok;
}
