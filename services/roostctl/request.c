#include "services/roostctl/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "google/protobuf/field_mask.pb-c.h"
#include "services/common/message/json.h"
#include "services/common/message/message.h"

enum { FILE_MAX_BYTES = 1 << 20, MASK_MAX = 64 };

struct builder {
    struct arena *arena;
    const struct route *route;
    ProtobufCMessage *request;
    ProtobufCMessage *body; /* the request itself, or its body field; NULL: none */
    char *mask[MASK_MAX];
    size_t n_mask;
};

static const struct error *usage(struct arena *arena, const char *flag, const char *fault)
{
    return error_new(arena, REASON_REQUEST_INVALID, "%s: %s", flag, fault);
}

static const struct error *read_file(struct arena *arena, const char *path, char **ret_text,
                                     size_t *ret_len)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (!file) {
        return usage(arena, path, strerror(errno));
    }
    char *text = arena_alloc(arena, FILE_MAX_BYTES + 1);
    size_t len = fread(text, 1, FILE_MAX_BYTES + 1, file);
    bool failed = ferror(file);
    if (file != stdin) {
        fclose(file);
    }
    if (failed || len > FILE_MAX_BYTES) {
        return usage(arena, path, failed ? "cannot be read" : "is larger than 1 MiB");
    }
    text[len] = '\0';
    *ret_text = text;
    *ret_len = len;
    return NULL;
}

static const ProtobufCFieldDescriptor *field_by_rest_name(
    const ProtobufCMessageDescriptor *descriptor, const char *name, size_t len)
{
    const struct message_meta *meta = message_meta_find(descriptor);
    for (unsigned i = 0; meta && i < descriptor->n_fields; i++) {
        if (strlen(meta->fields[i].json_name) == len &&
            strncmp(meta->fields[i].json_name, name, len) == 0 &&
            !(meta->fields[i].flags & FIELD_OUTPUT_ONLY)) {
            return &descriptor->fields[i];
        }
    }
    return NULL;
}

static ProtobufCMessage *sub_message(struct arena *arena, ProtobufCMessage *message,
                                     const ProtobufCFieldDescriptor *field)
{
    ProtobufCMessage **member = (ProtobufCMessage **)((char *)message + field->offset);
    if (!*member) {
        *member = message_new(arena, field->descriptor);
    }
    return *member;
}

/* Sets "a.b" below `message`. *ret_known is false if there is no such field. */
static const struct error *set_by_name(struct builder *builder, ProtobufCMessage *message,
                                       const char *name, const char *value, char **ret_path,
                                       bool *ret_known)
{
    char *path = "";
    for (;;) {
        size_t len = strcspn(name, ".");
        const ProtobufCFieldDescriptor *field = field_by_rest_name(message->descriptor, name, len);
        *ret_known = field != NULL;
        if (!field) {
            return NULL;
        }
        path = arena_printf(builder->arena, "%s%s%s", path, *path ? "." : "", field->name);
        *ret_path = path;
        if (!name[len]) {
            return json_set_from_text(builder->arena, message, field, value);
        }
        if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
            *ret_known = false;
            return NULL;
        }
        message = sub_message(builder->arena, message, field);
        name += len + 1;
    }
}

static const struct error *set_flag(struct builder *builder, const char *flag, const char *value)
{
    bool known = false;
    char *path = "";
    const struct error *err = NULL;
    if (builder->body) {
        err = set_by_name(builder, builder->body, flag, value, &path, &known);
        if (known && !err && builder->n_mask < MASK_MAX) {
            builder->mask[builder->n_mask++] = path;
        }
    }
    if (!known && builder->body != builder->request) {
        err = set_by_name(builder, builder->request, flag, value, &path, &known);
    }
    return known ? err
                 : usage(builder->arena, flag, "there is no such flag; add --help to see them");
}

static const struct error *set_json(struct builder *builder, const char *path)
{
    struct json_source source = {0};
    struct json_paths paths;
    if (!builder->body) {
        return usage(builder->arena, "--json", "this command takes no body");
    }
    const struct error *err = read_file(builder->arena, path, (char **)&source.text, &source.len);
    if (err) {
        return err;
    }
    err = json_read(builder->arena, &source, builder->body, &paths);
    for (size_t i = 0; !err && i < paths.n_paths && builder->n_mask < MASK_MAX; i++) {
        builder->mask[builder->n_mask++] = paths.paths[i];
    }
    return err;
}

static const struct error *set_from_file(struct builder *builder, const char *flag, size_t flag_len,
                                         const char *path)
{
    char *text;
    size_t len;
    const struct error *err = read_file(builder->arena, path, &text, &len);
    if (err) {
        return err;
    }
    if (len > 0 && text[len - 1] == '\n') {
        text[len - 1] = '\0';
    }
    return set_flag(builder, arena_strndup(builder->arena, flag, flag_len), text);
}

static const struct error *take_flag(struct builder *builder, const char *flag, const char *value)
{
    static const char file_suffix[] = "-file";
    size_t len = strlen(flag);
    size_t suffix_len = sizeof file_suffix - 1;
    if (strcmp(flag, "json") == 0) {
        return set_json(builder, value);
    }
    if (len > suffix_len && strcmp(flag + len - suffix_len, file_suffix) == 0) {
        return set_from_file(builder, flag, len - suffix_len, value);
    }
    return set_flag(builder, flag, value);
}

static const struct error *take_ids(struct builder *builder, size_t n_words, char *const *words,
                                    size_t *ret_taken)
{
    size_t taken = 0;
    for (size_t i = 0; i < builder->route->n_segments; i++) {
        const ProtobufCFieldDescriptor *field = builder->route->segments[i].field;
        if (!field) {
            continue;
        }
        if (taken == n_words || words[taken][0] == '-') {
            return usage(builder->arena, field->name, "the command wants an id here");
        }
        const struct error *err =
            json_set_from_text(builder->arena, builder->request, field, words[taken]);
        if (err) {
            return err;
        }
        taken++;
    }
    *ret_taken = taken;
    return NULL;
}

static const struct error *take_flags(struct builder *builder, size_t n_words, char *const *words)
{
    for (size_t i = 0; i < n_words; i++) {
        if (strncmp(words[i], "--", 2) != 0) {
            return usage(builder->arena, words[i], "unexpected word");
        }
        const char *flag = words[i] + 2;
        const char *equals = strchr(flag, '=');
        if (!equals && i + 1 == n_words) {
            return usage(builder->arena, words[i], "wants a value");
        }
        const char *value = equals ? equals + 1 : words[++i];
        const char *name =
            equals ? arena_strndup(builder->arena, flag, (size_t)(equals - flag)) : flag;
        const struct error *err = take_flag(builder, name, value);
        if (err) {
            return err;
        }
    }
    return NULL;
}

static void set_mask(struct builder *builder)
{
    const ProtobufCFieldDescriptor *field = builder->route->update_mask;
    if (!field) {
        return;
    }
    Google__Protobuf__FieldMask *mask =
        message_new(builder->arena, &google__protobuf__field_mask__descriptor);
    mask->n_paths = builder->n_mask;
    mask->paths =
        arena_memdup(builder->arena, builder->mask, builder->n_mask * sizeof *builder->mask);
    *(Google__Protobuf__FieldMask **)((char *)builder->request + field->offset) = mask;
}

const struct error *request_build(struct arena *arena, const struct command *command,
                                  size_t n_words, char *const *words,
                                  ProtobufCMessage **ret_request)
{
    const struct route *route = command->route;
    struct builder builder = {
        .arena = arena, .route = route, .request = message_new(arena, route->request->descriptor)};
    if (route->body) {
        builder.body = sub_message(arena, builder.request, route->body);
    } else if (route->flags & ROUTE_WHOLE_BODY) {
        builder.body = builder.request;
    }
    size_t taken;
    const struct error *err = take_ids(&builder, n_words, words, &taken);
    if (err) {
        return err;
    }
    err = take_flags(&builder, n_words - taken, words + taken);
    if (err) {
        return err;
    }
    set_mask(&builder);
    *ret_request = builder.request;
    return NULL;
}
