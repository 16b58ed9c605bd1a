#include "services/mailbox_agent/mail_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/common/clock/clock.h"

enum {
    DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
    MAX_DEPTH = 64,
    NAMES_FIRST = 64,
};

static bool is_permanent(int number)
{
    switch (number) {
    case ELOOP:
    case ENOTDIR:
    case EXDEV:
    case EACCES:
    case EPERM:
    case EROFS:
    case ENAMETOOLONG:
        return true;
    default:
        return false;
    }
}

bool mail_dir_fail(struct mail_work *work, const char *what, const char *name)
{
    int number = errno;
    char text[128] = "";
    const char *reason = strerror_r(number, text, sizeof text);
    work->fault = arena_printf(work->arena, "%s %s: %s", what, name, reason);
    work->is_permanent = is_permanent(number);
    return false;
}

bool mail_dir_is_late(struct mail_work *work)
{
    if (clock_monotonic_us() < work->deadline_us) {
        return false;
    }
    work->fault = "the work has not been finished in its time";
    work->is_permanent = false;
    return true;
}

int mail_dir_open_at(int dir, const char *name)
{
    return openat(dir, name, DIRECTORY_FLAGS);
}

/* -1 with errno set. */
static int open_or_make(int dir, const char *name, bool create)
{
    int fd = mail_dir_open_at(dir, name);
    if (fd >= 0 || errno != ENOENT || !create) {
        return fd;
    }
    if (mkdirat(dir, name, 0700) != 0 && errno != EEXIST) {
        return -1;
    }
    return mail_dir_open_at(dir, name);
}

bool mail_dir_open_parent(struct mail_work *work, const struct mail_path *path, bool create,
                          int *ret_fd)
{
    int fd = fcntl(work->root, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return mail_dir_fail(work, "cannot open", "the mail root");
    }
    for (size_t i = 0; i + 1 < path->n; i++) {
        int next = open_or_make(fd, path->parts[i], create);
        int number = errno;
        close(fd);
        if (next < 0 && number == ENOENT && !create) {
            *ret_fd = -1;
            return true;
        }
        if (next < 0) {
            errno = number;
            return mail_dir_fail(work, "cannot open the directory of", path->text);
        }
        fd = next;
    }
    *ret_fd = fd;
    return true;
}

bool mail_dir_list(struct mail_work *work, int dir, const char *what, char ***ret_names,
                   size_t *ret_n)
{
    int fd = openat(dir, ".", DIRECTORY_FLAGS);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        mail_dir_fail(work, "cannot list", what);
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    size_t n = 0;
    size_t room = NAMES_FIRST;
    char **names = arena_alloc(work->arena, room * sizeof *names);
    errno = 0;
    for (struct dirent *entry; (entry = readdir(stream)); errno = 0) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (n == room) {
            char **larger = arena_alloc(work->arena, 2 * room * sizeof *larger);
            memcpy(larger, names, n * sizeof *names);
            names = larger;
            room *= 2;
        }
        names[n++] = arena_strdup(work->arena, entry->d_name);
    }
    bool is_complete = errno == 0 || mail_dir_fail(work, "cannot list", what);
    closedir(stream);
    *ret_names = names;
    *ret_n = n;
    return is_complete;
}

static bool remove_tree(struct mail_work *work, int dir, const char *name, int depth);

static bool empty_tree(struct mail_work *work, int dir, const char *name, int depth)
{
    char **names;
    size_t n;
    if (!mail_dir_list(work, dir, name, &names, &n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (mail_dir_is_late(work) || !remove_tree(work, dir, names[i], depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool remove_tree(struct mail_work *work, int dir, const char *name, int depth)
{
    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT) {
        return true;
    }
    if (errno != EISDIR && errno != EPERM) {
        return mail_dir_fail(work, "cannot remove", name);
    }
    if (depth > MAX_DEPTH) {
        errno = ELOOP;
        return mail_dir_fail(work, "too many levels below", name);
    }
    int fd = mail_dir_open_at(dir, name);
    if (fd < 0) {
        return errno == ENOENT || mail_dir_fail(work, "cannot open", name);
    }
    bool is_empty = empty_tree(work, fd, name, depth);
    close(fd);
    if (!is_empty) {
        return false;
    }
    if (unlinkat(dir, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        return mail_dir_fail(work, "cannot remove", name);
    }
    return true;
}

bool mail_dir_remove_at(struct mail_work *work, int dir, const char *name)
{
    return remove_tree(work, dir, name, 0);
}

void mail_dir_prune(const struct mail_work *work, const struct mail_path *path)
{
    for (size_t n = path->n - 1; n > 0; n--) {
        struct mail_work quiet = *work;
        struct mail_path above = *path;
        above.n = n;
        int fd;
        if (!mail_dir_open_parent(&quiet, &above, false, &fd) || fd < 0) {
            return;
        }
        int result = unlinkat(fd, above.parts[n - 1], AT_REMOVEDIR);
        close(fd);
        if (result != 0) {
            return;
        }
    }
}
