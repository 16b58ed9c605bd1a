#include "services/common/message/wire_check.h"

#include <stdbool.h>
#include <string.h>

#include "services/common/message/meta.h"
#include "services/common/message/utf8.h"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LEN = 2, WIRE_FIXED32 = 5 };

struct wire_cursor {
    const uint8_t *at;
    const uint8_t *end;
};

/* One message on the way down; the chain is the path of a fault. */
struct wire_level {
    const struct wire_level *parent;
    const char *name; /* of the field in the parent, NULL at the top */
    const ProtobufCMessageDescriptor *descriptor;
    const struct message_meta *meta; /* NULL where nothing is known */
    int depth;
};

static bool take_varint(struct wire_cursor *cursor, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (cursor->at == cursor->end) {
            return false;
        }
        uint8_t byte = *cursor->at++;
        if (shift < 64) {
            value |= (uint64_t)(byte & 0x7f) << shift;
        }
        if (byte < 0x80) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct wire_cursor *cursor, uint64_t len, struct wire_cursor *ret_bytes)
{
    if (len > (uint64_t)(cursor->end - cursor->at)) {
        return false;
    }
    ret_bytes->at = cursor->at;
    cursor->at += len;
    ret_bytes->end = cursor->at;
    return true;
}

/* Steps over one value; for a length-delimited one *ret_bytes is its content. */
static bool take_value(struct wire_cursor *cursor, unsigned wire_type,
                       struct wire_cursor *ret_bytes)
{
    uint64_t number = 0;
    switch (wire_type) {
    case WIRE_VARINT:
        return take_varint(cursor, &number);
    case WIRE_FIXED64:
        return take_bytes(cursor, 8, ret_bytes);
    case WIRE_FIXED32:
        return take_bytes(cursor, 4, ret_bytes);
    case WIRE_LEN:
        return take_varint(cursor, &number) && take_bytes(cursor, number, ret_bytes);
    default:
        return false;
    }
}

static const struct error *malformed(struct arena *arena)
{
    return error_new(arena, REASON_REQUEST_INVALID, "The message is malformed.");
}

static const char *level_path(struct arena *arena, const struct wire_level *level, const char *name)
{
    for (; level && level->name; level = level->parent) {
        name = arena_printf(arena, "%s.%s", level->name, name);
    }
    return name;
}

static const struct error *check_string(struct arena *arena, const struct wire_level *level,
                                        size_t index, struct wire_cursor text)
{
    size_t len = (size_t)(text.end - text.at);
    size_t max_bytes =
        level->meta ? level->meta->fields[index].max_bytes : MESSAGE_STRING_MAX_BYTES;
    const char *name = level->descriptor->fields[index].name;
    if (len > max_bytes) {
        return error_on_field(arena, REASON_FIELD_TOO_LONG, level_path(arena, level, name),
                              "Ensure this field has no more than %zu bytes.", max_bytes);
    }
    switch (utf8_check((const char *)text.at, len)) {
    case UTF8_OK:
        return NULL;
    case UTF8_CONTROL:
        return error_on_field(arena, REASON_FIELD_INVALID, level_path(arena, level, name),
                              "Control characters are not allowed.");
    default:
        return error_on_field(arena, REASON_FIELD_INVALID, level_path(arena, level, name),
                              "Not valid UTF-8.");
    }
}

static const struct error *check_level(struct arena *arena, const struct wire_level *level,
                                       struct wire_cursor cursor);

static const struct error *check_field(struct arena *arena, const struct wire_level *level,
                                       size_t index, struct wire_cursor bytes)
{
    const ProtobufCFieldDescriptor *field = &level->descriptor->fields[index];
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        return check_string(arena, level, index, bytes);
    }
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return NULL;
    }
    struct wire_level child = {
        .parent = level,
        .name = field->name,
        .descriptor = field->descriptor,
        .meta =
            level->meta ? level->meta->fields[index].child : message_meta_find(field->descriptor),
        .depth = level->depth + 1,
    };
    return check_level(arena, &child, bytes);
}

static const struct error *check_level(struct arena *arena, const struct wire_level *level,
                                       struct wire_cursor cursor)
{
    if (level->depth > WIRE_DEPTH_MAX) {
        return error_new(arena, REASON_REQUEST_INVALID, "The message is nested too deeply.");
    }
    while (cursor.at < cursor.end) {
        uint64_t key;
        struct wire_cursor bytes = {NULL, NULL};
        if (!take_varint(&cursor, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX >> 3 ||
            !take_value(&cursor, key & 7, &bytes)) {
            return malformed(arena);
        }
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(level->descriptor, (unsigned)(key >> 3));
        if (!field || (key & 7) != WIRE_LEN) {
            continue;
        }
        const struct error *err =
            check_field(arena, level, (size_t)(field - level->descriptor->fields), bytes);
        if (err) {
            return err;
        }
    }
    return NULL;
}

const struct error *wire_check(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                               const uint8_t *data, size_t len)
{
    const struct wire_level top = {.descriptor = descriptor, .meta = message_meta_find(descriptor)};
    return check_level(arena, &top, (struct wire_cursor){data, data + len});
}
