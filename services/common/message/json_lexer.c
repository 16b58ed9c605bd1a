#include "services/common/message/json_lexer.h"

#include <string.h>

#include "services/common/message/json.h"

struct json_key {
    struct json_key *previous;
    struct json_slice name;
};

bool json_fail(struct json_lexer *lexer, const char *message)
{
    if (!lexer->fault) {
        lexer->fault =
            error_new(lexer->arena, REASON_REQUEST_INVALID, "JSON parse error - %s at byte %zu.",
                      message, (size_t)(lexer->at - lexer->start));
    }
    return false;
}

static void skip_space(struct json_lexer *lexer)
{
    while (lexer->at < lexer->end &&
           (*lexer->at == ' ' || *lexer->at == '\n' || *lexer->at == '\r' || *lexer->at == '\t')) {
        lexer->at++;
    }
}

static bool take_char(struct json_lexer *lexer, char c)
{
    skip_space(lexer);
    if (lexer->at == lexer->end || *lexer->at != c) {
        return false;
    }
    lexer->at++;
    return true;
}

bool json_at_end(struct json_lexer *lexer)
{
    skip_space(lexer);
    return lexer->at == lexer->end || json_fail(lexer, "extra data");
}

enum json_type json_peek(struct json_lexer *lexer)
{
    skip_space(lexer);
    if (lexer->at == lexer->end) {
        return JSON_NOTHING;
    }
    switch (*lexer->at) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOLEAN;
    case 'n':
        return JSON_NULL;
    default:
        return *lexer->at == '-' || (*lexer->at >= '0' && *lexer->at <= '9') ? JSON_NUMBER
                                                                             : JSON_NOTHING;
    }
}

static bool take_word(struct json_lexer *lexer, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(lexer->end - lexer->at) < len || memcmp(lexer->at, word, len) != 0) {
        return false;
    }
    lexer->at += len;
    return true;
}

bool json_take_boolean(struct json_lexer *lexer, bool *ret_value)
{
    *ret_value = take_word(lexer, "true");
    return *ret_value || take_word(lexer, "false") || json_fail(lexer, "expecting value");
}

bool json_take_null(struct json_lexer *lexer)
{
    return take_word(lexer, "null") || json_fail(lexer, "expecting value");
}

static bool take_digits(struct json_lexer *lexer)
{
    const char *start = lexer->at;
    while (lexer->at < lexer->end && *lexer->at >= '0' && *lexer->at <= '9') {
        lexer->at++;
    }
    return lexer->at > start;
}

static bool next_is(const struct json_lexer *lexer, const char *any_of)
{
    return lexer->at < lexer->end && *lexer->at != '\0' && strchr(any_of, *lexer->at) != NULL;
}

bool json_take_number(struct json_lexer *lexer, struct json_slice *ret_number)
{
    const char *start = lexer->at;
    if (next_is(lexer, "-")) {
        lexer->at++;
    }
    bool zero = next_is(lexer, "0");
    const char *digits = lexer->at;
    if (!take_digits(lexer) || (zero && lexer->at - digits > 1)) {
        return json_fail(lexer, "malformed number");
    }
    if (next_is(lexer, ".")) {
        lexer->at++;
        if (!take_digits(lexer)) {
            return json_fail(lexer, "malformed number");
        }
    }
    if (next_is(lexer, "eE")) {
        lexer->at++;
        if (next_is(lexer, "+-")) {
            lexer->at++;
        }
        if (!take_digits(lexer)) {
            return json_fail(lexer, "malformed number");
        }
    }
    *ret_number = (struct json_slice){start, (size_t)(lexer->at - start)};
    return true;
}

static bool take_hex4(struct json_lexer *lexer, uint32_t *ret_code)
{
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        char c = lexer->at < lexer->end ? *lexer->at : '\0';
        uint32_t digit;
        if (c >= '0' && c <= '9') {
            digit = (uint32_t)(c - '0');
        } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
            digit = (uint32_t)((c | 0x20) - 'a' + 10);
        } else {
            return json_fail(lexer, "malformed \\u escape");
        }
        code = code << 4 | digit;
        lexer->at++;
    }
    *ret_code = code;
    return true;
}

static size_t put_utf8(char *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* After "\u". A character beyond the basic plane comes as two escapes; half of such a pair is a
 * fault. */
static bool take_unicode(struct json_lexer *lexer, char *to, size_t *ret_len)
{
    uint32_t code;
    uint32_t low;
    if (!take_hex4(lexer, &code)) {
        return false;
    }
    if (code >= 0xdc00 && code <= 0xdfff) {
        return json_fail(lexer, "lone surrogate");
    }
    if (code >= 0xd800 && code <= 0xdbff) {
        if (!take_word(lexer, "\\u")) {
            return json_fail(lexer, "lone surrogate");
        }
        if (!take_hex4(lexer, &low)) {
            return false;
        }
        if (low < 0xdc00 || low > 0xdfff) {
            return json_fail(lexer, "lone surrogate");
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *ret_len = put_utf8(to, code);
    return true;
}

/* After a backslash. */
static bool take_escape(struct json_lexer *lexer, char *to, size_t *ret_len)
{
    static const char from_letters[] = "\"\\/bfnrt";
    static const char to_chars[] = "\"\\/\b\f\n\r\t";
    char c = lexer->at < lexer->end ? *lexer->at : '\0';
    if (c == 'u') {
        lexer->at++;
        return take_unicode(lexer, to, ret_len);
    }
    const char *found = c ? strchr(from_letters, c) : NULL;
    if (!found) {
        return json_fail(lexer, "malformed escape");
    }
    lexer->at++;
    *to = to_chars[found - from_letters];
    *ret_len = 1;
    return true;
}

/* The rest of a string from its first escape on. What is decoded is never longer than its source.
 */
static bool take_escaped_string(struct json_lexer *lexer, const char *start, const char *close,
                                struct json_slice *ret_string)
{
    char *data = arena_alloc(lexer->arena, (size_t)(close - start) + 1);
    size_t len = (size_t)(lexer->at - start);
    memcpy(data, start, len);
    while (lexer->at < close) {
        if (*lexer->at == '\\') {
            size_t n = 0;
            lexer->at++;
            if (!take_escape(lexer, data + len, &n)) {
                return false;
            }
            len += n;
        } else {
            data[len++] = *lexer->at++;
        }
    }
    lexer->at = close + 1;
    *ret_string = (struct json_slice){data, len};
    return true;
}

bool json_take_string(struct json_lexer *lexer, struct json_slice *ret_string)
{
    const char *start = ++lexer->at;
    const char *first_escape = NULL;
    const char *at = start;
    while (at < lexer->end && *at != '"') {
        if ((unsigned char)*at < 0x20) {
            lexer->at = at;
            return json_fail(lexer, "invalid control character");
        }
        if (*at == '\\') {
            first_escape = first_escape ? first_escape : at;
            at++;
        }
        at++;
    }
    if (at >= lexer->end) {
        lexer->at = lexer->end;
        return json_fail(lexer, "unterminated string");
    }
    if (first_escape) {
        lexer->at = first_escape;
        return take_escaped_string(lexer, start, at, ret_string);
    }
    *ret_string = (struct json_slice){start, (size_t)(at - start)};
    lexer->at = at + 1;
    return true;
}

static bool enter(struct json_lexer *lexer)
{
    lexer->at++;
    lexer->depth++;
    return lexer->depth <= JSON_DEPTH_MAX || json_fail(lexer, "nested too deeply");
}

bool json_object_open(struct json_lexer *lexer)
{
    return enter(lexer);
}

static bool remember_key(struct json_lexer *lexer, struct json_keys *keys, struct json_slice name)
{
    for (const struct json_key *key = keys->last; key; key = key->previous) {
        if (key->name.len == name.len && memcmp(key->name.data, name.data, name.len) == 0) {
            return json_fail(lexer, "duplicate key");
        }
    }
    if (keys->n == JSON_KEYS_MAX) {
        return json_fail(lexer, "too many keys");
    }
    struct json_key *key = arena_alloc(lexer->arena, sizeof(*key));
    *key = (struct json_key){.previous = keys->last, .name = name};
    keys->last = key;
    keys->n++;
    return true;
}

bool json_object_next(struct json_lexer *lexer, struct json_keys *keys, struct json_slice *ret_key)
{
    if (lexer->fault) {
        return false;
    }
    if (take_char(lexer, '}')) {
        lexer->depth--;
        return false;
    }
    if (keys->n > 0 && !take_char(lexer, ',')) {
        return json_fail(lexer, "expecting ',' delimiter");
    }
    if (json_peek(lexer) != JSON_STRING) {
        return json_fail(lexer, "expecting property name enclosed in double quotes");
    }
    if (!json_take_string(lexer, ret_key) || !remember_key(lexer, keys, *ret_key)) {
        return false;
    }
    return take_char(lexer, ':') || json_fail(lexer, "expecting ':' delimiter");
}

bool json_array_open(struct json_lexer *lexer)
{
    return enter(lexer);
}

bool json_array_next(struct json_lexer *lexer, bool *first)
{
    if (lexer->fault) {
        return false;
    }
    if (take_char(lexer, ']')) {
        lexer->depth--;
        return false;
    }
    if (!*first && !take_char(lexer, ',')) {
        return json_fail(lexer, "expecting ',' delimiter");
    }
    *first = false;
    return true;
}

static bool skip_object(struct json_lexer *lexer)
{
    struct json_keys keys = {0};
    struct json_slice key;
    if (!json_object_open(lexer)) {
        return false;
    }
    while (json_object_next(lexer, &keys, &key)) {
        if (!json_skip(lexer)) {
            return false;
        }
    }
    return !lexer->fault;
}

static bool skip_array(struct json_lexer *lexer)
{
    bool first = true;
    if (!json_array_open(lexer)) {
        return false;
    }
    while (json_array_next(lexer, &first)) {
        if (!json_skip(lexer)) {
            return false;
        }
    }
    return !lexer->fault;
}

bool json_skip(struct json_lexer *lexer)
{
    struct json_slice slice;
    bool boolean;
    switch (json_peek(lexer)) {
    case JSON_NULL:
        return json_take_null(lexer);
    case JSON_BOOLEAN:
        return json_take_boolean(lexer, &boolean);
    case JSON_NUMBER:
        return json_take_number(lexer, &slice);
    case JSON_STRING:
        return json_take_string(lexer, &slice);
    case JSON_ARRAY:
        return skip_array(lexer);
    case JSON_OBJECT:
        return skip_object(lexer);
    default:
        return json_fail(lexer, "expecting value");
    }
}
