#include "services/mailbox_agent/mail_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/mailbox_agent/mail_dir.h"
#include "services/mailbox_agent/mail_merge.h"

/* No path of a mailbox can begin with a dot. */
#define TRASH ".roost-trash"

enum { TRASH_NAMES_MAX = 10000 };

static const char *last_part(const struct mail_path *path)
{
    return path->parts[path->n - 1];
}

/* A directory itself, not a link to one: what stands in its place otherwise is none of ours. */
static bool find(struct mail_work *work, int parent, const struct mail_path *path, bool *ret_exists)
{
    struct stat entry;
    if (fstatat(parent, last_part(path), &entry, AT_SYMLINK_NOFOLLOW) != 0) {
        *ret_exists = false;
        return errno == ENOENT || mail_dir_fail(work, "cannot look at", path->text);
    }
    *ret_exists = true;
    if (!S_ISDIR(entry.st_mode)) {
        errno = ENOTDIR;
        return mail_dir_fail(work, "cannot work on", path->text);
    }
    return true;
}

bool mail_tree_exists(struct mail_work *work, const struct mail_path *path, bool *ret_exists)
{
    int parent;
    if (!mail_dir_open_parent(work, path, false, &parent)) {
        return false;
    }
    if (parent < 0) {
        *ret_exists = false;
        return true;
    }
    bool is_good = find(work, parent, path, ret_exists);
    close(parent);
    return is_good;
}

static bool merge_into(struct mail_work *work, int from_parent, const struct mail_path *from,
                       int to_parent, const struct mail_path *to)
{
    int source = mail_dir_open_at(from_parent, last_part(from));
    if (source < 0) {
        return mail_dir_fail(work, "cannot open", from->text);
    }
    int destination = mail_dir_open_at(to_parent, last_part(to));
    if (destination < 0) {
        mail_dir_fail(work, "cannot open", to->text);
        close(source);
        return false;
    }
    bool is_merged = mail_merge(work, source, destination);
    close(source);
    close(destination);
    if (!is_merged) {
        return false;
    }
    return unlinkat(from_parent, last_part(from), AT_REMOVEDIR) == 0 || errno == ENOENT ||
           mail_dir_fail(work, "cannot remove", from->text);
}

static bool move_between(struct mail_work *work, int from_parent, const struct mail_path *from,
                         int to_parent, const struct mail_path *to)
{
    if (renameat(from_parent, last_part(from), to_parent, last_part(to)) != 0) {
        if (errno != ENOTEMPTY && errno != EEXIST) {
            return mail_dir_fail(work, "cannot move", from->text);
        }
        if (!merge_into(work, from_parent, from, to_parent, to)) {
            return false;
        }
    }
    /* Before the queue hears of it: the database must not know more than the disk. */
    if (fsync(to_parent) != 0 || fsync(from_parent) != 0) {
        return mail_dir_fail(work, "cannot write the directory of", to->text);
    }
    return true;
}

bool mail_tree_move(struct mail_work *work, const struct mail_path *from,
                    const struct mail_path *to)
{
    int from_parent;
    if (!mail_dir_open_parent(work, from, false, &from_parent)) {
        return false;
    }
    if (from_parent < 0) {
        return true;
    }
    bool exists = false;
    bool is_good = find(work, from_parent, from, &exists);
    if (is_good && exists) {
        int to_parent;
        is_good = mail_dir_open_parent(work, to, true, &to_parent);
        if (is_good) {
            is_good = move_between(work, from_parent, from, to_parent, to);
            close(to_parent);
        }
    }
    close(from_parent);
    if (is_good) {
        mail_dir_prune(work, from);
    }
    return is_good;
}

static bool open_trash(struct mail_work *work, int *ret_trash)
{
    if (mkdirat(work->root, TRASH, 0700) != 0 && errno != EEXIST) {
        return mail_dir_fail(work, "cannot make", TRASH);
    }
    *ret_trash = mail_dir_open_at(work->root, TRASH);
    return *ret_trash >= 0 || mail_dir_fail(work, "cannot open", TRASH);
}

/* Under the first free name: an earlier try may have left its part. */
static bool move_to_trash(struct mail_work *work, int parent, const struct mail_path *path,
                          int trash, const char *trash_name)
{
    for (int i = 0; i < TRASH_NAMES_MAX; i++) {
        const char *name = arena_printf(work->arena, "%s.%d", trash_name, i);
        struct stat entry;
        if (fstatat(trash, name, &entry, AT_SYMLINK_NOFOLLOW) == 0) {
            continue;
        }
        if (renameat(parent, last_part(path), trash, name) == 0) {
            return fsync(parent) == 0 || mail_dir_fail(work, "cannot write", path->text);
        }
        return errno == ENOENT || mail_dir_fail(work, "cannot move to the trash", path->text);
    }
    errno = EEXIST;
    return mail_dir_fail(work, "cannot find a free name in the trash for", path->text);
}

static bool purge(struct mail_work *work, int trash, bool *ret_is_empty)
{
    char **names;
    size_t n;
    *ret_is_empty = false;
    if (!mail_dir_list(work, trash, TRASH, &names, &n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!mail_dir_remove_at(work, trash, names[i])) {
            bool is_late = mail_dir_is_late(work);
            return is_late;
        }
    }
    *ret_is_empty = true;
    return true;
}

bool mail_tree_purge(struct mail_work *work, bool *ret_is_empty)
{
    int trash = mail_dir_open_at(work->root, TRASH);
    if (trash < 0) {
        *ret_is_empty = true;
        return errno == ENOENT || mail_dir_fail(work, "cannot open", TRASH);
    }
    bool is_good = purge(work, trash, ret_is_empty);
    close(trash);
    return is_good;
}

bool mail_tree_remove(struct mail_work *work, const struct mail_path *path, const char *trash_name)
{
    int parent;
    if (!mail_dir_open_parent(work, path, false, &parent)) {
        return false;
    }
    if (parent < 0) {
        return true;
    }
    int trash = -1;
    bool exists = false;
    bool is_good = find(work, parent, path, &exists);
    if (is_good && exists) {
        is_good = open_trash(work, &trash) && move_to_trash(work, parent, path, trash, trash_name);
    }
    close(parent);
    if (is_good) {
        mail_dir_prune(work, path);
    }
    if (is_good && trash >= 0) {
        bool is_empty;
        is_good = purge(work, trash, &is_empty);
    }
    if (trash >= 0) {
        close(trash);
    }
    return is_good;
}
