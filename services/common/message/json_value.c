#include "services/common/message/json_value.h"

#include <string.h>
#include <strings.h>

#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "services/common/message/json.h"
#include "services/common/message/json_time.h"
#include "services/common/message/message.h"
#include "services/common/message/utf8.h"

static const struct value_fault bad_integer = {REASON_FIELD_INVALID,
                                               "A valid integer is required."};
static const struct value_fault bad_boolean = {REASON_FIELD_INVALID, "Must be a valid boolean."};
static const struct value_fault out_of_range = {REASON_FIELD_INVALID,
                                                "The number is out of range."};
static const struct value_fault bad_megabytes = {
    REASON_FIELD_INVALID,
    "A number of megabytes is required, such as 500, \"500M\", \"10G\" or \"1T\"."};
static const struct value_fault bad_characters = {REASON_FIELD_INVALID,
                                                  "Control characters are not allowed."};
static const struct value_fault bad_utf8 = {REASON_FIELD_INVALID, "Not valid UTF-8."};
static const struct value_fault bad_time = {
    REASON_FIELD_INVALID, "Datetime has wrong format. Use RFC 3339, such as 2024-01-31T12:00:00Z."};
static const struct value_fault bad_choice = {REASON_FIELD_INVALID, "Not a valid choice."};

static bool is_64_bit(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return true;
    default:
        return false;
    }
}

static bool is_unsigned(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return true;
    default:
        return false;
    }
}

size_t value_bytes(const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return sizeof(void *);
    }
    return is_64_bit(field) ? sizeof(uint64_t) : sizeof(uint32_t);
}

struct magnitude {
    bool negative;
    uint64_t value;
};

/* -?digits(.0*)? ; what follows is left in *rest. */
static const struct value_fault *parse_digits(struct json_slice text, struct magnitude *ret,
                                              struct json_slice *rest)
{
    size_t at = 0;
    struct magnitude number = {0};
    if (at < text.len && text.data[at] == '-') {
        number.negative = true;
        at++;
    }
    size_t first = at;
    for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
        unsigned digit = (unsigned)(text.data[at] - '0');
        if (__builtin_mul_overflow(number.value, 10, &number.value) ||
            __builtin_add_overflow(number.value, digit, &number.value)) {
            return &out_of_range;
        }
    }
    if (at == first) {
        return &bad_integer;
    }
    if (at + 1 < text.len && text.data[at] == '.') {
        at++;
        size_t fraction = at;
        while (at < text.len && text.data[at] == '0') {
            at++;
        }
        if (at == fraction) {
            return &bad_integer;
        }
    }
    *ret = number;
    *rest = (struct json_slice){text.data + at, text.len - at};
    return NULL;
}

/* The factor that a suffix stands for, in megabytes; 0 if it is none. */
static uint64_t megabyte_factor(struct json_slice suffix)
{
    if (suffix.len == 0) {
        return 1;
    }
    if (suffix.len != 1) {
        return 0;
    }
    switch (suffix.data[0]) {
    case 'M':
    case 'm':
        return 1;
    case 'G':
    case 'g':
        return 1024;
    case 'T':
    case 't':
        return 1024 * 1024;
    default:
        return 0;
    }
}

static const struct value_fault *store_signed(const ProtobufCFieldDescriptor *field,
                                              struct magnitude number, void *slot)
{
    uint64_t limit = is_64_bit(field) ? INT64_MAX : INT32_MAX;
    if (number.value > limit + (number.negative ? 1 : 0)) {
        return &out_of_range;
    }
    int64_t value = number.negative ? (int64_t)(0 - number.value) : (int64_t)number.value;
    if (is_64_bit(field)) {
        *(int64_t *)slot = value;
    } else {
        *(int32_t *)slot = (int32_t)value;
    }
    return NULL;
}

static const struct value_fault *store_unsigned(const ProtobufCFieldDescriptor *field,
                                                struct magnitude number, void *slot)
{
    if ((number.negative && number.value != 0) ||
        (!is_64_bit(field) && number.value > UINT32_MAX)) {
        return &out_of_range;
    }
    if (is_64_bit(field)) {
        *(uint64_t *)slot = number.value;
    } else {
        *(uint32_t *)slot = (uint32_t)number.value;
    }
    return NULL;
}

const struct value_fault *value_integer(const ProtobufCFieldDescriptor *field, bool megabytes,
                                        struct json_slice text, void *slot)
{
    struct magnitude number;
    struct json_slice rest;
    const struct value_fault *fault = parse_digits(text, &number, &rest);
    if (fault) {
        return fault == &bad_integer && megabytes ? &bad_megabytes : fault;
    }
    if (rest.len > 0 && !megabytes) {
        return &bad_integer;
    }
    uint64_t factor = megabyte_factor(rest);
    if (factor == 0) {
        return &bad_megabytes;
    }
    if (__builtin_mul_overflow(number.value, factor, &number.value)) {
        return &out_of_range;
    }
    return is_unsigned(field) ? store_unsigned(field, number, slot)
                              : store_signed(field, number, slot);
}

static const struct value_fault *too_long(struct arena *arena, size_t max_bytes)
{
    struct value_fault *fault = arena_alloc(arena, sizeof(*fault));
    fault->reason = REASON_FIELD_TOO_LONG;
    fault->message =
        arena_printf(arena, "Ensure this field has no more than %zu bytes.", max_bytes);
    return fault;
}

const struct value_fault *value_string(struct arena *arena, const struct message_field_meta *meta,
                                       struct json_slice text, void *slot)
{
    size_t max_bytes = meta ? meta->max_bytes : MESSAGE_STRING_MAX_BYTES;
    if (text.len > max_bytes) {
        return too_long(arena, max_bytes);
    }
    switch (utf8_check(text.data, text.len)) {
    case UTF8_OK:
        break;
    case UTF8_CONTROL:
        return &bad_characters;
    default:
        return &bad_utf8;
    }
    *(char **)slot = arena_strndup(arena, text.data, text.len);
    return NULL;
}

const struct value_fault *value_enum(const ProtobufCFieldDescriptor *field, struct json_slice text,
                                     void *slot)
{
    const ProtobufCEnumDescriptor *descriptor = field->descriptor;
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        const ProtobufCEnumValue *value = &descriptor->values[i];
        if (strlen(value->name) == text.len && memcmp(value->name, text.data, text.len) == 0) {
            *(int *)slot = value->value;
            return NULL;
        }
    }
    return &bad_choice;
}

const struct value_fault *value_timestamp(struct arena *arena, struct json_slice text, void *slot)
{
    Google__Protobuf__Timestamp *timestamp =
        message_new(arena, &google__protobuf__timestamp__descriptor);
    if (!json_time_parse(text.data, text.len, &timestamp->seconds, &timestamp->nanos)) {
        return &bad_time;
    }
    *(ProtobufCMessage **)slot = &timestamp->base;
    return NULL;
}

const struct value_fault *value_field_mask(struct arena *arena, struct json_slice text, void *slot)
{
    Google__Protobuf__FieldMask *mask =
        message_new(arena, &google__protobuf__field_mask__descriptor);
    if (utf8_check(text.data, text.len) != UTF8_OK) {
        return &bad_characters;
    }
    const ProtobufCFieldDescriptor *paths = message_field(mask->base.descriptor, "paths");
    while (text.len > 0) {
        const char *comma = memchr(text.data, ',', text.len);
        size_t len = comma ? (size_t)(comma - text.data) : text.len;
        *(char **)value_slot(arena, &mask->base, paths) = arena_strndup(arena, text.data, len);
        len += comma ? 1 : 0;
        text = (struct json_slice){text.data + len, text.len - len};
    }
    *(ProtobufCMessage **)slot = &mask->base;
    return NULL;
}

void *value_slot(struct arena *arena, ProtobufCMessage *message,
                 const ProtobufCFieldDescriptor *field)
{
    char *base = (char *)message;
    char *slot = base + field->offset;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
            *(uint32_t *)(base + field->quantifier_offset) = field->id;
        } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL &&
                   field->type != PROTOBUF_C_TYPE_STRING &&
                   field->type != PROTOBUF_C_TYPE_MESSAGE) {
            *(protobuf_c_boolean *)(base + field->quantifier_offset) = 1;
        }
        return slot;
    }
    size_t *n = (size_t *)(base + field->quantifier_offset);
    size_t bytes = value_bytes(field);
    /* Full at every power of two. */
    if ((*n & (*n - 1)) == 0) {
        char *grown = arena_alloc(arena, (*n ? *n * 2 : 1) * bytes);
        if (*n) {
            memcpy(grown, *(char **)slot, *n * bytes);
        }
        *(char **)slot = grown;
    }
    return *(char **)slot + (*n)++ * bytes;
}

static bool is_word(struct json_slice text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

static const struct value_fault *set_boolean(struct json_slice text, void *slot)
{
    bool truth = is_word(text, "true") || is_word(text, "1");
    if (!truth && !is_word(text, "false") && !is_word(text, "0")) {
        return &bad_boolean;
    }
    *(protobuf_c_boolean *)slot = truth;
    return NULL;
}

/* In a URL a number is written in one way: 5, not 5.0 or 05. */
static bool is_plain_integer(struct json_slice text)
{
    size_t sign = text.len > 0 && text.data[0] == '-' ? 1 : 0;
    return !memchr(text.data, '.', text.len) && (text.len == sign + 1 || text.data[sign] != '0');
}

static const struct value_fault *set_scalar(struct arena *arena,
                                            const ProtobufCFieldDescriptor *field,
                                            const struct message_field_meta *meta, const char *text,
                                            void *slot)
{
    struct json_slice slice = {text, strlen(text)};
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return value_string(arena, meta, slice, slot);
    case PROTOBUF_C_TYPE_BOOL:
        return set_boolean(slice, slot);
    case PROTOBUF_C_TYPE_ENUM:
        return value_enum(field, slice, slot);
    case PROTOBUF_C_TYPE_MESSAGE:
        if (field->descriptor == &google__protobuf__timestamp__descriptor) {
            return value_timestamp(arena, slice, slot);
        }
        if (field->descriptor == &google__protobuf__field_mask__descriptor) {
            return value_field_mask(arena, slice, slot);
        }
        return &bad_choice;
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return &bad_choice;
    default:
        if (!is_plain_integer(slice)) {
            return &bad_integer;
        }
        return value_integer(field, meta && meta->flags & FIELD_MEGABYTES, slice, slot);
    }
}

const struct error *json_set_from_text(struct arena *arena, ProtobufCMessage *message,
                                       const ProtobufCFieldDescriptor *field, const char *text)
{
    const struct message_meta *meta = message_meta_find(message->descriptor);
    size_t index = (size_t)(field - message->descriptor->fields);
    union {
        uint64_t number;
        void *pointer;
    } value = {0};
    const struct value_fault *fault =
        set_scalar(arena, field, meta ? &meta->fields[index] : NULL, text, &value);
    if (fault) {
        return error_on_field(arena, fault->reason, field->name, "%s", fault->message);
    }
    memcpy(value_slot(arena, message, field), &value, value_bytes(field));
    return NULL;
}
