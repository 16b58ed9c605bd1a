#include <string.h>

#include "services/common/message/json.h"

enum { WRITER_FIRST_BYTES = 1024, NUMBER_MAX = 21 };

/* Room for `bytes` more; the caller writes there and adds to len. */
static char *reserve(struct json_writer *writer, size_t bytes)
{
    if (writer->capacity - writer->len < bytes) {
        size_t capacity = writer->capacity ? writer->capacity * 2 : WRITER_FIRST_BYTES;
        while (capacity - writer->len < bytes) {
            capacity *= 2;
        }
        char *data = arena_alloc(writer->arena, capacity);
        if (writer->len) {
            memcpy(data, writer->data, writer->len);
        }
        writer->data = data;
        writer->capacity = capacity;
    }
    return writer->data + writer->len;
}

void json_raw(struct json_writer *writer, const char *data, size_t len)
{
    memcpy(reserve(writer, len), data, len);
    writer->len += len;
}

static void put(struct json_writer *writer, char c)
{
    *reserve(writer, 1) = c;
    writer->len++;
}

/* Before each value: the comma to the one before. */
static void value_begin(struct json_writer *writer)
{
    if (writer->comma) {
        put(writer, ',');
    }
    writer->comma = true;
}

void json_object_begin(struct json_writer *writer)
{
    value_begin(writer);
    put(writer, '{');
    writer->comma = false;
}

void json_object_end(struct json_writer *writer)
{
    put(writer, '}');
    writer->comma = true;
}

void json_array_begin(struct json_writer *writer)
{
    value_begin(writer);
    put(writer, '[');
    writer->comma = false;
}

void json_array_end(struct json_writer *writer)
{
    put(writer, ']');
    writer->comma = true;
}

/* `c` escaped at `at`; six bytes at most. */
static char *put_escaped(char *at, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                   ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    *at++ = '\\';
    if (letters[c]) {
        *at++ = letters[c];
        return at;
    }
    *at++ = 'u';
    *at++ = '0';
    *at++ = '0';
    *at++ = hex[c >> 4];
    *at++ = hex[c & 15];
    return at;
}

static void put_string(struct json_writer *writer, const char *text)
{
    size_t len = strlen(text);
    const char *at = text;
    const char *end = text + len;
    char *to = reserve(writer, len * 6 + 2);
    *to++ = '"';
    while (at < end) {
        const unsigned char c = (unsigned char)*at++;
        if (c >= 0x20 && c != '"' && c != '\\') {
            *to++ = (char)c;
        } else {
            to = put_escaped(to, c);
        }
    }
    *to++ = '"';
    writer->len = (size_t)(to - writer->data);
}

void json_key(struct json_writer *writer, const char *key)
{
    value_begin(writer);
    put_string(writer, key);
    put(writer, ':');
    writer->comma = false;
}

void json_string(struct json_writer *writer, const char *text)
{
    value_begin(writer);
    put_string(writer, text);
}

static void put_digits(struct json_writer *writer, uint64_t number, bool negative)
{
    char digits[NUMBER_MAX];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    if (negative) {
        digits[--at] = '-';
    }
    value_begin(writer);
    json_raw(writer, digits + at, sizeof(digits) - at);
}

void json_uint(struct json_writer *writer, uint64_t number)
{
    put_digits(writer, number, false);
}

void json_int(struct json_writer *writer, int64_t number)
{
    put_digits(writer, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, number < 0);
}

void json_bool(struct json_writer *writer, bool value)
{
    value_begin(writer);
    json_raw(writer, value ? "true" : "false", value ? 4 : 5);
}

void json_null(struct json_writer *writer)
{
    value_begin(writer);
    json_raw(writer, "null", 4);
}
