#include "services/common/message/message.h"

#include <string.h>

#include "services/common/message/wire_check.h"

void *message_new(struct arena *arena, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_alloc(arena, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, message);
    return message;
}

const struct error *message_unpack(struct arena *arena,
                                   const ProtobufCMessageDescriptor *descriptor,
                                   const uint8_t *data, size_t len, ProtobufCMessage **ret_message)
{
    const struct error *err = wire_check(arena, descriptor, data, len);
    if (err) {
        return err;
    }
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, arena_allocator(arena), len, data);
    if (!message) {
        return error_new(arena, REASON_REQUEST_INVALID, "The message is malformed.");
    }
    *ret_message = message;
    return NULL;
}

uint8_t *message_pack(struct arena *arena, const ProtobufCMessage *message, size_t *ret_len)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_alloc(arena, len ? len : 1);
    protobuf_c_message_pack(message, data);
    *ret_len = len;
    return data;
}

ProtobufCMessage *message_copy(struct arena *arena, const ProtobufCMessage *message)
{
    size_t len;
    uint8_t *data = message_pack(arena, message, &len);
    ProtobufCMessage *copy =
        protobuf_c_message_unpack(message->descriptor, arena_allocator(arena), len, data);
    check(copy);
    return copy;
}

const ProtobufCFieldDescriptor *message_field(const ProtobufCMessageDescriptor *descriptor,
                                              const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(descriptor, name);
}

/* Whether a field without presence differs from its default of zero or "". */
static bool is_set(const ProtobufCFieldDescriptor *field, const void *slot)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)slot;
        return text && text[0] != '\0';
    }
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)slot)->len > 0;
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(const void *const *)slot != NULL;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return *(const uint64_t *)slot != 0;
    case PROTOBUF_C_TYPE_DOUBLE:
        return *(const double *)slot != 0;
    case PROTOBUF_C_TYPE_FLOAT:
        return *(const float *)slot != 0;
    default:
        return *(const uint32_t *)slot != 0;
    }
}

bool message_has_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *base = (const char *)message;
    const void *slot = base + field->offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return *(const size_t *)(base + field->quantifier_offset) > 0;
    }
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        return *(const uint32_t *)(base + field->quantifier_offset) == field->id;
    }
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_MESSAGE &&
        field->type != PROTOBUF_C_TYPE_STRING) {
        return *(const protobuf_c_boolean *)(base + field->quantifier_offset) != 0;
    }
    if (field->label == PROTOBUF_C_LABEL_REQUIRED) {
        return true;
    }
    return is_set(field, slot);
}

static bool is_path(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                    const char *path)
{
    for (;;) {
        size_t len = strcspn(path, ".");
        const ProtobufCFieldDescriptor *field =
            descriptor ? message_field(descriptor, arena_strndup(arena, path, len)) : NULL;
        if (!field || path[len] == '\0') {
            return field;
        }
        bool has_fields =
            field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED;
        descriptor = has_fields ? field->descriptor : NULL;
        path += len + 1;
    }
}

const struct error *message_check_mask(struct arena *arena,
                                       const ProtobufCMessageDescriptor *descriptor,
                                       char *const *paths, size_t n_paths)
{
    for (size_t i = 0; i < n_paths; i++) {
        if (strcmp(paths[i], "*") != 0 && !is_path(arena, descriptor, paths[i])) {
            return error_on_field(arena, REASON_FIELD_INVALID, "update_mask",
                                  "There is no field \"%s\".", paths[i]);
        }
    }
    return NULL;
}

bool message_mask_has(char *const *paths, size_t n_paths, const char *path)
{
    if (n_paths == 0) {
        return true;
    }
    for (size_t i = 0; i < n_paths; i++) {
        size_t len = strlen(paths[i]);
        if (strcmp(paths[i], "*") == 0 ||
            (strncmp(paths[i], path, len) == 0 && (path[len] == '\0' || path[len] == '.'))) {
            return true;
        }
    }
    return false;
}
