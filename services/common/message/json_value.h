/* Single values from text: what the JSON reader and query parameters have in common. Pure but for
 * the arena. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "services/common/arena/arena.h"
#include "services/common/message/json_lexer.h"
#include "services/common/message/meta.h"

/* What is wrong with a value; NULL where nothing is. */
struct value_fault {
    enum error_reason reason;
    const char *message; /* in the arena, or a literal */
};

/* Bytes of one value of this type in a message struct or a list. */
size_t value_bytes(const ProtobufCFieldDescriptor *field);
/* An integer as JSON writes one ("12", "-3", "5.0"), or with `megabytes` and in a string also
 * "500M", "10G", "1T". `slot` gets it in the width of the field. */
const struct value_fault *value_integer(const ProtobufCFieldDescriptor *field, bool megabytes,
                                        struct json_slice text, void *slot);
/* A copy of the text in the arena as char *. */
const struct value_fault *value_string(struct arena *arena, const struct message_field_meta *meta,
                                       struct json_slice text, void *slot);
const struct value_fault *value_enum(const ProtobufCFieldDescriptor *field, struct json_slice text,
                                     void *slot);
/* A google.protobuf.Timestamp or FieldMask in the arena, as ProtobufCMessage *. */
const struct value_fault *value_timestamp(struct arena *arena, struct json_slice text, void *slot);
const struct value_fault *value_field_mask(struct arena *arena, struct json_slice text, void *slot);
/* Where a value of `field` goes; marks the field as present. A list grows by one zero item. */
void *value_slot(struct arena *arena, ProtobufCMessage *message,
                 const ProtobufCFieldDescriptor *field);
