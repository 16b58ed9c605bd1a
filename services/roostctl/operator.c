#include "services/roostctl/operator.h"

#include <stdlib.h>
#include <string.h>

#include "services/mail/mail.h"
#include "services/roostctl/fsck.h"
#include "services/roostctl/usage.h"

enum { EXIT_USAGE = 2, WAIT_MAX_S = 3600 };

/* Words after the command: what each flag was given, NULL or false where it was not. */
struct flags {
    const char *destdir;
    const char *mail_home;
    const char *mail_location;
    const char *uid;
    const char *gid;
    const char *wait;
    bool force_overwrite;
};

static bool take_value(const char *word, const char *name, int argc, char **argv, int *i,
                       const char **value)
{
    size_t len = strlen(name);
    if (strncmp(word, name, len) != 0 || (word[len] && word[len] != '=')) {
        return false;
    }
    if (word[len] == '=') {
        *value = word + len + 1;
    } else {
        *i += 1;
        *value = *i < argc ? argv[*i] : "";
    }
    return true;
}

static bool take_flags(int argc, char **argv, struct flags *flags)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--force-overwrite") == 0) {
            flags->force_overwrite = true;
        } else if (!take_value(argv[i], "--destdir", argc, argv, &i, &flags->destdir) &&
                   !take_value(argv[i], "--mail-home", argc, argv, &i, &flags->mail_home) &&
                   !take_value(argv[i], "--mail-location", argc, argv, &i, &flags->mail_location) &&
                   !take_value(argv[i], "--uid", argc, argv, &i, &flags->uid) &&
                   !take_value(argv[i], "--gid", argc, argv, &i, &flags->gid) &&
                   !take_value(argv[i], "--wait", argc, argv, &i, &flags->wait)) {
            fprintf(stderr, "roostctl: %s: there is no such flag\n", argv[i]);
            return false;
        }
    }
    return true;
}

/* A number of at most 10 digits; the default where there is none; -1 for anything else. */
static int64_t number(const char *text, int64_t missing)
{
    if (!text) {
        return missing;
    }
    size_t len = strlen(text);
    return len > 0 && len <= 10 && strspn(text, "0123456789") == len ? strtoll(text, NULL, 10) : -1;
}

static int usage(const char *text)
{
    fprintf(stderr, "roostctl: %s\n", text);
    return EXIT_USAGE;
}

static int fsck(const struct roostctl_config *config, const struct flags *flags)
{
    int64_t wait_s = number(flags->wait, 0);
    if (!*config->database_url || wait_s < 0 || wait_s > WAIT_MAX_S) {
        return usage("fsck wants ROOST_DATABASE_URL of the owner, and at most --wait 3600");
    }
    struct arena *arena = arena_new(1 << 16);
    bool clean = false;
    const struct error *err =
        fsck_run(arena,
                 &(struct fsck_options){
                     .database_url = config->database_url, .wait_s = (int)wait_s, .out = stdout},
                 &clean);
    usage_print_error(stderr, err);
    arena_free(arena);
    return !err && clean ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int mail_command(const struct roostctl_config *config, int argc, char **argv)
{
    if (argc != 1 || strcmp(argv[0], "migrate") != 0) {
        return usage("the command is: mail migrate");
    }
    if (!*config->database_url) {
        return usage("mail migrate wants ROOST_DATABASE_URL of the owner");
    }
    return mail_migrate(config->database_url) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int postfix_maps(const struct roostctl_config *config, const struct flags *flags)
{
    const struct mail_postfix_options options = {
        .destdir = flags->destdir,
        .database_url = config->mail_database_url,
        .force_overwrite = flags->force_overwrite,
    };
    return mail_write_postfix_maps(&options, stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int dovecot_conf(const struct roostctl_config *config, const struct flags *flags)
{
    const struct mail_dovecot_options options = {
        .destdir = flags->destdir,
        .database_url = config->mail_database_url,
        .mail_home = flags->mail_home ? flags->mail_home : config->mail_home,
        .mail_location = flags->mail_location,
        .uid = number(flags->uid, 0),
        .gid = number(flags->gid, 0),
        .force_overwrite = flags->force_overwrite,
    };
    if (options.uid < 0 || options.gid < 0) {
        return usage("--uid and --gid are numbers");
    }
    if (!*options.mail_home) {
        return usage("dovecot-conf wants --mail-home DIR or ROOST_MAIL_HOME");
    }
    return mail_write_dovecot_conf(&options, stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

bool operator_has_command(const char *name)
{
    static const char *const names[] = {"fsck", "mail", "postfix-maps", "dovecot-conf"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

int operator_run(const struct roostctl_config *config, int argc, char **argv)
{
    struct flags flags = {0};
    if (strcmp(argv[0], "mail") == 0) {
        return mail_command(config, argc - 1, argv + 1);
    }
    if (!take_flags(argc - 1, argv + 1, &flags)) {
        return EXIT_USAGE;
    }
    if (strcmp(argv[0], "fsck") == 0) {
        return fsck(config, &flags);
    }
    if (!flags.destdir || !*flags.destdir) {
        return usage("the command wants --destdir DIR");
    }
    return strcmp(argv[0], "postfix-maps") == 0 ? postfix_maps(config, &flags)
                                                : dovecot_conf(config, &flags);
}
