#include "services/mail/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/common/error/error.h"

enum { FILE_MAX_BYTES = 65536 };

static bool fail(struct config_files *files, const char *what, const char *name)
{
    fprintf(files->report, "%s %s/%s: %s\n", what, files->directory, name, strerror(errno));
    return false;
}

static char *path_of(const struct config_files *files, const char *name)
{
    return arena_printf(files->arena, "%s/%s", files->directory, name);
}

bool config_files_read(struct config_files *files, const char *name, char **ret_text)
{
    FILE *file = fopen(path_of(files, name), "re");
    if (!file) {
        *ret_text = NULL;
        return errno == ENOENT || fail(files, "cannot read", name);
    }
    char *text = arena_alloc(files->arena, FILE_MAX_BYTES + 1);
    size_t len = fread(text, 1, FILE_MAX_BYTES, file);
    bool is_good = !ferror(file) && len < FILE_MAX_BYTES && !memchr(text, '\0', len);
    fclose(file);
    if (!is_good) {
        fprintf(files->report, "%s/%s is no configuration file of ours\n", files->directory, name);
        return false;
    }
    *ret_text = text;
    return true;
}

bool config_files_open(struct config_files *files)
{
    struct stat entry;
    if (stat(files->directory, &entry) != 0 || !S_ISDIR(entry.st_mode)) {
        fprintf(files->report, "%s is no directory\n", files->directory);
        return false;
    }
    if (!config_files_read(files, files->list_name, &files->list)) {
        return false;
    }
    files->list = files->list ? files->list : "";
    return true;
}

static char *checksum_of(struct arena *arena, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;
    check(EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) == 1);
    char *out = arena_alloc(arena, 2 * (size_t)len + 1);
    for (unsigned i = 0; i < len; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    return out;
}

/* The list's line "name:checksum" of a file; NULL if it has none. *ret_len is without the newline.
 */
static const char *find_line(const char *list, const char *name, size_t *ret_len)
{
    size_t name_len = strlen(name);
    for (const char *line = list; *line;) {
        size_t len = strcspn(line, "\n");
        if (strncmp(line, name, name_len) == 0 && line[name_len] == ':') {
            *ret_len = len;
            return line;
        }
        line += len + (line[len] == '\n');
    }
    return NULL;
}

bool config_files_may_write(struct config_files *files, const char *name, const char *present)
{
    if (!present || files->force_overwrite) {
        return true;
    }
    size_t len;
    const char *line = find_line(files->list, name, &len);
    const char *wanted =
        arena_printf(files->arena, "%s:%s", name, checksum_of(files->arena, present));
    if (line && strlen(wanted) == len && strncmp(line, wanted, len) == 0) {
        return true;
    }
    fprintf(files->report, "Cannot upgrade '%s' because it has been modified.\n", name);
    return false;
}

static void remember(struct config_files *files, const char *name, const char *text)
{
    size_t len;
    const char *line = find_line(files->list, name, &len);
    const char *before = files->list;
    const char *after = "";
    size_t before_len = strlen(before);
    if (line) {
        before_len = (size_t)(line - before);
        after = line + len + (line[len] == '\n');
    }
    files->list = arena_printf(files->arena, "%.*s%s%s:%s\n", (int)before_len, before, after, name,
                               checksum_of(files->arena, text));
}

/* Not being root is no fault: then whoever installs sees to the group. */
static void give_to_group(const struct config_files *files, int fd)
{
    const struct group *group = files->group && geteuid() == 0 ? getgrnam(files->group) : NULL;
    if (group && fchown(fd, (uid_t)-1, group->gr_gid) != 0) {
        fprintf(files->report, "cannot give a file to group %s\n", files->group);
    }
}

static bool put(struct config_files *files, int fd, const char *text)
{
    size_t len = strlen(text);
    give_to_group(files, fd);
    if (fchmod(fd, 0640) != 0) {
        return false;
    }
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, text + done, len - done);
        if (n <= 0) {
            return false;
        }
        done += (size_t)n;
    }
    return fsync(fd) == 0;
}

bool config_files_write(struct config_files *files, const char *name, const char *text)
{
    char *temporary = arena_printf(files->arena, "%s/.%s.XXXXXX", files->directory, name);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return fail(files, "cannot write", name);
    }
    bool is_good = put(files, fd, text);
    close(fd);
    if (!is_good || rename(temporary, path_of(files, name)) != 0) {
        fail(files, "cannot write", name);
        unlink(temporary);
        return false;
    }
    remember(files, name, text);
    return true;
}

bool config_files_close(struct config_files *files)
{
    /* The list has no line for itself. */
    const char *list = files->list;
    bool is_good = config_files_write(files, files->list_name, list);
    files->list = (char *)list;
    return is_good;
}

char *config_files_value(struct arena *arena, const char *text, const char *key)
{
    size_t key_len = strlen(key);
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        const char *c = line + key_len;
        if (len > key_len && strncmp(line, key, key_len) == 0) {
            c += strspn(c, " \t");
            if (*c == '=') {
                c++;
                c += strspn(c, " \t");
                size_t value_len = (size_t)(line + len - c);
                while (value_len > 0 && (c[value_len - 1] == ' ' || c[value_len - 1] == '\t')) {
                    value_len--;
                }
                return arena_strndup(arena, c, value_len);
            }
        }
        line += len + (line[len] == '\n');
    }
    return NULL;
}

bool config_files_is_value(const char *text)
{
    size_t len = strlen(text);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f) {
            return false;
        }
    }
    return len == 0 || (text[0] != ' ' && text[len - 1] != ' ');
}
