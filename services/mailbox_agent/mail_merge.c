#include "services/mailbox_agent/mail_merge.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/mailbox_agent/mail_dir.h"

enum { MAX_DEPTH = 64, MAX_RENAMES = 1000, UIDLIST_BYTES = 256 };

/* Whose files stay where both sides have one. */
enum keeper { KEEP_DESTINATION, KEEP_SOURCE };

/* What Dovecot makes anew when it is missing, and what must not be mixed from two mailboxes. */
static bool is_state_file(const char *name)
{
    static const char *const prefixes[] = {
        "dovecot-uidlist", "dovecot-uidvalidity", "dovecot-keywords", "dovecot.index",
        "dovecot.list",    "dovecot.mailbox",     "maildirsize",
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* 0: there is none. The first line of dovecot-uidlist is "3 V<uidvalidity> N<next uid> G<guid>". */
static int64_t uid_validity(int dir)
{
    char text[UIDLIST_BYTES + 1] = "";
    int fd = openat(dir, "dovecot-uidlist", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t len = read(fd, text, UIDLIST_BYTES);
    close(fd);
    const char *found = len > 0 ? strstr(text, " V") : NULL;
    return found ? strtoll(found + 2, NULL, 10) : 0;
}

static enum keeper choose(int from, int to, enum keeper inherited)
{
    int64_t source = uid_validity(from);
    int64_t destination = uid_validity(to);
    if (source && destination && source != destination) {
        return source < destination ? KEEP_SOURCE : KEEP_DESTINATION;
    }
    if (source && !destination) {
        return KEEP_SOURCE;
    }
    return destination ? KEEP_DESTINATION : inherited;
}

static bool drop_state_files(struct mail_work *work, int dir)
{
    char **names;
    size_t n;
    if (!mail_dir_list(work, dir, "a directory", &names, &n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (is_state_file(names[i]) && !mail_dir_remove_at(work, dir, names[i])) {
            return false;
        }
    }
    return true;
}

/* Atomic, so that a killed try leaves a message once. File systems that cannot do it get a look
 * before the rename; the agent is the only one that makes such names. */
static int rename_to_free(int from, const char *name, int to, const char *other)
{
    struct stat entry;
    if (renameat2(from, name, to, other, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return -1;
    }
    if (fstatat(to, other, &entry, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat(from, name, to, other);
}

/* A message keeps what is behind its first dot: sizes and flags are read from there. */
static bool move_under_new_name(struct mail_work *work, int from, const char *name, int to)
{
    for (int i = 1; i <= MAX_RENAMES; i++) {
        const char *other = arena_printf(work->arena, "%d%s", i, name);
        if (rename_to_free(from, name, to, other) == 0) {
            return true;
        }
        if (errno != EEXIST) {
            return mail_dir_fail(work, "cannot move", name);
        }
    }
    errno = EEXIST;
    return mail_dir_fail(work, "cannot find a free name for", name);
}

/* Of these one is enough; of all others both are kept. */
static bool is_replaceable(const char *name)
{
    return strcmp(name, "subscriptions") == 0 || strcmp(name, "maildirfolder") == 0 ||
           is_state_file(name);
}

/* Formats whose files cannot be put together by moving them. */
static bool is_dbox(struct mail_work *work, const char *name)
{
    if (strcmp(name, "dbox-Mails") != 0 && strcmp(name, "mdbox") != 0 &&
        strcmp(name, "storage") != 0) {
        return false;
    }
    work->fault =
        arena_printf(work->arena, "two mailboxes of format dbox cannot be merged (%s)", name);
    work->is_permanent = true;
    return true;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool move_file(struct mail_work *work, int from, const char *name, int to,
                      enum keeper keeper, bool is_message)
{
    struct stat source;
    struct stat destination;
    if (fstatat(from, name, &source, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT || mail_dir_fail(work, "cannot look at", name);
    }
    if (fstatat(to, name, &destination, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) {
            return mail_dir_fail(work, "cannot look at", name);
        }
        return renameat(from, name, to, name) == 0 || errno == ENOENT ||
               mail_dir_fail(work, "cannot move", name);
    }
    /* rename(2) would leave two links to one file as they are. */
    if (is_same_file(&source, &destination)) {
        return unlinkat(from, name, 0) == 0 || mail_dir_fail(work, "cannot remove", name);
    }
    if (is_message || !is_replaceable(name)) {
        return move_under_new_name(work, from, name, to);
    }
    if (keeper == KEEP_SOURCE && !S_ISDIR(destination.st_mode)) {
        return renameat(from, name, to, name) == 0 || mail_dir_fail(work, "cannot move", name);
    }
    return unlinkat(from, name, 0) == 0 || mail_dir_fail(work, "cannot remove", name);
}

static bool is_message_directory(const char *name)
{
    return strcmp(name, "new") == 0 || strcmp(name, "cur") == 0 || strcmp(name, "tmp") == 0;
}

static bool merge(struct mail_work *work, int from, int to, const char *label, enum keeper keeper,
                  int depth);

static bool merge_directory(struct mail_work *work, int from, const char *name, int to,
                            enum keeper keeper, int depth)
{
    /* Onto a missing or an empty directory this is all. */
    if (renameat(from, name, to, name) == 0 || errno == ENOENT) {
        return true;
    }
    if (errno != ENOTEMPTY && errno != EEXIST) {
        return mail_dir_fail(work, "cannot move", name);
    }
    if (is_dbox(work, name)) {
        return false;
    }
    int source = mail_dir_open_at(from, name);
    int destination = source < 0 ? -1 : mail_dir_open_at(to, name);
    bool is_done = destination < 0 ? mail_dir_fail(work, "cannot open", name)
                                   : merge(work, source, destination, name, keeper, depth + 1);
    if (source >= 0) {
        close(source);
    }
    if (destination >= 0) {
        close(destination);
    }
    if (!is_done) {
        return false;
    }
    return unlinkat(from, name, AT_REMOVEDIR) == 0 || errno == ENOENT ||
           mail_dir_fail(work, "cannot remove", name);
}

static bool merge_entry(struct mail_work *work, int from, const char *name, int to,
                        enum keeper keeper, bool is_message, int depth)
{
    struct stat entry;
    if (fstatat(from, name, &entry, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT || mail_dir_fail(work, "cannot look at", name);
    }
    if (S_ISDIR(entry.st_mode)) {
        return merge_directory(work, from, name, to, keeper, depth);
    }
    return move_file(work, from, name, to, keeper, is_message);
}

static bool merge(struct mail_work *work, int from, int to, const char *label, enum keeper keeper,
                  int depth)
{
    char **names;
    size_t n;
    if (depth > MAX_DEPTH) {
        errno = ELOOP;
        return mail_dir_fail(work, "too many levels below", label);
    }
    bool is_message = is_message_directory(label);
    enum keeper own = is_message ? keeper : choose(from, to, keeper);
    if (!is_message && !drop_state_files(work, own == KEEP_SOURCE ? to : from)) {
        return false;
    }
    if (!mail_dir_list(work, from, label, &names, &n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (mail_dir_is_late(work) ||
            !merge_entry(work, from, names[i], to, own, is_message, depth)) {
            return false;
        }
    }
    return true;
}

bool mail_merge(struct mail_work *work, int from, int to)
{
    return merge(work, from, to, "the mailbox", KEEP_DESTINATION, 0);
}
