#include "services/mail/rendered_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/common/error/error.h"

enum { FILES_MAX = 32, FILE_MAX_BYTES = 1 << 16, HASH_TEXT_BYTES = 2 * SHA256_DIGEST_LENGTH + 1 };

struct entry {
    const char *file;
    char hash[HASH_TEXT_BYTES];
};

struct rendering {
    struct arena *arena;
    const char *folder;
    const char *list_name;
    bool force;
    FILE *report;
    struct entry entries[FILES_MAX];
    size_t n;
};

static bool failed(struct rendering *rendering, const char *file, const char *what)
{
    fprintf(rendering->report, "%s/%s: cannot %s: %s\n", rendering->folder, file, what, strerror(errno));
    return false;
}

static char *path_of(struct rendering *rendering, const char *file)
{
    return arena_printf(rendering->arena, "%s/%s", rendering->folder, file);
}

static void hash_text(const char *content, char *ret_hash)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)content, strlen(content), digest);
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof digest; i++) {
        ret_hash[2 * i] = digits[digest[i] >> 4];
        ret_hash[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hash[HASH_TEXT_BYTES - 1] = '\0';
}

/* The whole file, or NULL with errno set. */
static char *read_whole(struct rendering *rendering, const char *file)
{
    FILE *in = fopen(path_of(rendering, file), "r");
    if (!in) {
        return NULL;
    }
    char *content = arena_alloc(rendering->arena, FILE_MAX_BYTES + 1);
    size_t len = fread(content, 1, FILE_MAX_BYTES, in);
    fclose(in);
    content[len] = '\0';
    return content;
}

static struct entry *find_entry(struct rendering *rendering, const char *file)
{
    for (size_t i = 0; i < rendering->n; i++) {
        if (strcmp(rendering->entries[i].file, file) == 0) {
            return &rendering->entries[i];
        }
    }
    return NULL;
}

static void set_entry(struct rendering *rendering, const char *file, const char *hash)
{
    struct entry *entry = find_entry(rendering, file);
    if (!entry && rendering->n < FILES_MAX) {
        entry = &rendering->entries[rendering->n++];
        entry->file = arena_strdup(rendering->arena, file);
    }
    if (entry && strlen(hash) == HASH_TEXT_BYTES - 1) {
        memcpy(entry->hash, hash, HASH_TEXT_BYTES);
    }
}

static void read_list(struct rendering *rendering)
{
    char *line = read_whole(rendering, rendering->list_name);
    while (line && *line) {
        char *end = strchr(line, '\n');
        char *colon = strchr(line, ':');
        if (end) {
            *end = '\0';
        }
        if (colon && (!end || colon < end)) {
            *colon = '\0';
            set_entry(rendering, line, colon + 1);
        }
        line = end ? end + 1 : NULL;
    }
}

struct rendering *rendering_begin(struct arena *arena, const char *folder, const char *list_name, bool force, FILE *report)
{
    struct rendering *rendering = arena_alloc(arena, sizeof *rendering);
    *rendering = (struct rendering){
        .arena = arena, .folder = folder, .list_name = list_name, .force = force, .report = report};
    if (mkdir(folder, 0750) != 0 && errno != EEXIST) {
        failed(rendering, "", "make the folder");
        return NULL;
    }
    read_list(rendering);
    return rendering;
}

const char *rendering_kept_value(struct rendering *rendering, const char *file, const char *key)
{
    char *line = rendering->force ? NULL : read_whole(rendering, file);
    size_t key_len = strlen(key);
    while (line && *line) {
        char *end = strchr(line, '\n');
        if (end) {
            *end = '\0';
        }
        if (strncmp(line, key, key_len) == 0 && strncmp(line + key_len, " = ", 3) == 0) {
            return line + key_len + 3;
        }
        line = end ? end + 1 : NULL;
    }
    return NULL;
}

static bool was_edited(struct rendering *rendering, const char *file)
{
    char *present = read_whole(rendering, file);
    if (!present) {
        return false;
    }
    char hash[HASH_TEXT_BYTES];
    hash_text(present, hash);
    const struct entry *entry = find_entry(rendering, file);
    return !entry || strcmp(entry->hash, hash) != 0;
}

/* Readable for the owner and the group only: it may hold a password. */
static bool replace(struct rendering *rendering, const char *file, const char *content)
{
    char *temporary = path_of(rendering, arena_printf(rendering->arena, "%s.new", file));
    if (unlink(temporary) != 0 && errno != ENOENT) {
        return failed(rendering, file, "replace");
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0) {
        return failed(rendering, file, "create");
    }
    size_t len = strlen(content);
    bool written = write(fd, content, len) == (ssize_t)len && fsync(fd) == 0;
    if (close(fd) != 0 || !written) {
        return failed(rendering, file, "write");
    }
    return rename(temporary, path_of(rendering, file)) == 0 || failed(rendering, file, "replace");
}

bool rendering_write(struct rendering *rendering, const char *file, const char *content)
{
    if (!rendering->force && was_edited(rendering, file)) {
        fprintf(rendering->report, "%s/%s: left alone, it was edited by hand (--force-overwrite replaces it)\n",
                rendering->folder, file);
        return true;
    }
    char hash[HASH_TEXT_BYTES];
    hash_text(content, hash);
    if (!replace(rendering, file, content)) {
        return false;
    }
    set_entry(rendering, file, hash);
    fprintf(rendering->report, "%s/%s: written\n", rendering->folder, file);
    return true;
}

bool rendering_end(struct rendering *rendering)
{
    char *list = "";
    for (size_t i = 0; i < rendering->n; i++) {
        list = arena_printf(rendering->arena, "%s%s:%s\n", list, rendering->entries[i].file, rendering->entries[i].hash);
    }
    return replace(rendering, rendering->list_name, list);
}

bool rendering_is_plain(const char *value)
{
    size_t len = strlen(value);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)value[i] < ' ' || value[i] == 0x7f) {
            return false;
        }
    }
    return len == 0 || (value[0] != ' ' && value[len - 1] != ' ');
}
