/* JSON into messages. */
#include <string.h>

#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "services/common/message/json.h"
#include "services/common/message/json_lexer.h"
#include "services/common/message/json_value.h"
#include "services/common/message/message.h"
#include "services/common/message/utf8.h"

struct reader {
    struct json_lexer lexer;
    const struct error *faults; /* of fields, so far */
    size_t n_faults;
    bool check_required;
    struct json_paths *paths;
    size_t paths_capacity;
};

/* The object being read; the chain is the path. */
struct object {
    const struct object *parent;
    const char *name; /* of the field in the parent, NULL at the top */
    ProtobufCMessage *message;
    const struct message_meta *meta;
    const bool *seen; /* by field index */
};

static bool read_object(struct reader *reader, struct object *object);

static char *field_path(struct arena *arena, const struct object *object, const char *name)
{
    char *path = arena_strdup(arena, name);
    for (; object && object->name; object = object->parent) {
        path = arena_printf(arena, "%s.%s", object->name, path);
    }
    return path;
}

static void add_fault(struct reader *reader, const struct object *object, size_t index,
                      const struct value_fault *fault)
{
    struct arena *arena = reader->lexer.arena;
    if (reader->n_faults < JSON_FAULTS_MAX) {
        const char *path =
            field_path(arena, object, object->message->descriptor->fields[index].name);
        reader->faults =
            error_add_field(arena, reader->faults, fault->reason, path, "%s", fault->message);
        reader->n_faults++;
    }
}

static void add_fault_text(struct reader *reader, const struct object *object, size_t index,
                           const char *message)
{
    add_fault(reader, object, index, &(struct value_fault){REASON_FIELD_INVALID, message});
}

static void add_path(struct reader *reader, const struct object *object, const char *name)
{
    struct json_paths *paths = reader->paths;
    if (paths->n_paths == reader->paths_capacity) {
        reader->paths_capacity = reader->paths_capacity ? reader->paths_capacity * 2 : 16;
        char **grown = arena_alloc(reader->lexer.arena, reader->paths_capacity * sizeof(*grown));
        if (paths->n_paths) {
            memcpy(grown, paths->paths, paths->n_paths * sizeof(*grown));
        }
        paths->paths = grown;
    }
    paths->paths[paths->n_paths++] = field_path(reader->lexer.arena, object, name);
}

static bool is_integer(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return false;
    default:
        return true;
    }
}

static bool is_text(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_ENUM ||
           field->descriptor == &google__protobuf__timestamp__descriptor ||
           field->descriptor == &google__protobuf__field_mask__descriptor;
}

static const char *expected(const ProtobufCFieldDescriptor *field)
{
    if (is_integer(field)) {
        return "A valid integer is required.";
    }
    if (is_text(field)) {
        return "Not a valid string.";
    }
    return field->type == PROTOBUF_C_TYPE_BOOL ? "Must be a valid boolean." : "Expected an object.";
}

static const struct value_fault *text_value(struct reader *reader,
                                            const ProtobufCFieldDescriptor *field,
                                            const struct message_field_meta *meta, void *slot)
{
    struct json_slice text;
    if (!json_take_string(&reader->lexer, &text)) {
        return NULL;
    }
    struct arena *arena = reader->lexer.arena;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        return value_string(arena, meta, text, slot);
    }
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        return value_enum(field, text, slot);
    }
    if (field->descriptor == &google__protobuf__timestamp__descriptor) {
        return value_timestamp(arena, text, slot);
    }
    return value_field_mask(arena, text, slot);
}

static const struct value_fault *integer_value(struct reader *reader,
                                               const ProtobufCFieldDescriptor *field,
                                               const struct message_field_meta *meta, void *slot)
{
    struct json_slice text;
    bool quoted = json_peek(&reader->lexer) == JSON_STRING;
    if (quoted ? !json_take_string(&reader->lexer, &text)
               : !json_take_number(&reader->lexer, &text)) {
        return NULL;
    }
    return value_integer(field, quoted && meta && meta->flags & FIELD_MEGABYTES, text, slot);
}

/* One value, not null, of the single or repeated field `index` into `slot`. False: the document is
 * faulty. */
static bool read_value(struct reader *reader, struct object *object, size_t index, void *slot)
{
    const ProtobufCFieldDescriptor *field = &object->message->descriptor->fields[index];
    const struct message_field_meta *meta = object->meta ? &object->meta->fields[index] : NULL;
    enum json_type type = json_peek(&reader->lexer);
    const struct value_fault *fault = NULL;
    bool boolean = false;
    if (is_integer(field) && (type == JSON_NUMBER || type == JSON_STRING)) {
        fault = integer_value(reader, field, meta, slot);
    } else if (is_text(field) && type == JSON_STRING) {
        fault = text_value(reader, field, meta, slot);
    } else if (field->type == PROTOBUF_C_TYPE_BOOL && type == JSON_BOOLEAN) {
        json_take_boolean(&reader->lexer, &boolean);
        *(protobuf_c_boolean *)slot = boolean;
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE && !is_text(field) && type == JSON_OBJECT) {
        struct object child = {
            .parent = object,
            .name = field->name,
            .message = message_new(reader->lexer.arena, field->descriptor),
            .meta = meta ? meta->child : message_meta_find(field->descriptor),
        };
        *(ProtobufCMessage **)slot = child.message;
        return read_object(reader, &child);
    } else {
        add_fault_text(reader, object, index, expected(field));
        return json_skip(&reader->lexer);
    }
    if (fault) {
        add_fault(reader, object, index, fault);
    }
    return !reader->lexer.fault;
}

static bool read_list(struct reader *reader, struct object *object, size_t index)
{
    const ProtobufCFieldDescriptor *field = &object->message->descriptor->fields[index];
    bool first = true;
    if (json_peek(&reader->lexer) != JSON_ARRAY) {
        add_fault_text(reader, object, index, "Expected a list of items.");
        return json_skip(&reader->lexer);
    }
    if (!json_array_open(&reader->lexer)) {
        return false;
    }
    size_t n_faults = reader->n_faults;
    while (json_array_next(&reader->lexer, &first)) {
        /* One faulty item is enough to say so; the rest is only checked to be JSON. */
        bool read = reader->n_faults == n_faults
                        ? read_value(reader, object, index,
                                     value_slot(reader->lexer.arena, object->message, field))
                        : json_skip(&reader->lexer);
        if (!read) {
            return false;
        }
    }
    if (!reader->lexer.fault && first && object->meta &&
        object->meta->fields[index].flags & FIELD_REQUIRED) {
        add_fault_text(reader, object, index, "This list may not be empty.");
    }
    return !reader->lexer.fault;
}

static bool read_null(struct reader *reader, struct object *object, size_t index)
{
    const ProtobufCFieldDescriptor *field = &object->message->descriptor->fields[index];
    if (!json_take_null(&reader->lexer)) {
        return false;
    }
    if (object->meta && object->meta->fields[index].flags & FIELD_REQUIRED) {
        add_fault_text(reader, object, index, "This field may not be null.");
    }
    add_path(reader, object, field->name);
    return true;
}

static bool read_field(struct reader *reader, struct object *object, size_t index)
{
    const ProtobufCFieldDescriptor *field = &object->message->descriptor->fields[index];
    const struct message_field_meta *meta = object->meta ? &object->meta->fields[index] : NULL;
    if (json_peek(&reader->lexer) == JSON_NULL) {
        return read_null(reader, object, index);
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        add_path(reader, object, field->name);
        return read_list(reader, object, index);
    }
    /* A nested object stands for the fields it names, not for the ones it leaves out. */
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || is_text(field)) {
        add_path(reader, object, field->name);
    }
    size_t n_faults = reader->n_faults;
    if (!read_value(reader, object, index,
                    value_slot(reader->lexer.arena, object->message, field))) {
        return false;
    }
    if (meta && meta->flags & FIELD_REQUIRED && field->type == PROTOBUF_C_TYPE_STRING &&
        reader->n_faults == n_faults && !message_has_field(object->message, field)) {
        add_fault_text(reader, object, index, "This field may not be blank.");
    }
    return true;
}

/* The index of the field that a client may set by this name, n_fields if there is none. */
static size_t find_field(const struct object *object, struct json_slice key)
{
    const ProtobufCMessageDescriptor *descriptor = object->message->descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const struct message_field_meta *meta = object->meta ? &object->meta->fields[i] : NULL;
        const char *name = meta ? meta->json_name : descriptor->fields[i].name;
        if (strlen(name) == key.len && memcmp(name, key.data, key.len) == 0) {
            bool server_only =
                meta && (meta->flags & FIELD_OUTPUT_ONLY || meta->filled_with != FILL_NONE);
            return server_only ? descriptor->n_fields : i;
        }
    }
    return descriptor->n_fields;
}

static void check_required(struct reader *reader, const struct object *object)
{
    for (unsigned i = 0; object->meta && i < object->message->descriptor->n_fields; i++) {
        if (object->meta->fields[i].flags & FIELD_REQUIRED && !object->seen[i]) {
            add_fault(reader, object, i,
                      &(struct value_fault){REASON_FIELD_REQUIRED, "This field is required."});
        }
    }
}

static bool read_object(struct reader *reader, struct object *object)
{
    size_t n_fields = object->message->descriptor->n_fields;
    bool *seen = arena_alloc(reader->lexer.arena, n_fields + 1);
    struct json_keys keys = {0};
    struct json_slice key;
    if (!json_object_open(&reader->lexer)) {
        return false;
    }
    while (json_object_next(&reader->lexer, &keys, &key)) {
        size_t index = find_field(object, key);
        seen[index] = true;
        if (index == n_fields ? !json_skip(&reader->lexer) : !read_field(reader, object, index)) {
            return false;
        }
    }
    if (reader->lexer.fault) {
        return false;
    }
    object->seen = seen;
    if (reader->check_required) {
        check_required(reader, object);
    }
    return true;
}

const struct error *json_read(struct arena *arena, const struct json_source *source,
                              ProtobufCMessage *message, struct json_paths *ret_paths)
{
    struct json_paths paths = {0};
    struct reader reader = {
        .lexer = {.arena = arena,
                  .start = source->text,
                  .at = source->text,
                  .end = source->text + source->len},
        .check_required = source->check_required,
        .paths = &paths,
    };
    struct object top = {.message = message, .meta = message_meta_find(message->descriptor)};
    if (utf8_check(source->text, source->len) == UTF8_MALFORMED) {
        return error_new(arena, REASON_REQUEST_INVALID,
                         "JSON parse error - the text is not valid UTF-8.");
    }
    if (json_peek(&reader.lexer) != JSON_OBJECT) {
        (void)json_skip(&reader.lexer);
        json_fail(&reader.lexer, "expecting an object");
        return reader.lexer.fault;
    }
    if (!read_object(&reader, &top) || !json_at_end(&reader.lexer)) {
        return reader.lexer.fault;
    }
    if (reader.faults) {
        return reader.faults;
    }
    *ret_paths = paths;
    return NULL;
}
