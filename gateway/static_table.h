/* The table behind static_files.h. Private to static_*.c. */
#pragma once

#include "gateway/static_files.h"

enum { STATIC_FILES_MAX = 4096 };

/* In the order of preference but for the plain one. */
enum static_encoding { STATIC_PLAIN, STATIC_BROTLI, STATIC_GZIP, STATIC_FORMS };

struct static_form {
    const unsigned char *data; /* NULL: not there */
    size_t len;
    const char *etag; /* with its quotes */
};

struct static_file {
    const char *path;
    const char *type;
    bool is_immutable;
    struct static_form forms[STATIC_FORMS];
};

struct static_files {
    struct arena *arena;
    bool has_ui;
    size_t n;
    struct static_file files[STATIC_FILES_MAX]; /* sorted by path */
};

/* type NULL: by the extension. NULL if the table is full. */
struct static_file *static_add(struct static_files *files, const char *path, const char *type);
void static_set_etag(struct arena *arena, struct static_form *form, const char *suffix);
void static_sort(struct static_files *files);
struct static_file *static_find(struct static_files *files, const char *path);
/* False after an error in the log. */
bool static_load_directory(struct static_files *files, const char *directory);
