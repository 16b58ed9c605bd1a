/*
 * The contract with Postfix and Dovecot: schema `mail` (services/mail/sql), and the configuration files that use it. Called
 * by roostctl. Every function prints what it does, and every fault, to `report`; true is success.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Brings schema `mail` up to date, as the owner of the database, after the services' own migrations. */
bool mail_migrate(const char *owner_url);

struct mail_render_options {
    const char *destdir;      /* made if missing, mode 0750 */
    const char *database_url; /* of role roost_mail: postgresql://user:password@host:port/dbname */
    bool force_overwrite;     /* also files that were edited by hand, and new credentials */
    FILE *report;
};

/*
 * Writes Postfix's pgsql map files sql-*.cf (mode 0640), the snippet `main.cf.roost` that names them, and
 * `roost-postfix-maps.chk` with their checksums. A second run keeps the credentials of an existing file and leaves a file
 * alone that was edited by hand, with a message.
 */
bool mail_write_postfix_maps(const struct mail_render_options *options);

struct mail_dovecot_options {
    struct mail_render_options render;
    const char *mail_home; /* the mail root, an absolute path */
    const char *mail_user; /* user and group that own it: "vmail" or a number */
    const char *mail_group;
};

/* Writes dovecot-sql.conf.ext, dovecot-dict-sql.conf.ext (both 0640) and 10-roost.conf, with the same care. */
bool mail_write_dovecot_conf(const struct mail_dovecot_options *options);
