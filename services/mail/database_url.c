#include "services/mail/database_url.h"

#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* NULL if an escape is malformed or the text holds a control character. */
static char *decode(struct arena *arena, const char *text, size_t len)
{
    char *out = arena_alloc(arena, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 1 < len ? hex_value(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        if ((unsigned char)c < 0x20 || c == 0x7f) {
            return NULL;
        }
        out[n++] = c;
    }
    return out;
}

/* "key=value" of the query. Settings that are none of the parts (sslmode ...) are refused: they
 * would be lost. */
static bool take_setting(struct arena *arena, const char *text, size_t len,
                         struct database_url *url)
{
    const char *equals = memchr(text, '=', len);
    if (!equals) {
        return false;
    }
    char *name = decode(arena, text, (size_t)(equals - text));
    char *value = decode(arena, equals + 1, len - (size_t)(equals + 1 - text));
    const struct {
        const char *name;
        const char **part;
    } parts[] = {
        {"host", &url->host}, {"port", &url->port},         {"dbname", &url->name},
        {"user", &url->user}, {"password", &url->password},
    };
    for (size_t i = 0; name && value && i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(parts[i].name, name) == 0) {
            *parts[i].part = value;
            return true;
        }
    }
    return false;
}

static bool take_query(struct arena *arena, const char *query, struct database_url *url)
{
    while (*query) {
        size_t len = strcspn(query, "&");
        if (!take_setting(arena, query, len, url)) {
            return false;
        }
        query += len + (query[len] == '&');
    }
    return true;
}

static bool take_credentials(struct arena *arena, const char *text, size_t len,
                             struct database_url *url)
{
    const char *colon = memchr(text, ':', len);
    size_t user_len = colon ? (size_t)(colon - text) : len;
    url->user = decode(arena, text, user_len);
    if (colon) {
        url->password = decode(arena, colon + 1, len - user_len - 1);
    }
    return url->user && url->password;
}

/* host, host:port, [v6]:port */
static bool take_host(struct arena *arena, const char *text, size_t len, struct database_url *url)
{
    const char *end = text + len;
    const char *closing = len && text[0] == '[' ? memchr(text, ']', len) : NULL;
    const char *colon =
        memchr(closing ? closing : text, ':', (size_t)(end - (closing ? closing : text)));
    const char *host_end = closing ? closing : colon ? colon : end;
    const char *host = closing ? text + 1 : text;
    if (memchr(text, ',', len)) {
        return false;
    }
    if (host_end > host) {
        url->host = decode(arena, host, (size_t)(host_end - host));
    }
    if (colon && colon + 1 < end) {
        url->port = decode(arena, colon + 1, (size_t)(end - colon - 1));
    }
    return url->host && url->port;
}

static bool is_port(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= 5 && strspn(text, "0123456789") == len;
}

bool database_url_parse(struct arena *arena, const char *text, struct database_url *ret_url,
                        const char **ret_fault)
{
    struct database_url url = {.host = "", .port = "5432", .name = "", .user = "", .password = ""};
    *ret_fault = "the database URL must be postgresql://USER:PASSWORD@HOST:PORT/NAME";
    const char *rest = NULL;
    if (strncmp(text, "postgresql://", 13) == 0) {
        rest = text + 13;
    } else if (strncmp(text, "postgres://", 11) == 0) {
        rest = text + 11;
    }
    if (!rest) {
        return false;
    }
    size_t authority_len = strcspn(rest, "/?");
    const char *at = memrchr(rest, '@', authority_len);
    const char *host = at ? at + 1 : rest;
    if (at && !take_credentials(arena, rest, (size_t)(at - rest), &url)) {
        return false;
    }
    if (!take_host(arena, host, (size_t)(rest + authority_len - host), &url)) {
        return false;
    }
    rest += authority_len;
    if (*rest == '/') {
        size_t len = strcspn(rest + 1, "?");
        url.name = decode(arena, rest + 1, len);
        rest += 1 + len;
    }
    if (*rest == '?' && !take_query(arena, rest + 1, &url)) {
        return false;
    }
    if (!url.name || !*url.name || !*url.user || !is_port(url.port)) {
        return false;
    }
    *ret_url = url;
    return true;
}

static char *encode(struct arena *arena, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    char *out = arena_alloc(arena, 3 * strlen(text) + 1);
    size_t n = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (strchr(plain, *c)) {
            out[n++] = (char)*c;
        } else {
            out[n++] = '%';
            out[n++] = digits[*c >> 4];
            out[n++] = digits[*c & 15];
        }
    }
    return out;
}

char *database_url_format(struct arena *arena, const struct database_url *url)
{
    const char *colon = *url->password ? ":" : "";
    const char *user = encode(arena, url->user);
    const char *password = encode(arena, url->password);
    const char *name = encode(arena, url->name);
    const char *host = encode(arena, url->host);
    if (!*url->host || *url->host == '/') {
        return arena_printf(arena, "postgresql://%s%s%s@/%s?host=%s&port=%s", user, colon, password,
                            name, host, url->port);
    }
    const char *open = strchr(url->host, ':') ? "[" : "";
    const char *close = *open ? "]" : "";
    return arena_printf(arena, "postgresql://%s%s%s@%s%s%s:%s/%s", user, colon, password, open,
                        *open ? url->host : host, close, url->port, name);
}
