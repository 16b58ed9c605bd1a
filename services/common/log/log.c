#include "services/common/log/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "services/common/clock/clock.h"
#include "services/common/log/log_gather.h"

enum {
    LOG_LINE_BYTES = 16384,
    LOG_VALUE_BYTES = 4096,
    LOG_SERVICE_BYTES = 64,
    LOG_MARGIN_BYTES = 64, /* a line that reaches into it may have lost pieces */
    NUMBER_BYTES = 20,     /* digits of a 64 bit number and its sign */
};

/* Set by log_open before any thread starts, then only read. */
static struct {
    char service[LOG_SERVICE_BYTES];
    enum log_level level;
    enum log_format format;
} options = {.level = LOG_INFO, .format = LOG_JSON};

/* A line under construction. What does not fit is dropped; the last byte is kept for the newline.
 */
struct line {
    size_t len;
    char text[LOG_LINE_BYTES];
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_open(const char *service, enum log_level level, enum log_format format)
{
    snprintf(options.service, sizeof(options.service), "%s", service);
    options.level = level;
    options.format = format;
}

bool log_is_enabled(enum log_level level)
{
    return level >= options.level;
}

/* Room is left for the closing brace and the newline. */
static void put(struct line *line, const char *text, size_t len)
{
    if (len <= sizeof(line->text) - 2 - line->len) {
        memcpy(line->text + line->len, text, len);
        line->len += len;
    }
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* Decodes one UTF-8 character; its length is at least 1. Bytes that are not UTF-8 are U+FFFD, one
 * at a time. */
static uint32_t decode(const unsigned char *text, size_t len, size_t *ret_len)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    uint32_t c = n == 1 ? text[0] : text[0] & (0xffu >> (n + 1));

    *ret_len = 1;
    if (n == 1) {
        return c;
    }
    if (text[0] < 0xc2 || text[0] > 0xf4 || len < n) {
        return 0xfffd;
    }
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0xfffd;
        }
        c = c << 6 | (text[i] & 0x3f);
    }
    if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return 0xfffd;
    }
    *ret_len = n;
    return c;
}

/* Control characters, and those that reorder or break the line where it is displayed. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
           c == 0xfffd;
}

/* How many characters at the beginning stand for themselves: most values are all such. */
static size_t plain_len(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && text[n] >= ' ' && text[n] <= '~' && text[n] != '"' && text[n] != '\\') {
        n++;
    }
    return n;
}

static void put_quoted(struct line *line, const char *value)
{
    size_t len = strnlen(value, LOG_VALUE_BYTES + 1);
    bool is_cut = len > LOG_VALUE_BYTES;
    size_t n;

    if (is_cut) {
        len = LOG_VALUE_BYTES;
    }
    put(line, "\"", 1);
    for (size_t i = 0; i < len; i += n) {
        char escape[16];
        uint32_t c;

        n = plain_len(value + i, len - i);
        if (n > 0) {
            put(line, value + i, n);
            continue;
        }
        c = decode((const unsigned char *)value + i, len - i, &n);
        if (c == '"' || c == '\\') {
            escape[0] = '\\';
            escape[1] = (char)c;
            put(line, escape, 2);
        } else if (c == '\n') {
            put(line, "\\n", 2);
        } else if (is_unsafe(c)) {
            put(line, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
        } else {
            put(line, value + i, n);
        }
    }
    put_text(line, is_cut ? "...\"" : "\"");
}

/* A logfmt value without quotes: letters, digits and some punctuation. */
static bool is_bare(const char *value)
{
    size_t n =
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@+");

    return n > 0 && value[n] == '\0' && n <= LOG_VALUE_BYTES;
}

static void put_key(struct line *line, const char *key)
{
    if (options.format == LOG_JSON) {
        put_text(line, line->len == 0 ? "{" : ",");
        put_quoted(line, key);
        put(line, ":", 1);
    } else {
        if (line->len > 0) {
            put(line, " ", 1);
        }
        put_text(line, key);
        put(line, "=", 1);
    }
}

static void put_number(struct line *line, int64_t number)
{
    char text[NUMBER_BYTES];
    size_t at = sizeof(text);
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        text[--at] = '-';
    }
    put(line, text + at, sizeof(text) - at);
}

static void put_value(struct line *line, const struct log_field *field)
{
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        if (options.format == LOG_LOGFMT && is_bare(field->text)) {
            put_text(line, field->text);
        } else {
            put_quoted(line, field->text);
        }
        return;
    case LOG_FIELD_INT:
        put_number(line, field->number);
        return;
    case LOG_FIELD_BOOL:
        put_text(line, field->number ? "true" : "false");
        return;
    }
}

/* A field that does not fit is left out as a whole, so that the line stays well-formed. */
static void put_field(struct line *line, const struct log_field *field)
{
    size_t start = line->len;

    if (field->kind == LOG_FIELD_TEXT && !field->text) {
        return;
    }
    put_key(line, field->key);
    put_value(line, field);
    if (line->len > sizeof(line->text) - LOG_MARGIN_BYTES) {
        line->len = start;
    }
}

/* The second is remembered: what comes in it differs by its milliseconds only. */
static const char *time_text(void)
{
    static _Thread_local struct {
        time_t second;
        char text[40];
        char *fraction; /* in text */
    } last;
    int64_t now_us = clock_wall_us();
    time_t second = (time_t)(now_us / 1000000);
    int millis = (int)(now_us / 1000 % 1000);

    if (!last.fraction || second != last.second) {
        struct tm tm;

        gmtime_r(&second, &tm);
        last.second = second;
        last.fraction = last.text + strftime(last.text, sizeof(last.text), "%FT%T.000Z", &tm) - 4;
    }
    last.fraction[0] = (char)('0' + millis / 100);
    last.fraction[1] = (char)('0' + millis / 10 % 10);
    last.fraction[2] = (char)('0' + millis % 10);
    return last.text;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t n_fields)
{
    struct log_field head[4];
    struct line line;

    if (!log_is_enabled(level)) {
        return;
    }
    line.len = 0;
    head[0] = log_str("time", time_text());
    head[1] = log_str("level", level_names[level]);
    head[2] = log_str("service", options.service);
    head[3] = log_str("event", event);
    for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
        put_field(&line, &head[i]);
    }
    for (size_t i = 0; i < n_fields; i++) {
        put_field(&line, &fields[i]);
    }
    if (options.format == LOG_JSON) {
        line.text[line.len++] = '}';
    }
    line.text[line.len++] = '\n';
    gather_put(line.text, line.len, level >= LOG_WARN);
}
