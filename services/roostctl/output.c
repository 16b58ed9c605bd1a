#include "services/roostctl/output.h"

#include <string.h>

#include "google/protobuf/timestamp.pb-c.h"
#include "services/common/message/json.h"
#include "services/common/message/json_time.h"
#include "services/common/message/message.h"
#include "services/common/message/meta.h"

enum { COLUMNS_MAX = 40, WIDTH_MAX = 60 };

struct column {
    char *title;
    const ProtobufCFieldDescriptor *outer; /* the sub-message's field, NULL at the top */
    const ProtobufCFieldDescriptor *field;
};

static bool is_message(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE;
}

static bool is_time(const ProtobufCFieldDescriptor *field)
{
    return is_message(field) && field->descriptor == &google__protobuf__timestamp__descriptor;
}

/* Fields of the message, and of its sub-messages as "mailbox.quota". */
static size_t columns_of(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                         const char *prefix, const ProtobufCFieldDescriptor *outer,
                         struct column *columns, size_t n)
{
    const struct message_meta *meta = message_meta_find(descriptor);
    for (unsigned i = 0; meta && i < descriptor->n_fields && n < COLUMNS_MAX; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (meta->fields[i].flags & FIELD_SECRET || meta->fields[i].cookie) {
            continue;
        }
        char *title = arena_printf(arena, "%s%s", prefix, meta->fields[i].json_name);
        if (!is_message(field) || is_time(field)) {
            columns[n++] = (struct column){title, outer, field};
        } else if (!outer && field->label != PROTOBUF_C_LABEL_REPEATED) {
            n = columns_of(arena, field->descriptor, arena_printf(arena, "%s.", title), field,
                           columns, n);
        }
    }
    return n;
}

static const void *member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (const char *)message + field->offset;
}

/* The JSON form without quotes: one rule for times and numbers in both formats. */
static char *scalar_text(struct arena *arena, const ProtobufCMessage *message,
                         const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return arena_strdup(arena, *(char *const *)member(message, field));
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)member(message, field) ? "yes" : "no";
    case PROTOBUF_C_TYPE_INT32:
        return arena_printf(arena, "%d", *(const int32_t *)member(message, field));
    case PROTOBUF_C_TYPE_INT64:
        return arena_printf(arena, "%lld", (long long)*(const int64_t *)member(message, field));
    default:
        return "";
    }
}

static char *time_text(struct arena *arena, const ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field)
{
    const Google__Protobuf__Timestamp *time =
        *(const Google__Protobuf__Timestamp *const *)member(message, field);
    char text[JSON_TIME_MAX];
    json_time_format(time->seconds, time->nanos, text);
    return arena_strdup(arena, text);
}

static char *repeated_text(struct arena *arena, const ProtobufCMessage *message,
                           const ProtobufCFieldDescriptor *field)
{
    size_t n = *(const size_t *)((const char *)message + field->quantifier_offset);
    char *text = "";
    for (size_t i = 0; i < n; i++) {
        const char *item =
            field->type == PROTOBUF_C_TYPE_STRING ? (*(char ***)member(message, field))[i] : "";
        text = arena_printf(arena, "%s%s%s", text, i ? "," : "", item);
    }
    return text;
}

static char *cell(struct arena *arena, const ProtobufCMessage *message, const struct column *column)
{
    if (column->outer) {
        if (!message_has_field(message, column->outer)) {
            return "";
        }
        message = *(const ProtobufCMessage *const *)member(message, column->outer);
    }
    if (column->field->label == PROTOBUF_C_LABEL_REPEATED) {
        return repeated_text(arena, message, column->field);
    }
    bool has_presence =
        is_time(column->field) || column->field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (has_presence && !message_has_field(message, column->field)) {
        return "";
    }
    return is_time(column->field) ? time_text(arena, message, column->field)
                                  : scalar_text(arena, message, column->field);
}

static void print_json(FILE *out, struct arena *arena, const ProtobufCMessage *message)
{
    struct json_writer writer = {.arena = arena};
    json_write(&writer, message);
    fwrite(writer.data, 1, writer.len, out);
}

void output_message(FILE *out, enum output_format format, struct arena *arena,
                    const ProtobufCMessage *message)
{
    if (format == OUTPUT_JSON) {
        print_json(out, arena, message);
        fputc('\n', out);
        return;
    }
    struct column columns[COLUMNS_MAX];
    size_t n = columns_of(arena, message->descriptor, "", NULL, columns, 0);
    for (size_t i = 0; i < n; i++) {
        char *text = cell(arena, message, &columns[i]);
        if (*text) {
            fprintf(out, "%-28s %s\n", columns[i].title, text);
        }
    }
}

static void print_row(FILE *out, const size_t *widths, char *const *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fprintf(out, i + 1 < n ? "%-*s  " : "%-*s", i + 1 < n ? (int)widths[i] : 0, cells[i]);
    }
    fputc('\n', out);
}

/* The titles, and the widths that the page's longest cells want. */
static void begin_table(struct output_list *list, struct arena *arena, const struct column *columns,
                        size_t n_columns, ProtobufCMessage *const *messages, size_t n)
{
    list->widths = arena_alloc(arena, n_columns * sizeof *list->widths);
    char *titles[COLUMNS_MAX];
    for (size_t i = 0; i < n_columns; i++) {
        titles[i] = columns[i].title;
        list->widths[i] = strlen(titles[i]);
        for (size_t row = 0; row < n; row++) {
            size_t len = strlen(cell(arena, messages[row], &columns[i]));
            if (len > list->widths[i]) {
                list->widths[i] = len < WIDTH_MAX ? len : WIDTH_MAX;
            }
        }
    }
    print_row(list->out, list->widths, titles, n_columns);
}

static void table_page(struct output_list *list, struct arena *arena,
                       ProtobufCMessage *const *messages, size_t n)
{
    struct column columns[COLUMNS_MAX];
    size_t n_columns = columns_of(arena, messages[0]->descriptor, "", NULL, columns, 0);
    if (!list->widths) {
        begin_table(list, arena, columns, n_columns, messages, n);
    }
    for (size_t row = 0; row < n; row++) {
        char *cells[COLUMNS_MAX];
        for (size_t i = 0; i < n_columns; i++) {
            cells[i] = cell(arena, messages[row], &columns[i]);
        }
        print_row(list->out, list->widths, cells, n_columns);
    }
}

void output_list_page(struct output_list *list, struct arena *arena,
                      ProtobufCMessage *const *messages, size_t n)
{
    if (n == 0) {
        return;
    }
    if (list->format == OUTPUT_TABLE) {
        table_page(list, arena, messages, n);
    } else {
        for (size_t i = 0; i < n; i++) {
            fputs(list->n_printed + i == 0 ? "[" : ",\n ", list->out);
            print_json(list->out, arena, messages[i]);
        }
    }
    list->n_printed += n;
}

void output_list_end(struct output_list *list)
{
    if (list->format == OUTPUT_JSON) {
        fputs(list->n_printed == 0 ? "[]\n" : "]\n", list->out);
    }
}
