/*
 * Roost's side of the contract with Postfix and Dovecot: schema `mail` and the configuration that
 * reads it. For roostctl and for services/mail's own program. What is reported to a person goes to
 * `report`; false means that something could not be done, and the report says what.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Brings schema mail up to date, as the owner of the database and after all services' migrations:
 * the views join their schemas. */
bool mail_migrate(const char *owner_url);

struct mail_postfix_options {
    const char *destdir;      /* an existing directory */
    const char *database_url; /* as role roost_mail; NULL or "": only files that have credentials
                                 already are written */
    bool force_overwrite; /* also files edited by hand; credentials are taken from database_url */
};

/* Writes sql-*.cf, each 0640, roost-postfix-maps.chk with their checksums, and roost-main.cf, what
 * belongs into main.cf. A file that is there keeps its credentials; one that was edited by hand is
 * left alone, with a message. */
bool mail_write_postfix_maps(const struct mail_postfix_options *options, FILE *report);

struct mail_dovecot_options {
    const char *destdir;       /* an existing directory */
    const char *database_url;  /* as role roost_mail */
    const char *mail_home;     /* the mail root: absolute */
    const char *mail_location; /* NULL or "": "maildir:~/.maildir" */
    int64_t uid, gid;          /* who owns the mail; 0: Dovecot's own mail_uid and mail_gid */
    bool force_overwrite;
};

/* Writes dovecot-sql.conf.ext, dovecot-dict-sql.conf.ext and 10-roost.conf, which includes them by
 * the name of destdir; Dovecot is to read it by `!include DESTDIR/10-roost.conf`. The rules are
 * those of mail_write_postfix_maps; the checksums are in roost-dovecot.chk. */
bool mail_write_dovecot_conf(const struct mail_dovecot_options *options, FILE *report);
