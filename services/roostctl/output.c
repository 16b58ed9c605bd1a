#include "services/roostctl/output.h"

#include <string.h>

#include "google/protobuf/timestamp.pb-c.h"
#include "services/common/message/json.h"
#include "services/common/message/json_time.h"
#include "services/common/message/message.h"
#include "services/common/message/meta.h"

enum { COLUMNS_MAX = 40, WIDTH_MAX = 60, COLUMN_GAP = 2 };

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

void output_message(const struct output_options *options, struct arena *arena,
                    const ProtobufCMessage *message)
{
    if (options->format == OUTPUT_JSON) {
        print_json(options->out, arena, message);
        fputc('\n', options->out);
        return;
    }
    struct column columns[COLUMNS_MAX];
    size_t n = columns_of(arena, message->descriptor, "", NULL, columns, 0);
    for (size_t i = 0; i < n; i++) {
        char *text = cell(arena, message, &columns[i]);
        if (*text) {
            fprintf(options->out, "%-28s %s\n", columns[i].title, text);
        }
    }
}

struct output_table {
    size_t n;
    struct column columns[COLUMNS_MAX];
    size_t widths[COLUMNS_MAX];
};

/* In characters; all that is printed is UTF-8. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++) {
        n += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return n;
}

static void print_row(FILE *out, const struct output_table *table, char *const *cells)
{
    for (size_t i = 0; i < table->n; i++) {
        size_t width = width_of(cells[i]);
        size_t wanted = i + 1 < table->n ? table->widths[i] : 0;
        fprintf(out, "%s%*s", cells[i], width < wanted ? (int)(wanted - width) : 0, "");
        fputs(i + 1 < table->n ? "  " : "\n", out);
    }
}

static const struct column *column_named(const struct column *columns, size_t n, const char *name,
                                         size_t len)
{
    for (size_t i = 0; i < n; i++) {
        if (strncmp(columns[i].title, name, len) == 0 && columns[i].title[len] == '\0') {
            return &columns[i];
        }
    }
    return NULL;
}

/* The columns that were asked for, in that order. */
static const struct error *choose_columns(struct output_table *table, struct arena *arena,
                                          const char *names)
{
    struct column columns[COLUMNS_MAX];
    size_t n = table->n;
    memcpy(columns, table->columns, n * sizeof(columns[0]));
    table->n = 0;
    for (const char *name = names; *name; name += *name == ',') {
        size_t len = strcspn(name, ",");
        const struct column *column = column_named(columns, n, name, len);
        if (!column || table->n == COLUMNS_MAX) {
            char *all = "";
            for (size_t i = 0; i < n; i++) {
                all = arena_printf(arena, "%s%s%s", all, i ? ", " : "", columns[i].title);
            }
            return error_new(arena, REASON_REQUEST_INVALID,
                             "There is no column \"%.*s\"; these are: %s.", (int)len, name, all);
        }
        table->columns[table->n++] = *column;
        name += len;
    }
    return NULL;
}

/* The widths that the titles and the page's longest cells want. */
static void measure(struct output_table *table, struct arena *arena,
                    ProtobufCMessage *const *messages, size_t n)
{
    for (size_t i = 0; i < table->n; i++) {
        table->widths[i] = width_of(table->columns[i].title);
        for (size_t row = 0; row < n; row++) {
            size_t len = width_of(cell(arena, messages[row], &table->columns[i]));
            if (len > table->widths[i]) {
                table->widths[i] = len < WIDTH_MAX ? len : WIDTH_MAX;
            }
        }
    }
}

/* Leaves out the columns at the end that the terminal has no room for. */
static void fit(struct output_table *table, const struct output_options *options)
{
    size_t used = 0;
    size_t n = 0;
    while (n < table->n && (n == 0 || used + table->widths[n] <= options->width)) {
        used += table->widths[n++] + COLUMN_GAP;
    }
    if (n < table->n && options->notes) {
        fprintf(options->notes, "%zu of %zu columns; --columns all shows the others\n", n,
                table->n);
    }
    table->n = n;
}

const struct error *output_list_begin(struct output_list *list, struct arena *arena,
                                      const ProtobufCMessageDescriptor *item)
{
    const char *names = list->options.columns;
    struct output_table *table = arena_alloc(arena, sizeof(*table));
    table->n = columns_of(arena, item, "", NULL, table->columns, 0);
    list->table = table;
    return names && strcmp(names, "all") != 0 ? choose_columns(table, arena, names) : NULL;
}

/* On the first page with something on it. */
static void print_titles(struct output_list *list, struct arena *arena,
                         ProtobufCMessage *const *messages, size_t n)
{
    struct output_table *table = list->table;
    char *titles[COLUMNS_MAX];
    measure(table, arena, messages, n);
    if (!list->options.columns && list->options.width > 0) {
        fit(table, &list->options);
    }
    for (size_t i = 0; i < table->n; i++) {
        titles[i] = table->columns[i].title;
    }
    print_row(list->options.out, table, titles);
}

static void print_rows(struct output_list *list, struct arena *arena,
                       ProtobufCMessage *const *messages, size_t n)
{
    for (size_t row = 0; row < n; row++) {
        char *cells[COLUMNS_MAX];
        for (size_t i = 0; i < list->table->n; i++) {
            cells[i] = cell(arena, messages[row], &list->table->columns[i]);
        }
        print_row(list->options.out, list->table, cells);
    }
}

void output_list_page(struct output_list *list, struct arena *arena,
                      ProtobufCMessage *const *messages, size_t n)
{
    if (list->options.format == OUTPUT_JSON) {
        for (size_t i = 0; i < n; i++) {
            fputs(list->n_printed + i == 0 ? "[" : ",\n ", list->options.out);
            print_json(list->options.out, arena, messages[i]);
        }
    } else if (n > 0) {
        if (list->n_printed == 0) {
            print_titles(list, arena, messages, n);
        }
        print_rows(list, arena, messages, n);
    }
    list->n_printed += n;
}

void output_list_end(struct output_list *list)
{
    if (list->options.format == OUTPUT_JSON) {
        fputs(list->n_printed == 0 ? "[]\n" : "]\n", list->options.out);
    }
}
