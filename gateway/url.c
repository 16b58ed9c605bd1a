#include "gateway/url.h"

#include <string.h>

#include "services/common/message/utf8.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes `len` bytes into the arena; NULL if they are not decodable text. An escape of one of
 * `refused` is not. */
static char *decode(struct arena *arena, const char *text, size_t len, const char *refused)
{
    char *to = arena_alloc(arena, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return NULL;
            }
            c = (char)(high << 4 | low);
            if (c == '\0' || strchr(refused, c)) {
                return NULL;
            }
            i += 2;
        }
        to[n++] = c;
    }
    if (utf8_check(to, n) != UTF8_OK || memchr(to, '\t', n) || memchr(to, '\n', n)) {
        return NULL;
    }
    return to;
}

static bool is_dots(const char *segment)
{
    return strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0;
}

bool url_split_path(struct arena *arena, const char *path, struct url_path *ret_path)
{
    struct url_path split = {.has_trailing_slash = true};
    if (*path != '/') {
        return false;
    }
    path++;
    while (*path) {
        size_t len = strcspn(path, "/");
        if (len == 0 || split.n_segments == URL_SEGMENTS_MAX) {
            return false;
        }
        const char *segment = decode(arena, path, len, "/\\");
        if (!segment || is_dots(segment) || strchr(segment, '\\')) {
            return false;
        }
        split.segments[split.n_segments++] = segment;
        split.has_trailing_slash = path[len] == '/';
        path += len + (split.has_trailing_slash ? 1 : 0);
    }
    *ret_path = split;
    return true;
}

static char *decode_parameter(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_strndup(arena, text, len);
    for (char *c = copy; *c; c++) {
        if (*c == '+') {
            *c = ' ';
        }
    }
    return decode(arena, copy, len, "");
}

bool url_split_query(struct arena *arena, const char *query, struct url_query *ret_query)
{
    size_t n = 0;
    ret_query->n_parameters = 0;
    while (query && *query) {
        size_t len = strcspn(query, "&");
        if (len > 0) {
            size_t name_len = strcspn(query, "=&");
            size_t value_at = name_len < len ? name_len + 1 : len;
            if (n == URL_PARAMETERS_MAX) {
                return false;
            }
            struct url_parameter *parameter = &ret_query->parameters[n++];
            parameter->name = decode_parameter(arena, query, name_len);
            parameter->value = decode_parameter(arena, query + value_at, len - value_at);
            if (!parameter->name || !parameter->value) {
                return false;
            }
        }
        query += len + (query[len] == '&' ? 1 : 0);
    }
    ret_query->n_parameters = n;
    return true;
}

const char *url_parameter(const struct url_query *query, const char *name)
{
    for (size_t i = query->n_parameters; i > 0; i--) {
        if (strcmp(query->parameters[i - 1].name, name) == 0) {
            return query->parameters[i - 1].value;
        }
    }
    return NULL;
}

char *url_escape(struct arena *arena, const char *value)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *text = arena_alloc(arena, strlen(value) * 3 + 1);
    char *to = text;
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        if (strchr(plain, c)) {
            *to++ = (char)c;
        } else {
            *to++ = '%';
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        }
    }
    return text;
}
