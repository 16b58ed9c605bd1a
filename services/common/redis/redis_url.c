#include "services/common/redis/redis_url.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PORT = 6379 };

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c | ('A' <= c && c <= 'F' ? 0x20 : 0)) : NULL;
    return found ? (int)(found - digits) : -1;
}

static const char *decode(struct arena *arena, const char *text, size_t len)
{
    char *decoded = arena_alloc(arena, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low >= 0) {
            decoded[n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            decoded[n++] = text[i];
        }
    }
    return decoded;
}

static bool is_db(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= 3 && strspn(text, "0123456789") == len;
}

static bool parse_query(struct arena *arena, const char *query, struct redis_url *url)
{
    while (*query) {
        size_t len = strcspn(query, "&");
        if (len > 9 && strncmp(query, "password=", 9) == 0) {
            url->password = decode(arena, query + 9, len - 9);
        } else if (len > 3 && strncmp(query, "db=", 3) == 0) {
            url->db = arena_strndup(arena, query + 3, len - 3);
        } else {
            return false;
        }
        query += len + (query[len] == '&' ? 1 : 0);
    }
    return !url->db || is_db(url->db);
}

static bool parse_unix(struct arena *arena, const char *text, struct redis_url *url)
{
    size_t len = strcspn(text, "?");
    url->path = decode(arena, text, len);
    return text[0] == '/' && len > 1 &&
           parse_query(arena, text[len] == '?' ? text + len + 1 : "", url);
}

static bool parse_host(struct arena *arena, const char *text, size_t len, struct redis_url *url)
{
    const char *colon = memchr(text, ':', len);
    if (text[0] == '[') {
        const char *end = memchr(text, ']', len);
        if (!end) {
            return false;
        }
        url->host = arena_strndup(arena, text + 1, (size_t)(end - text) - 1);
        colon = (size_t)(end - text) + 1 < len ? end + 1 : NULL;
        if (colon && *colon != ':') {
            return false;
        }
    } else {
        url->host = arena_strndup(arena, text, colon ? (size_t)(colon - text) : len);
    }
    url->port = DEFAULT_PORT;
    if (colon) {
        const char *port = arena_strndup(arena, colon + 1, len - (size_t)(colon - text) - 1);
        size_t digits = strspn(port, "0123456789");
        if (digits == 0 || digits > 5 || port[digits] != '\0') {
            return false;
        }
        url->port = (int)strtol(port, NULL, 10);
    }
    return url->host[0] != '\0' && url->port > 0 && url->port <= 65535;
}

static bool parse_tcp(struct arena *arena, const char *text, struct redis_url *url)
{
    size_t len = strcspn(text, "/");
    const char *at = memrchr(text, '@', len);
    if (at) {
        size_t credentials_len = (size_t)(at - text);
        const char *colon = memchr(text, ':', credentials_len);
        size_t user_len = colon ? (size_t)(colon - text) : credentials_len;
        if (user_len > 0) {
            url->user = decode(arena, text, user_len);
        }
        if (colon) {
            url->password = decode(arena, colon + 1, credentials_len - user_len - 1);
        }
        len -= credentials_len + 1;
        text = at + 1;
    }
    if (text[len] == '/' && text[len + 1] != '\0') {
        url->db = arena_strdup(arena, text + len + 1);
        if (!is_db(url->db)) {
            return false;
        }
    }
    return len > 0 && parse_host(arena, text, len, url);
}

bool redis_url_parse(struct arena *arena, const char *text, struct redis_url *ret_url)
{
    struct redis_url url = {0};
    bool valid = false;
    if (strncmp(text, "unix://", 7) == 0) {
        valid = parse_unix(arena, text + 7, &url);
    } else if (strncmp(text, "redis://", 8) == 0) {
        valid = parse_tcp(arena, text + 8, &url);
    }
    if (valid) {
        *ret_url = url;
    }
    return valid;
}
