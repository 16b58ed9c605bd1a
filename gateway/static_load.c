/* Reading the files of the web UI. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/static_table.h"
#include "services/common/log/log.h"

enum { DEPTH_MAX = 8, FILE_BYTES_MAX = 16 << 20, ALL_BYTES_MAX = 64 << 20, HASH_CHARS = 8 };

struct loader {
    struct static_files *files;
    size_t bytes;
    const char *fault; /* NULL as long as all is well */
};

static const char *type_of(const char *path)
{
    static const struct {
        const char *extension;
        const char *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".map", "application/json"},
    };
    size_t len = strlen(path);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t extension_len = strlen(types[i].extension);
        if (len > extension_len && strcmp(path + len - extension_len, types[i].extension) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

/* Whether a name carries a hash of its content, as bundlers write it: "index-BsJ2fQ3x.js". The hash
 * is base64url, so it may have dashes of its own. */
static bool is_hashed(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    const char *dash = strchr(name, '-');
    const char *dot = strrchr(name, '.');
    bool in_assets = strncmp(path, "/assets/", 8) == 0;
    return in_assets && dash && dot && dot - dash > HASH_CHARS && dot[-HASH_CHARS - 1] == '-';
}

void static_set_etag(struct arena *arena, struct static_form *form, const char *suffix)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_LENGTH];
    char text[33] = {0};
    SHA256(form->data, form->len, digest);
    for (size_t i = 0; i < 16; i++) {
        text[2 * i] = hex[digest[i] >> 4];
        text[2 * i + 1] = hex[digest[i] & 15];
    }
    form->etag = arena_printf(arena, "\"%s%s\"", text, suffix);
}

struct static_file *static_add(struct static_files *files, const char *path, const char *type)
{
    if (files->n == STATIC_FILES_MAX) {
        return NULL;
    }
    struct static_file *file = &files->files[files->n++];
    *file = (struct static_file){
        .path = path, .type = type ? type : type_of(path), .is_immutable = is_hashed(path)};
    return file;
}

static bool read_all(struct loader *loader, int fd, struct static_form *form)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return false;
    }
    size_t len = (size_t)info.st_size;
    loader->bytes += len;
    if (len > FILE_BYTES_MAX || loader->bytes > ALL_BYTES_MAX) {
        loader->fault = "the files are too large";
        return false;
    }
    unsigned char *data = arena_alloc(loader->files->arena, len + 1);
    size_t done = 0;
    while (done < len) {
        ssize_t n = read(fd, data + done, len - done);
        if (n <= 0) {
            loader->fault = n == 0 ? "a file became shorter while it was read" : strerror(errno);
            return false;
        }
        done += (size_t)n;
    }
    *form = (struct static_form){.data = data, .len = len};
    return true;
}

static void load_file(struct loader *loader, int dir, const char *name, const char *path)
{
    struct static_form form;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        loader->fault = errno == ELOOP ? loader->fault : strerror(errno);
        return;
    }
    if (read_all(loader, fd, &form)) {
        struct static_file *file = static_add(loader->files, path, NULL);
        if (file) {
            static_set_etag(loader->files->arena, &form, "");
            file->forms[STATIC_PLAIN] = form;
        } else {
            loader->fault = "there are too many files";
        }
    }
    close(fd);
}

static bool is_directory(int dir, const char *name)
{
    struct stat info;
    return fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

static void load_directory(struct loader *loader, int fd, const char *path, int depth)
{
    DIR *dir = depth <= DEPTH_MAX ? fdopendir(fd) : NULL;
    if (!dir) {
        loader->fault = "directories are nested too deeply";
        close(fd);
        return;
    }
    const struct dirent *entry;
    while (!loader->fault && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        const char *below = arena_printf(loader->files->arena, "%s/%s", path, entry->d_name);
        if (is_directory(dirfd(dir), entry->d_name)) {
            int child =
                openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (child >= 0) {
                load_directory(loader, child, below, depth + 1);
            }
        } else {
            load_file(loader, dirfd(dir), entry->d_name, below);
        }
    }
    closedir(dir);
}

/* Makes "x.br" and "x.gz" forms of "x", where that is there. */
static void attach_forms(struct static_files *files)
{
    static const char *const extensions[STATIC_FORMS] = {
        [STATIC_BROTLI] = ".br", [STATIC_GZIP] = ".gz"};
    for (size_t i = 0; i < files->n; i++) {
        size_t len = strlen(files->files[i].path);
        for (size_t f = STATIC_PLAIN + 1; f < STATIC_FORMS; f++) {
            if (len <= 3 || strcmp(files->files[i].path + len - 3, extensions[f]) != 0) {
                continue;
            }
            struct static_file *plain =
                static_find(files, arena_strndup(files->arena, files->files[i].path, len - 3));
            if (plain) {
                plain->forms[f] = files->files[i].forms[STATIC_PLAIN];
                static_set_etag(files->arena, &plain->forms[f], extensions[f]);
            }
        }
    }
}

bool static_load_directory(struct static_files *files, const char *directory)
{
    struct loader loader = {.files = files};
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        log_error("ui.failed", log_str("directory", directory), log_str("cause", strerror(errno)));
        return false;
    }
    load_directory(&loader, fd, "", 0);
    if (loader.fault) {
        log_error("ui.failed", log_str("directory", directory), log_str("cause", loader.fault));
        return false;
    }
    static_sort(files);
    attach_forms(files);
    log_info("ui.loaded", log_str("directory", directory), log_int("files", (int64_t)files->n),
             log_int("bytes", (int64_t)loader.bytes));
    return true;
}
