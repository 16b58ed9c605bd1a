#include <string.h>

#include "services/common/pg/conninfo.h"
#include "services/mail/mail.h"
#include "services/mail/rendered_file.h"

#define LIST_NAME "roost-dovecot.chk"

static const char sql_conf[] =
    "# Dovecot: passdb and userdb. Written by roostctl dovecot-conf; an edited file is left alone.\n"
    "driver = pgsql\n"
    "connect = %1$s\n"
    "default_pass_scheme = CRYPT\n"
    "password_query = SELECT \"user\", password, userdb_home, userdb_quota_rule "
    "FROM mail.dovecot_password('%%u', '%2$s')\n"
    "user_query = SELECT \"user\", home, quota_rule FROM mail.dovecot_user('%%u', '%2$s')\n"
    "iterate_query = SELECT \"user\" FROM mail.dovecot_iterate()\n";

static const char dict_conf[] =
    "# Dovecot: quota usage. Written by roostctl dovecot-conf; an edited file is left alone.\n"
    "connect = %1$s\n"
    "map {\n  pattern = priv/quota/storage\n  table = mail.admin_quota\n  username_field = username\n"
    "  value_field = bytes\n}\n"
    "map {\n  pattern = priv/quota/messages\n  table = mail.admin_quota\n  username_field = username\n"
    "  value_field = messages\n}\n";

/* Without an authentication cache: a disabled account is refused at once. */
static const char main_conf[] =
    "# Dovecot: what Roost needs. Written by roostctl dovecot-conf; an edited file is left alone.\n"
    "%3$s"
    "mail_location = %2$s\n"
    "auth_cache_size = 0\n"
    "mail_plugins = $mail_plugins quota\n"
    "passdb {\n  driver = sql\n  args = %1$s/dovecot-sql.conf.ext\n}\n"
    "userdb {\n  driver = prefetch\n}\n"
    "userdb {\n  driver = sql\n  args = %1$s/dovecot-sql.conf.ext\n}\n"
    "protocol imap {\n  mail_plugins = $mail_plugins imap_quota\n}\n"
    "plugin {\n  quota = dict:User quota::proxy::quota\n  quota_grace = 0\n}\n"
    "dict {\n  quota = pgsql:%1$s/dovecot-dict-sql.conf.ext\n}\n"
    "namespace inbox {\n  inbox = yes\n"
    "  mailbox Drafts {\n    auto = subscribe\n    special_use = \\Drafts\n  }\n"
    "  mailbox Junk {\n    auto = subscribe\n    special_use = \\Junk\n  }\n"
    "  mailbox Sent {\n    auto = subscribe\n    special_use = \\Sent\n  }\n"
    "  mailbox Trash {\n    auto = subscribe\n    special_use = \\Trash\n  }\n"
    "}\n";

/* A libpq connection string: values in quotes, \ and ' escaped. */
static char *quoted(struct arena *arena, const char *value)
{
    char *out = arena_alloc(arena, 2 * strlen(value) + 3);
    char *end = out;
    *end++ = '\'';
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\') {
            *end++ = '\\';
        }
        *end++ = *value;
    }
    *end++ = '\'';
    return out;
}

/* Dovecot expands % and the path stands in an SQL literal. */
static bool is_plain_path(const char *path)
{
    return path[0] == '/' && rendering_is_plain(path) && !strpbrk(path, "%'\"\\");
}

static const char *mail_location(const struct mail_dovecot_options *options)
{
    return options->mail_location && *options->mail_location ? options->mail_location : "maildir:~/.maildir";
}

static char *connect_string(struct arena *arena, struct rendering *rendering, const struct pg_conninfo *info)
{
    const char *kept = rendering_kept_value(rendering, "dovecot-sql.conf.ext", "connect");
    if (kept) {
        return arena_strdup(arena, kept);
    }
    return arena_printf(arena, "host=%s port=%s dbname=%s user=%s password=%s", quoted(arena, info->host),
                        quoted(arena, info->port), quoted(arena, info->dbname), quoted(arena, info->user),
                        quoted(arena, info->password));
}

static bool check_options(const struct mail_dovecot_options *options, const struct pg_conninfo *info, FILE *report)
{
    const char *fault = NULL;
    if (!is_plain_path(options->mail_home)) {
        fault = "the mail root must be an absolute path without % and quotes";
    } else if (!is_plain_path(options->destdir)) {
        fault = "the folder must be an absolute path without % and quotes";
    } else if (!rendering_is_plain(mail_location(options))) {
        fault = "the mail location holds a control character";
    } else if (!rendering_is_plain(info->host) || !rendering_is_plain(info->user) ||
               !rendering_is_plain(info->password) || !rendering_is_plain(info->dbname)) {
        fault = "ROOST_MAIL_DATABASE_URL holds a control character";
    }
    if (fault) {
        fprintf(report, "%s\n", fault);
    }
    return !fault;
}

static bool write_files(struct arena *arena, const struct mail_dovecot_options *options,
                        const struct pg_conninfo *info, FILE *report)
{
    struct rendering *rendering = rendering_begin(arena, options->destdir, LIST_NAME, options->force_overwrite, report);
    if (!rendering) {
        return false;
    }
    const char *connect = connect_string(arena, rendering, info);
    const char *owner = options->uid ? arena_printf(arena, "mail_uid = %lld\nmail_gid = %lld\n",
                                                    (long long)options->uid, (long long)options->gid)
                                     : "";
    return rendering_write(rendering, "dovecot-sql.conf.ext",
                           arena_printf(arena, sql_conf, connect, options->mail_home)) &&
           rendering_write(rendering, "dovecot-dict-sql.conf.ext", arena_printf(arena, dict_conf, connect)) &&
           rendering_write(rendering, "10-roost.conf",
                           arena_printf(arena, main_conf, options->destdir, mail_location(options), owner)) &&
           rendering_end(rendering);
}

bool mail_write_dovecot_conf(const struct mail_dovecot_options *options, FILE *report)
{
    struct arena *arena = arena_new(1 << 16);
    struct pg_conninfo info;
    const char *fault = NULL;
    bool ok = pg_conninfo_parse(arena, options->database_url, &info, &fault);
    if (!ok) {
        fprintf(report, "ROOST_MAIL_DATABASE_URL: %s\n", fault);
    }
    ok = ok && check_options(options, &info, report) && write_files(arena, options, &info, report);
    arena_free(arena);
    return ok;
}
