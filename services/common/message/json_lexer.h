/* The grammar of RFC 8259 over a buffer. The first fault stops the document and is the one
 * reported. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/arena/arena.h"
#include "services/common/error/error.h"

/* Beyond the types a value can have: where none starts. */
enum json_type {
    JSON_NULL,
    JSON_BOOLEAN,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
    JSON_NOTHING
};

struct json_lexer {
    struct arena *arena;
    const char *start;
    const char *at;
    const char *end;
    int depth;
    const struct error *fault; /* NULL as long as the document is good */
};

/* Bytes in the document or, for a string with escapes, in the arena; not terminated. */
struct json_slice {
    const char *data;
    size_t len;
};

/* The keys of an object so far, zero at its beginning. */
struct json_keys {
    struct json_key *last;
    size_t n;
};

/* Records a fault of the document; keeps the first. Returns false. */
bool json_fail(struct json_lexer *lexer, const char *message);
/* The type of the value that comes next, after white space. */
enum json_type json_peek(struct json_lexer *lexer);
/* All of these return false when the document is faulty. */
bool json_take_boolean(struct json_lexer *lexer, bool *ret_value);
bool json_take_null(struct json_lexer *lexer);
/* The text of a number. */
bool json_take_number(struct json_lexer *lexer, struct json_slice *ret_number);
bool json_take_string(struct json_lexer *lexer, struct json_slice *ret_string);
/* An object: `open`, then `next` until it returns false, with *ret_key set each time and the value
 * to be taken in between. A key that comes twice is a fault. Look at lexer->fault when `next`
 * returns false. */
bool json_object_open(struct json_lexer *lexer);
bool json_object_next(struct json_lexer *lexer, struct json_keys *keys, struct json_slice *ret_key);
/* An array, likewise; *first is true before the first call. */
bool json_array_open(struct json_lexer *lexer);
bool json_array_next(struct json_lexer *lexer, bool *first);
/* Steps over one value of any type, checking it. */
bool json_skip(struct json_lexer *lexer);
/* Only white space is left. */
bool json_at_end(struct json_lexer *lexer);
