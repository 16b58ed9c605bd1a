/*
 * The pages: files of the web UI, read once at start, and those that are built in. Nothing is read
 * from disk afterwards, so no request can name a file that was not there.
 */
#pragma once

#include "gateway/http.h"
#include "gateway/url.h"

struct static_files;

/* A file that is part of the program. `gzip` may be NULL. */
struct static_builtin {
    const char *path; /* "/docs/api/" */
    const char *type;
    const unsigned char *data;
    size_t len;
    const unsigned char *gzip;
    size_t gzip_len;
};

/* ui_dir "": no web UI. NULL after an error in the log. A file of the UI goes before a built-in
 * one; "/" is its index.html. Files beside "x" named "x.br" and "x.gz" are its compressed forms.
 * Hidden files and symbolic links are left out. */
struct static_files *static_files_load(const char *ui_dir, const struct static_builtin *builtins,
                                       size_t n_builtins);
void static_files_free(struct static_files *files);

/* Answers the request if the path is a file's, or if a browser asks for a page of the UI that only
 * its script knows. False if it is neither. */
bool static_files_serve(const struct static_files *files, struct http_exchange *exchange,
                        const struct url_path *path);
