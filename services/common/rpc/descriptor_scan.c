#include "services/common/rpc/descriptor_scan.h"

#include <string.h>

enum { MAX_DEPTH = 32 };

/* Field numbers of google/protobuf/descriptor.proto. */
enum {
    FILE_NAME = 1,
    FILE_PACKAGE = 2,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    FILE_EXTENSION = 7,
    MESSAGE_FIELD = 2,
    MESSAGE_NESTED = 3,
    MESSAGE_ENUM = 4,
    MESSAGE_EXTENSION = 6,
    MESSAGE_ONEOF = 8,
    ENUM_VALUE = 2,
    SERVICE_METHOD = 2,
    FIELD_EXTENDEE = 2,
    FIELD_NUMBER = 3,
    ANY_NAME = 1, /* of message, field, enum, value, service, method, oneof */
};

static bool take_varint(struct scan_bytes *rest, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && rest->len > 0; shift += 7) {
        uint8_t byte = *rest->data++;
        rest->len--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

/* One field of any kind: bytes for wire type 2, a number for varints. */
static bool take_field(struct scan_bytes *rest, uint32_t *ret_number, struct scan_bytes *ret_bytes,
                       uint64_t *ret_integer)
{
    uint64_t tag, len;
    if (!take_varint(rest, &tag)) {
        return false;
    }
    *ret_number = (uint32_t)(tag >> 3);
    *ret_bytes = (struct scan_bytes){NULL, 0};
    *ret_integer = 0;
    switch (tag & 7) {
    case 0:
        return take_varint(rest, ret_integer);
    case 1:
        len = 8;
        break;
    case 2:
        if (!take_varint(rest, &len)) {
            return false;
        }
        break;
    case 5:
        len = 4;
        break;
    default:
        return false;
    }
    if (len > rest->len) {
        return false;
    }
    if ((tag & 7) == 2) {
        *ret_bytes = (struct scan_bytes){rest->data, (size_t)len};
    }
    rest->data += len;
    rest->len -= (size_t)len;
    return true;
}

bool scan_next(struct scan_bytes *rest, uint32_t number, struct scan_bytes *ret_value)
{
    uint32_t found;
    uint64_t integer;
    while (rest->len > 0 && take_field(rest, &found, ret_value, &integer)) {
        if (found == number && ret_value->data) {
            return true;
        }
    }
    return false;
}

uint64_t scan_integer(struct scan_bytes message, uint32_t number)
{
    uint32_t found;
    struct scan_bytes bytes;
    uint64_t integer, last = 0;
    while (message.len > 0 && take_field(&message, &found, &bytes, &integer)) {
        last = found == number ? integer : last;
    }
    return last;
}

bool scan_is(struct scan_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

static struct scan_bytes field_of(struct scan_bytes message, uint32_t number)
{
    struct scan_bytes value;
    return scan_next(&message, number, &value) ? value
                                               : (struct scan_bytes){(const uint8_t *)"", 0};
}

struct scan_bytes scan_file_name(struct scan_bytes file)
{
    return field_of(file, FILE_NAME);
}

/* What follows "<scope>." in `symbol`; NULL if it does not begin so. */
static const char *inside(struct scan_bytes scope, const char *symbol)
{
    if (strlen(symbol) <= scope.len + 1 || memcmp(symbol, scope.data, scope.len) != 0 ||
        symbol[scope.len] != '.') {
        return NULL;
    }
    return symbol + scope.len + 1;
}

/* Whether one of the children in field `number` has this name. */
static bool has_child(struct scan_bytes parent, uint32_t number, const char *name)
{
    struct scan_bytes child;
    while (scan_next(&parent, number, &child)) {
        if (scan_is(field_of(child, ANY_NAME), name)) {
            return true;
        }
    }
    return false;
}

/* An enum's values are siblings of the enum. */
static bool enums_define(struct scan_bytes parent, uint32_t number, const char *symbol)
{
    struct scan_bytes child;
    while (scan_next(&parent, number, &child)) {
        if (scan_is(field_of(child, ANY_NAME), symbol) || has_child(child, ENUM_VALUE, symbol)) {
            return true;
        }
    }
    return false;
}

static bool messages_define(struct scan_bytes parent, uint32_t number, const char *symbol,
                            int depth)
{
    struct scan_bytes child;
    while (depth < MAX_DEPTH && scan_next(&parent, number, &child)) {
        struct scan_bytes name = field_of(child, ANY_NAME);
        if (scan_is(name, symbol)) {
            return true;
        }
        const char *rest = inside(name, symbol);
        if (rest &&
            (has_child(child, MESSAGE_FIELD, rest) || has_child(child, MESSAGE_ONEOF, rest) ||
             has_child(child, MESSAGE_EXTENSION, rest) || enums_define(child, MESSAGE_ENUM, rest) ||
             messages_define(child, MESSAGE_NESTED, rest, depth + 1))) {
            return true;
        }
    }
    return false;
}

bool scan_file_defines(struct scan_bytes file, const char *symbol)
{
    struct scan_bytes package = field_of(file, FILE_PACKAGE);
    const char *rest = package.len > 0 ? inside(package, symbol) : symbol;
    if (!rest) {
        return false;
    }
    if (messages_define(file, FILE_MESSAGE, rest, 0) || enums_define(file, FILE_ENUM, rest) ||
        has_child(file, FILE_EXTENSION, rest)) {
        return true;
    }
    struct scan_bytes service;
    while (scan_next(&file, FILE_SERVICE, &service)) {
        struct scan_bytes name = field_of(service, ANY_NAME);
        const char *method = inside(name, rest);
        if (scan_is(name, rest) || (method && has_child(service, SERVICE_METHOD, method))) {
            return true;
        }
    }
    return false;
}

static bool extensions_in(struct scan_bytes parent, uint32_t number, const char *type,
                          bool (*fn)(void *ctx, int32_t number), void *ctx)
{
    struct scan_bytes field;
    while (scan_next(&parent, number, &field)) {
        struct scan_bytes extendee = field_of(field, FIELD_EXTENDEE);
        /* Compilers write it fully qualified, with a leading dot. */
        if (extendee.len > 0 && extendee.data[0] == '.') {
            extendee.data++;
            extendee.len--;
        }
        if (scan_is(extendee, type) && !fn(ctx, (int32_t)scan_integer(field, FIELD_NUMBER))) {
            return false;
        }
    }
    return true;
}

static bool extensions_below(struct scan_bytes parent, uint32_t number, const char *type,
                             bool (*fn)(void *ctx, int32_t number), void *ctx, int depth)
{
    struct scan_bytes message;
    while (depth < MAX_DEPTH && scan_next(&parent, number, &message)) {
        if (!extensions_in(message, MESSAGE_EXTENSION, type, fn, ctx) ||
            !extensions_below(message, MESSAGE_NESTED, type, fn, ctx, depth + 1)) {
            return false;
        }
    }
    return true;
}

void scan_extensions(struct scan_bytes file, const char *type,
                     bool (*fn)(void *ctx, int32_t number), void *ctx)
{
    if (extensions_in(file, FILE_EXTENSION, type, fn, ctx)) {
        extensions_below(file, FILE_MESSAGE, type, fn, ctx, 0);
    }
}
