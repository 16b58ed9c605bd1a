#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "services/common/pg/pg_internal.h"

static const char *int_text(struct arena *arena, int64_t number)
{
    char text[24];
    char *at = text + sizeof(text);
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0) {
        *--at = '-';
    }
    return arena_strndup(arena, at, (size_t)(text + sizeof(text) - at));
}

/* Days since 1970 as a date of the proleptic Gregorian calendar. */
static void civil_date(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    int64_t shifted = days + 719468; /* since 0000-03-01 */
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* from March */

    *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

static const char *time_text(struct arena *arena, int64_t seconds, int64_t micros)
{
    int64_t days = seconds >= 0 ? seconds / 86400 : -((86399 - seconds) / 86400);
    int second_of_day = (int)(seconds - days * 86400);
    int64_t year;
    int month;
    int day;

    civil_date(days, &year, &month, &day);
    if (year <= 0) {
        return arena_printf(arena, "%04" PRId64 "-%02d-%02d %02d:%02d:%02d.%06d+00 BC", 1 - year,
                            month, day, second_of_day / 3600, second_of_day / 60 % 60,
                            second_of_day % 60, (int)micros);
    }
    return arena_printf(arena, "%04" PRId64 "-%02d-%02d %02d:%02d:%02d.%06d+00", year, month, day,
                        second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60,
                        (int)micros);
}

static const char *time_us_text(struct arena *arena, int64_t unix_us)
{
    int64_t seconds = unix_us >= 0 ? unix_us / 1000000 : -((999999 - unix_us) / 1000000);

    return time_text(arena, seconds, unix_us - seconds * 1000000);
}

static const char *int_array_text(struct arena *arena, const int64_t *items, size_t n)
{
    char *text = arena_alloc(arena, n * 21 + 3);
    char *at = text;

    *at++ = '{';
    for (size_t i = 0; i < n; i++) {
        const char *number = int_text(arena, items[i]);
        size_t len = strlen(number);

        if (i > 0) {
            *at++ = ',';
        }
        memcpy(at, number, len);
        at += len;
    }
    *at = '}';
    return text;
}

static const char *text_array_text(struct arena *arena, const char *const *items, size_t n)
{
    size_t bytes = 3;
    char *text;
    char *at;

    for (size_t i = 0; i < n; i++) {
        bytes += strlen(items[i]) * 2 + 3;
    }
    text = arena_alloc(arena, bytes);
    at = text;
    *at++ = '{';
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            *at++ = ',';
        }
        *at++ = '"';
        for (const char *c = items[i]; *c; c++) {
            if (*c == '"' || *c == '\\') {
                *at++ = '\\';
            }
            *at++ = *c;
        }
        *at++ = '"';
    }
    *at = '}';
    return text;
}

static void set_binary(struct pg_bound *bound, size_t i, const void *data, size_t len)
{
    /* No data and no NULL: an empty value still needs a pointer. */
    bound->values[i] = len > 0 ? data : "";
    bound->lengths[i] = (int)len;
    bound->formats[i] = 1;
}

static void bind_extra(struct arena *arena, const struct pg_arg *arg, struct pg_bound *bound,
                       size_t i)
{
    switch (arg->kind) {
    case PG_NULL:
        return;
    case PG_INT64:
        bound->values[i] = int_text(arena, arg->number);
        return;
    case PG_BOOL:
        bound->values[i] = arg->number ? "t" : "f";
        return;
    case PG_TEXT:
        bound->values[i] = arg->data;
        return;
    case PG_BYTES:
        set_binary(bound, i, arg->data, arg->len);
        return;
    case PG_INT64S:
        bound->values[i] = int_array_text(arena, arg->data, arg->len);
        return;
    case PG_TEXTS:
        bound->values[i] = text_array_text(arena, arg->data, arg->len);
        return;
    case PG_TIME_US:
        bound->values[i] = time_us_text(arena, arg->number);
        return;
    }
}

static const void *member(const ProtobufCMessage *message, size_t offset)
{
    return (const char *)message + offset;
}

static int64_t int_at(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return *(const int32_t *)value;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return *(const uint32_t *)value;
    default:
        return *(const int64_t *)value;
    }
}

static bool is_int(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
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

static const char *repeated_text(struct arena *arena, const ProtobufCFieldDescriptor *field,
                                 const ProtobufCMessage *message)
{
    size_t n = *(const size_t *)member(message, field->quantifier_offset);
    const char *items = *(const char *const *)member(message, field->offset);
    size_t width = field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_SINT64 ||
                           field->type == PROTOBUF_C_TYPE_SFIXED64 ||
                           field->type == PROTOBUF_C_TYPE_UINT64 ||
                           field->type == PROTOBUF_C_TYPE_FIXED64
                       ? 8
                       : 4;
    int64_t *numbers;

    if (field->type == PROTOBUF_C_TYPE_STRING) {
        return text_array_text(arena, (const char *const *)(const void *)items, n);
    }
    check(is_int(field));
    numbers = arena_alloc(arena, n * sizeof(*numbers));
    for (size_t i = 0; i < n; i++) {
        numbers[i] = int_at(field, items + i * width);
    }
    return int_array_text(arena, numbers, n);
}

static const char *timestamp_text(struct arena *arena, const ProtobufCMessage *timestamp)
{
    const ProtobufCFieldDescriptor *seconds;
    const ProtobufCFieldDescriptor *nanos;

    check(strcmp(timestamp->descriptor->name, "google.protobuf.Timestamp") == 0);
    seconds = protobuf_c_message_descriptor_get_field(timestamp->descriptor, 1);
    nanos = protobuf_c_message_descriptor_get_field(timestamp->descriptor, 2);
    return time_text(arena, *(const int64_t *)member(timestamp, seconds->offset),
                     *(const int32_t *)member(timestamp, nanos->offset) / 1000);
}

static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        return *(const uint32_t *)member(message, field->quantifier_offset) == field->id;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return *(const void *const *)member(message, field->offset) != NULL;
    }
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL) {
        return *(const protobuf_c_boolean *)member(message, field->quantifier_offset);
    }
    return true;
}

static void bind_field(struct arena *arena, const ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field, struct pg_bound *bound, size_t i)
{
    const void *value = member(message, field->offset);
    const ProtobufCBinaryData *bytes = value;

    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        bound->values[i] = repeated_text(arena, field, message);
    } else if (!is_present(message, field)) {
        return;
    } else if (is_int(field)) {
        bound->values[i] = int_text(arena, int_at(field, value));
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        bound->values[i] = *(const protobuf_c_boolean *)value ? "t" : "f";
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        bound->values[i] = *(const char *const *)value;
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        set_binary(bound, i, bytes->data, bytes->len);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        bound->values[i] = timestamp_text(arena, *(const ProtobufCMessage *const *)value);
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumValue *named =
            protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)value);

        bound->values[i] = named ? named->name : NULL;
    } else if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        bound->values[i] = arena_printf(arena, "%.17g", *(const double *)value);
    } else {
        check(field->type == PROTOBUF_C_TYPE_FLOAT);
        bound->values[i] = arena_printf(arena, "%.9g", (double)*(const float *)value);
    }
}

static const struct pg_arg *find_extra(const struct pg_args *args, const char *name)
{
    for (size_t i = 0; args && i < args->n_extra; i++) {
        if (strcmp(args->extra[i].name, name) == 0) {
            return &args->extra[i];
        }
    }
    return NULL;
}

void pg_bind(struct arena *arena, const struct pg_statement *stmt, const struct pg_args *args,
             struct pg_bound *bound)
{
    check(stmt->n_params <= PG_MAX_PARAMS);
    for (size_t i = 0; i < stmt->n_params; i++) {
        const struct pg_arg *extra = find_extra(args, stmt->params[i]);
        const ProtobufCFieldDescriptor *field = NULL;

        bound->values[i] = NULL;
        bound->lengths[i] = 0;
        bound->formats[i] = 0;
        if (extra) {
            bind_extra(arena, extra, bound, i);
            continue;
        }
        if (args && args->message) {
            field = protobuf_c_message_descriptor_get_field_by_name(args->message->descriptor,
                                                                    stmt->params[i]);
        }
        if (!field) {
            fprintf(stderr, "statement %s: nothing given for :%s\n", stmt->name, stmt->params[i]);
        }
        check(field);
        bind_field(arena, args->message, field, bound, i);
    }
}
