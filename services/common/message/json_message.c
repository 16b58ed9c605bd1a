/* Messages as JSON. */
#include <string.h>

#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "services/common/message/json.h"
#include "services/common/message/json_time.h"
#include "services/common/message/message.h"
#include "services/common/message/meta.h"

static void write_message(struct json_writer *writer, const ProtobufCMessage *message,
                          const struct message_meta *meta);

static void write_timestamp(struct json_writer *writer,
                            const Google__Protobuf__Timestamp *timestamp)
{
    char text[JSON_TIME_MAX];
    if (json_time_format(timestamp->seconds, timestamp->nanos, text) == 0) {
        json_null(writer);
        return;
    }
    json_string(writer, text);
}

static void write_field_mask(struct json_writer *writer, const Google__Protobuf__FieldMask *mask)
{
    const char *text = "";
    for (size_t i = 0; i < mask->n_paths; i++) {
        text = i == 0 ? mask->paths[i] : arena_printf(writer->arena, "%s,%s", text, mask->paths[i]);
    }
    json_string(writer, text);
}

static void write_enum(struct json_writer *writer, const ProtobufCFieldDescriptor *field,
                       int number)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(field->descriptor, number);
    if (value) {
        json_string(writer, value->name);
    } else {
        json_int(writer, number);
    }
}

/* One value, single or item of a list. */
static void write_value(struct json_writer *writer, const ProtobufCFieldDescriptor *field,
                        const struct message_meta *child, const void *slot)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)slot;
        json_string(writer, text ? text : "");
        break;
    }
    case PROTOBUF_C_TYPE_BOOL:
        json_bool(writer, *(const protobuf_c_boolean *)slot);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        json_int(writer, *(const int32_t *)slot);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        json_uint(writer, *(const uint32_t *)slot);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        json_int(writer, *(const int64_t *)slot);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        json_uint(writer, *(const uint64_t *)slot);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        write_enum(writer, field, *(const int *)slot);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        write_message(writer, *(ProtobufCMessage *const *)slot, child);
        break;
    default:
        json_null(writer);
        break;
    }
}

static size_t item_bytes(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(uint64_t);
    default:
        return sizeof(uint32_t);
    }
}

static void write_list(struct json_writer *writer, const ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field, const struct message_meta *child)
{
    const char *base = (const char *)message;
    size_t n = *(const size_t *)(base + field->quantifier_offset);
    const char *items = *(const char *const *)(base + field->offset);
    json_array_begin(writer);
    for (size_t i = 0; i < n; i++) {
        write_value(writer, field, child, items + i * item_bytes(field));
    }
    json_array_end(writer);
}

/* Fields that can be absent, which is null, as opposed to having a default. */
static bool is_absent(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    bool has_presence = field->type == PROTOBUF_C_TYPE_MESSAGE ||
                        field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF ||
                        field->label == PROTOBUF_C_LABEL_OPTIONAL;
    return has_presence && !message_has_field(message, field);
}

static void write_field(struct json_writer *writer, const ProtobufCMessage *message, size_t index,
                        const struct message_field_meta *meta)
{
    const ProtobufCFieldDescriptor *field = &message->descriptor->fields[index];
    if (meta && (meta->flags & FIELD_SECRET || meta->cookie)) {
        return;
    }
    const struct message_meta *child = meta ? meta->child : NULL;
    json_key(writer, meta ? meta->json_name : field->name);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        write_list(writer, message, field, child);
    } else if (is_absent(message, field)) {
        json_null(writer);
    } else {
        write_value(writer, field, child, (const char *)message + field->offset);
    }
}

static void write_message(struct json_writer *writer, const ProtobufCMessage *message,
                          const struct message_meta *meta)
{
    if (message->descriptor == &google__protobuf__timestamp__descriptor) {
        write_timestamp(writer, (const Google__Protobuf__Timestamp *)message);
        return;
    }
    if (message->descriptor == &google__protobuf__field_mask__descriptor) {
        write_field_mask(writer, (const Google__Protobuf__FieldMask *)message);
        return;
    }
    json_object_begin(writer);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        write_field(writer, message, i, meta ? &meta->fields[i] : NULL);
    }
    json_object_end(writer);
}

void json_write(struct json_writer *writer, const ProtobufCMessage *message)
{
    write_message(writer, message, message_meta_find(message->descriptor));
}

char *message_to_json(struct arena *arena, const ProtobufCMessage *message)
{
    struct json_writer writer = {.arena = arena};
    json_write(&writer, message);
    json_raw(&writer, "", 1);
    return writer.data;
}
