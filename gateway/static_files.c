#include "gateway/static_files.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/rest_errors.h"
#include "gateway/security_headers.h"
#include "gateway/static_table.h"

enum { ARENA_BYTES = 65536 };

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct static_file *)a)->path, ((const struct static_file *)b)->path);
}

void static_sort(struct static_files *files)
{
    qsort(files->files, files->n, sizeof(files->files[0]), compare);
}

struct static_file *static_find(struct static_files *files, const char *path)
{
    const struct static_file key = {.path = path};
    return bsearch(&key, files->files, files->n, sizeof(files->files[0]), compare);
}

static bool add_builtin(struct static_files *files, const struct static_builtin *builtin)
{
    if (static_find(files, builtin->path)) {
        return true;
    }
    struct static_file *file = static_add(files, builtin->path, builtin->type);
    if (!file) {
        return false;
    }
    file->forms[STATIC_PLAIN] = (struct static_form){.data = builtin->data, .len = builtin->len};
    static_set_etag(files->arena, &file->forms[STATIC_PLAIN], "");
    if (builtin->gzip) {
        file->forms[STATIC_GZIP] =
            (struct static_form){.data = builtin->gzip, .len = builtin->gzip_len};
        static_set_etag(files->arena, &file->forms[STATIC_GZIP], ".gz");
    }
    static_sort(files);
    return true;
}

struct static_files *static_files_load(const char *ui_dir, const struct static_builtin *builtins,
                                       size_t n_builtins)
{
    struct static_files *files = calloc(1, sizeof(*files));
    check(files);
    files->arena = arena_new(ARENA_BYTES);
    bool good = !ui_dir[0] || static_load_directory(files, ui_dir);
    const struct static_file *index = good ? static_find(files, "/index.html") : NULL;
    if (index) {
        struct static_file copy = *index;
        copy.path = "/";
        files->has_ui = true;
        files->files[files->n++] = copy;
        static_sort(files);
    }
    for (size_t i = 0; good && i < n_builtins; i++) {
        good = add_builtin(files, &builtins[i]);
    }
    if (!good) {
        static_files_free(files);
        return NULL;
    }
    return files;
}

void static_files_free(struct static_files *files)
{
    if (files) {
        arena_free(files->arena);
        free(files);
    }
}

static enum static_encoding choose(const struct static_file *file,
                                   const struct http_request *request)
{
    const char *list = http_header(request, "accept-encoding");
    if (file->forms[STATIC_BROTLI].data && http_accepts_coding(list, "br")) {
        return STATIC_BROTLI;
    }
    return file->forms[STATIC_GZIP].data && http_accepts_coding(list, "gzip") ? STATIC_GZIP
                                                                              : STATIC_PLAIN;
}

/* Whether If-None-Match names this tag; a weak one serves too. */
static bool is_known(const char *list, const char *etag)
{
    size_t etag_len = strlen(etag);
    while (list && *list) {
        list += strspn(list, " \t,");
        list += strncmp(list, "W/", 2) == 0 ? 2 : 0;
        size_t len = strcspn(list, " \t,");
        if ((len == 1 && *list == '*') || (len == etag_len && strncmp(list, etag, len) == 0)) {
            return true;
        }
        list += len;
    }
    return false;
}

static void send_file(struct http_exchange *exchange, const struct static_file *file)
{
    enum static_encoding encoding = choose(file, &exchange->request);
    const struct static_form *form = &file->forms[encoding];
    security_headers_add_page(exchange);
    http_add_header(exchange, "ETag", form->etag);
    http_add_header(exchange, "Cache-Control",
                    file->is_immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (file->forms[STATIC_BROTLI].data || file->forms[STATIC_GZIP].data) {
        http_add_header(exchange, "Vary", "Accept-Encoding");
    }
    if (is_known(http_header(&exchange->request, "if-none-match"), form->etag)) {
        http_send(exchange, 304, NULL);
        return;
    }
    http_add_header(exchange, "Content-Type", file->type);
    if (encoding != STATIC_PLAIN) {
        http_add_header(exchange, "Content-Encoding", encoding == STATIC_BROTLI ? "br" : "gzip");
    }
    http_send_bytes(exchange, 200, form->data, form->len);
}

static const char *joined(struct arena *arena, const struct url_path *path)
{
    const char *text = "";
    for (size_t i = 0; i < path->n_segments; i++) {
        text = arena_printf(arena, "%s/%s", text, path->segments[i]);
    }
    return path->has_trailing_slash ? arena_printf(arena, "%s/", text) : text;
}

/* A page of the UI that only its script knows: a browser asks for a page, and the path is not a
 * file's and not below what belongs to others. */
static bool is_page(const struct http_exchange *exchange, const struct url_path *path)
{
    static const char *const others[] = {"assets", "docs", "healthz", "metrics", "readyz"};
    const char *last = path->n_segments ? path->segments[path->n_segments - 1] : "";
    for (size_t i = 0; path->n_segments && i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(path->segments[0], others[i]) == 0) {
            return false;
        }
    }
    return http_list_has(http_header(&exchange->request, "accept"), "text/html") &&
           !strchr(last, '.');
}

bool static_files_serve(const struct static_files *files, struct http_exchange *exchange,
                        const struct url_path *path)
{
    static const struct http_fault not_allowed = {405, "Only GET and HEAD are allowed here."};
    struct static_files *table = (struct static_files *)files;
    const struct static_file *file = static_find(table, joined(exchange->arena, path));
    if (!file && files->has_ui && is_page(exchange, path)) {
        file = static_find(table, "/");
    }
    if (!file) {
        return false;
    }
    exchange->route = file->path;
    if (strcmp(exchange->request.method, "GET") != 0 && !exchange->is_head) {
        http_add_header(exchange, "Allow", "GET, HEAD");
        rest_errors_send_fault(exchange, &not_allowed);
        return true;
    }
    send_file(exchange, file);
    return true;
}
