#include <endian.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/pg/pg_internal.h"

/* Types of PostgreSQL's catalogue; their numbers are fixed. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_TEXT = 25,
    OID_NAME = 19,
    OID_JSON = 114,
    OID_UNKNOWN = 705,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_TIMESTAMPTZ = 1184,
    OID_JSONB = 3802,
    OID_INT2_ARRAY = 1005,
    OID_INT4_ARRAY = 1007,
    OID_TEXT_ARRAY = 1009,
    OID_VARCHAR_ARRAY = 1015,
    OID_INT8_ARRAY = 1016,
    OID_FIRST_USER = 16384, /* enum types */
};

/* Microseconds and seconds from 1970 to PostgreSQL's 2000. */
static const int64_t EPOCH_SECONDS = 946684800;

typedef bool pg_decode_fn(struct arena *arena, const struct pg_column *column, const char *value,
                          int len, void *member);

static uint32_t read_u32(const char *value)
{
    uint32_t number;

    memcpy(&number, value, sizeof(number));
    return be32toh(number);
}

static uint64_t read_u64(const char *value)
{
    uint64_t number;

    memcpy(&number, value, sizeof(number));
    return be64toh(number);
}

static int64_t read_int(const char *value, int len)
{
    uint16_t small;

    switch (len) {
    case 1:
        return (signed char)value[0];
    case 2:
        memcpy(&small, value, sizeof(small));
        return (int16_t)be16toh(small);
    case 4:
        return (int32_t)read_u32(value);
    default:
        return (int64_t)read_u64(value);
    }
}

static bool is_wide(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_INT64 || type == PROTOBUF_C_TYPE_SINT64 ||
           type == PROTOBUF_C_TYPE_SFIXED64 || type == PROTOBUF_C_TYPE_UINT64 ||
           type == PROTOBUF_C_TYPE_FIXED64;
}

static bool is_signed_narrow(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_INT32 || type == PROTOBUF_C_TYPE_SINT32 ||
           type == PROTOBUF_C_TYPE_SFIXED32;
}

static bool is_unsigned_narrow(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_FIXED32;
}

static bool store_int(ProtobufCType type, int64_t number, void *member)
{
    if (is_wide(type)) {
        memcpy(member, &number, sizeof(number));
        return true;
    }
    if (is_signed_narrow(type) && number >= INT32_MIN && number <= INT32_MAX) {
        *(int32_t *)member = (int32_t)number;
        return true;
    }
    if (is_unsigned_narrow(type) && number >= 0 && number <= UINT32_MAX) {
        *(uint32_t *)member = (uint32_t)number;
        return true;
    }
    return false;
}

static bool decode_int(struct arena *arena, const struct pg_column *column, const char *value,
                       int len, void *member)
{
    (void)arena;
    return store_int(column->field->type, read_int(value, len), member);
}

static bool decode_bool(struct arena *arena, const struct pg_column *column, const char *value,
                        int len, void *member)
{
    (void)arena;
    (void)column;
    (void)len;
    *(protobuf_c_boolean *)member = value[0] != 0;
    return true;
}

/* libpq ends every value with a NUL, so the text is used where it is. */
static bool decode_text(struct arena *arena, const struct pg_column *column, const char *value,
                        int len, void *member)
{
    (void)arena;
    (void)column;
    (void)len;
    *(const char **)member = value;
    return true;
}

/* A version byte, then the text. */
static bool decode_jsonb(struct arena *arena, const struct pg_column *column, const char *value,
                         int len, void *member)
{
    if (len < 1 || value[0] != 1) {
        return false;
    }
    return decode_text(arena, column, value + 1, len - 1, member);
}

static bool decode_bytes(struct arena *arena, const struct pg_column *column, const char *value,
                         int len, void *member)
{
    ProtobufCBinaryData *bytes = member;

    (void)arena;
    (void)column;
    bytes->len = (size_t)len;
    bytes->data = (uint8_t *)(uintptr_t)value;
    return true;
}

static bool decode_enum(struct arena *arena, const struct pg_column *column, const char *value,
                        int len, void *member)
{
    const ProtobufCEnumValue *named =
        protobuf_c_enum_descriptor_get_value_by_name(column->field->descriptor, value);

    (void)arena;
    (void)len;
    if (named) {
        *(int *)member = named->value;
    }
    return named != NULL;
}

static bool decode_float(struct arena *arena, const struct pg_column *column, const char *value,
                         int len, void *member)
{
    double wide;
    float narrow;

    (void)arena;
    if (len == 4) {
        uint32_t bits = read_u32(value);

        memcpy(&narrow, &bits, sizeof(narrow));
        wide = (double)narrow;
    } else {
        uint64_t bits = read_u64(value);

        memcpy(&wide, &bits, sizeof(wide));
    }
    if (column->field->type == PROTOBUF_C_TYPE_DOUBLE) {
        *(double *)member = wide;
    } else {
        *(float *)member = (float)wide;
    }
    return true;
}

static ProtobufCMessage *new_message(struct arena *arena,
                                     const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_alloc(arena, descriptor->sizeof_message);

    protobuf_c_message_init(descriptor, message);
    return message;
}

static void *at_offset(ProtobufCMessage *message, size_t offset)
{
    return (char *)message + offset;
}

/* google.protobuf.Timestamp; 'infinity' leaves the field absent. */
static bool decode_time(struct arena *arena, const struct pg_column *column, const char *value,
                        int len, void *member)
{
    const ProtobufCMessageDescriptor *descriptor = column->field->descriptor;
    int64_t us = (int64_t)read_u64(value);
    ProtobufCMessage *timestamp;
    int64_t seconds;

    (void)len;
    if (us == INT64_MAX || us == INT64_MIN) {
        return true;
    }
    seconds = us >= 0 ? us / 1000000 : -((999999 - us) / 1000000);
    timestamp = new_message(arena, descriptor);
    *(int64_t *)at_offset(timestamp, descriptor->fields[0].offset) = seconds + EPOCH_SECONDS;
    *(int32_t *)at_offset(timestamp, descriptor->fields[1].offset) =
        (int32_t)(us - seconds * 1000000) * 1000;
    *(ProtobufCMessage **)member = timestamp;
    return true;
}

/* Dimensions, has NULLs, element type; one dimension: size, lower bound; then length and value of
 * each element. */
static bool open_array(const char **value, const char *end, size_t *ret_n)
{
    *ret_n = 0;
    if (end - *value < 12) {
        return false;
    }
    if (read_u32(*value) == 0) {
        return true;
    }
    if (read_u32(*value) != 1 || end - *value < 20) {
        return false;
    }
    *ret_n = read_u32(*value + 12);
    *value += 20;
    return *ret_n <= (size_t)(end - *value) / 4;
}

static bool next_element(const char **value, const char *end, const char **ret_element,
                         int *ret_len)
{
    if (end - *value < 4) {
        return false;
    }
    *ret_len = (int)read_u32(*value);
    *ret_element = *value + 4;
    /* A NULL element has length -1; no column of ours holds one. */
    if (*ret_len < 0 || *ret_len > end - *ret_element) {
        return false;
    }
    *value = *ret_element + *ret_len;
    return true;
}

/* `member` of an array is the message itself: the number of items and the items are two members. */
static bool decode_array(struct arena *arena, const struct pg_column *column, const char *value,
                         int len, void *member)
{
    const ProtobufCFieldDescriptor *field = column->field;
    bool is_text = field->type == PROTOBUF_C_TYPE_STRING;
    size_t width = is_text ? sizeof(char *) : is_wide(field->type) ? 8 : 4;
    const char *end = value + len;
    const char *element;
    int element_len;
    char *items;
    size_t n;

    if (!open_array(&value, end, &n)) {
        return false;
    }
    items = n > 0 ? arena_alloc(arena, n * width) : NULL;
    for (size_t i = 0; i < n; i++) {
        if (!next_element(&value, end, &element, &element_len)) {
            return false;
        }
        if (is_text) {
            ((char **)(void *)items)[i] = arena_strndup(arena, element, (size_t)element_len);
        } else if (!store_int(field->type, read_int(element, element_len), items + i * width)) {
            return false;
        }
    }
    *(size_t *)at_offset(member, field->quantifier_offset) = n;
    *(char **)at_offset(member, field->offset) = items;
    return true;
}

static pg_decode_fn *decode_of_repeated(Oid oid, ProtobufCType type)
{
    bool is_ints = oid == OID_INT2_ARRAY || oid == OID_INT4_ARRAY || oid == OID_INT8_ARRAY;
    bool is_texts = oid == OID_TEXT_ARRAY || oid == OID_VARCHAR_ARRAY;

    if (is_texts && type == PROTOBUF_C_TYPE_STRING) {
        return decode_array;
    }
    if (is_ints && (is_wide(type) || is_signed_narrow(type) || is_unsigned_narrow(type))) {
        return decode_array;
    }
    return NULL;
}

static bool is_text_oid(Oid oid)
{
    return oid == OID_TEXT || oid == OID_VARCHAR || oid == OID_BPCHAR || oid == OID_NAME ||
           oid == OID_JSON || oid == OID_UNKNOWN || oid >= OID_FIRST_USER;
}

static pg_decode_fn *decode_of(Oid oid, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *descriptor = field->descriptor;

    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return decode_of_repeated(oid, field->type);
    }
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return oid == OID_BOOL ? decode_bool : NULL;
    case PROTOBUF_C_TYPE_STRING:
        return is_text_oid(oid) ? decode_text : oid == OID_JSONB ? decode_jsonb : NULL;
    case PROTOBUF_C_TYPE_BYTES:
        return is_text_oid(oid) || oid == OID_BYTEA ? decode_bytes : NULL;
    case PROTOBUF_C_TYPE_ENUM:
        return is_text_oid(oid) ? decode_enum : NULL;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FLOAT:
        return oid == OID_FLOAT4 || oid == OID_FLOAT8 ? decode_float : NULL;
    case PROTOBUF_C_TYPE_MESSAGE:
        return oid == OID_TIMESTAMPTZ && strcmp(descriptor->name, "google.protobuf.Timestamp") == 0
                   ? decode_time
                   : NULL;
    default:
        return oid == OID_INT2 || oid == OID_INT4 || oid == OID_INT8 ? decode_int : NULL;
    }
}

/* "quota" or, one level down, "mailbox.quota". */
static bool find_field(const ProtobufCMessageDescriptor *descriptor, const char *name,
                       struct pg_column *column)
{
    const char *dot = strchr(name, '.');
    char outer[64];

    if (dot) {
        if ((size_t)(dot - name) >= sizeof(outer)) {
            return false;
        }
        memcpy(outer, name, (size_t)(dot - name));
        outer[dot - name] = '\0';
        column->outer = protobuf_c_message_descriptor_get_field_by_name(descriptor, outer);
        if (!column->outer || column->outer->type != PROTOBUF_C_TYPE_MESSAGE ||
            column->outer->label == PROTOBUF_C_LABEL_REPEATED) {
            return false;
        }
        descriptor = column->outer->descriptor;
        name = dot + 1;
    }
    column->field = protobuf_c_message_descriptor_get_field_by_name(descriptor, name);
    return column->field != NULL;
}

const struct error *pg_mapping_make(struct pg *pg, const struct pg_statement *stmt,
                                    const PGresult *result,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    struct pg_mapping **ret_mapping)
{
    int n = PQnfields(result);
    struct pg_mapping *mapping =
        calloc(1, sizeof(*mapping) + (size_t)n * sizeof(mapping->columns[0]));

    check(mapping);
    mapping->descriptor = descriptor;
    mapping->n_columns = n;
    for (int i = 0; i < n; i++) {
        struct pg_column *column = &mapping->columns[i];
        const char *name = PQfname(result, i);

        if (!find_field(descriptor, name, column)) {
            free(mapping);
            return error_internal(pg->arena, "%s: column %s is no field of %s", stmt->name, name,
                                  descriptor->name);
        }
        column->decode = decode_of(PQftype(result, i), column->field);
        if (!column->decode) {
            free(mapping);
            return error_internal(pg->arena, "%s: column %s: type %u does not fit the field of %s",
                                  stmt->name, name, PQftype(result, i), descriptor->name);
        }
    }
    *ret_mapping = mapping;
    return NULL;
}

static void mark_present(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && !*(void **)at_offset(message, field->offset)) {
        return;
    }
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        *(uint32_t *)at_offset(message, field->quantifier_offset) = field->id;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING &&
               field->type != PROTOBUF_C_TYPE_MESSAGE) {
        *(protobuf_c_boolean *)at_offset(message, field->quantifier_offset) = 1;
    }
}

static ProtobufCMessage *inner_message(struct arena *arena, const ProtobufCFieldDescriptor *outer,
                                       ProtobufCMessage *message)
{
    ProtobufCMessage **inner = at_offset(message, outer->offset);

    if (!*inner) {
        *inner = new_message(arena, outer->descriptor);
        mark_present(message, outer);
    }
    return *inner;
}

const struct error *pg_decode_row(struct pg *pg, const struct pg_statement *stmt,
                                  const struct pg_mapping *mapping, const PGresult *result, int row,
                                  ProtobufCMessage *message)
{
    for (int i = 0; i < mapping->n_columns; i++) {
        const struct pg_column *column = &mapping->columns[i];
        ProtobufCMessage *target = message;
        void *member;

        if (PQgetisnull(result, row, i)) {
            continue;
        }
        if (column->outer) {
            target = inner_message(pg->arena, column->outer, message);
        }
        member = column->decode == decode_array ? (void *)target
                                                : at_offset(target, column->field->offset);
        if (!column->decode(pg->arena, column, PQgetvalue(result, row, i),
                            PQgetlength(result, row, i), member)) {
            return error_internal(pg->arena, "%s: the value of column %s does not fit", stmt->name,
                                  PQfname(result, i));
        }
        mark_present(target, column->field);
    }
    return NULL;
}
