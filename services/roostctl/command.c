#include "services/roostctl/command.h"

#include <string.h>

#include "services/common/message/message.h"

/* "/api/v1/" */
enum { SEGMENTS_BEFORE_NOUN = 2 };
#define OWN "account"

static const char *const standard_verbs[] = {"List", "Get", "Create", "Update", "Delete"};
static const char *const standard_names[] = {"list", "get", "create", "update", "delete"};

/* Collections whose REST name is not what one would type. */
static const struct {
    const char *segment;
    const char *noun;
} nouns[] = {
    {"api_token", "token"},
    {"mailboxoperations", "operations"},
};

static const char *rpc_name(const struct route *route)
{
    return strrchr(route->rpc->path, '/') + 1;
}

/* The last literal among the first n segments. */
static const char *last_literal(const struct route *route, size_t n)
{
    for (size_t i = n; i > 0; i--) {
        if (route->segments[i - 1].literal) {
            return route->segments[i - 1].literal;
        }
    }
    return "";
}

static const char *noun_of_segment(const char *segment)
{
    for (size_t i = 0; i < sizeof nouns / sizeof *nouns; i++) {
        if (strcmp(nouns[i].segment, segment) == 0) {
            return nouns[i].noun;
        }
    }
    return segment;
}

static const char *standard_verb(const struct route *route)
{
    for (size_t i = 0; i < sizeof standard_verbs / sizeof *standard_verbs; i++) {
        if (strncmp(rpc_name(route), standard_verbs[i], strlen(standard_verbs[i])) == 0) {
            return standard_names[i];
        }
    }
    return NULL;
}

/* The literals from this segment on, as in "password_change". */
static const char *rest_of_path(struct arena *arena, const struct route *route, size_t from)
{
    const char *rest = NULL;
    for (size_t i = from; i < route->n_segments; i++) {
        const char *literal = route->segments[i].literal;
        if (literal) {
            rest = rest ? arena_printf(arena, "%s_%s", rest, literal) : literal;
        }
    }
    return rest ? rest : "";
}

/* A custom action on a collection is called as what follows the collection in its path; one that
 * ends in a collection of its own ("dns") is run there. What is one's own lies below "account". */
static struct command command_of(struct arena *arena, const struct route *route)
{
    const char *verb = standard_verb(route);
    const char *last = last_literal(route, route->n_segments);
    if (!verb && strncmp(rpc_name(route), "Run", strlen("Run")) == 0) {
        verb = "run";
    }
    if (verb) {
        bool is_twin = strcmp(last, verb) == 0; /* POST .../delete/ */
        return (struct command){
            noun_of_segment(is_twin ? last_literal(route, route->n_segments - 1) : last), verb,
            route};
    }
    size_t noun = SEGMENTS_BEFORE_NOUN;
    if (strcmp(route->segments[noun].literal, OWN) == 0) {
        noun++;
    }
    return (struct command){noun_of_segment(route->segments[noun].literal),
                            rest_of_path(arena, route, noun + 1), route};
}

/* Sessions are the browser's; PUT is PATCH with more to type. */
static bool is_command(const struct route *route)
{
    bool is_patch_twin = route->update_mask && route->method == ROUTE_PUT;
    return !(route->flags & (ROUTE_STARTS_SESSION | ROUTE_CLEARS_SESSION)) && !is_patch_twin &&
           route->n_segments > SEGMENTS_BEFORE_NOUN;
}

const struct command *command_find(const struct command *commands, size_t n, const char *noun,
                                   const char *verb)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(commands[i].noun, noun) == 0 && strcmp(commands[i].verb, verb) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

const struct command *commands_all(struct arena *arena, size_t *ret_n)
{
    struct command *commands = arena_alloc(arena, n_routes * sizeof *commands);
    size_t n = 0;
    for (size_t i = 0; i < n_routes; i++) {
        if (is_command(&routes[i])) {
            struct command command = command_of(arena, &routes[i]);
            /* A second path to the same rpc, such as POST .../delete/. */
            if (!command_find(commands, n, command.noun, command.verb)) {
                commands[n++] = command;
            }
        }
    }
    *ret_n = n;
    return commands;
}

static void print_usage(FILE *out, const struct command *command)
{
    int width = fprintf(out, "  %s %s", command->noun, command->verb);
    for (size_t i = 0; i < command->route->n_segments; i++) {
        if (command->route->segments[i].field) {
            width += fprintf(out, " ID");
        }
    }
    fprintf(out, "%*s%s\n", width < 36 ? 36 - width : 1, "", command->route->summary);
}

void commands_print(FILE *out, const struct command *commands, size_t n, const char *noun)
{
    for (size_t i = 0; i < n; i++) {
        if (!noun || strcmp(commands[i].noun, noun) == 0) {
            print_usage(out, &commands[i]);
        }
    }
}

static const char *kind_of(const struct message_field_meta *meta,
                           const ProtobufCFieldDescriptor *field)
{
    if (meta->flags & FIELD_MEGABYTES) {
        return "SIZE (megabytes, or 500M, 10G, 1T)";
    }
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return "true|false";
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_INT64:
        return "NUMBER";
    case PROTOBUF_C_TYPE_MESSAGE:
        return "TIME (RFC 3339)";
    default:
        return field->label == PROTOBUF_C_LABEL_REPEATED ? "TEXT, may be repeated" : "TEXT";
    }
}

static bool is_time(const ProtobufCFieldDescriptor *field)
{
    return strcmp(((const ProtobufCMessageDescriptor *)field->descriptor)->name,
                  "google.protobuf.Timestamp") == 0;
}

static void print_flags(FILE *out, struct arena *arena, const struct message_meta *meta,
                        const char *prefix)
{
    for (unsigned i = 0; i < meta->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &meta->descriptor->fields[i];
        const struct message_field_meta *field_meta = &meta->fields[i];
        if (field_meta->flags & FIELD_OUTPUT_ONLY || field_meta->filled_with ||
            strcmp(field->name, "update_mask") == 0) {
            continue;
        }
        if (field->type == PROTOBUF_C_TYPE_MESSAGE && !is_time(field)) {
            print_flags(out, arena, field_meta->child,
                        arena_printf(arena, "%s%s.", prefix, field_meta->json_name));
            continue;
        }
        fprintf(out, "  --%s%s  %s%s\n", prefix, field_meta->json_name, kind_of(field_meta, field),
                field_meta->flags & FIELD_REQUIRED ? "  (required on creation)" : "");
    }
}

void command_print_flags(FILE *out, struct arena *arena, const struct command *command)
{
    const struct route *route = command->route;
    fprintf(out, "roostctl %s %s: %s\n\n", command->noun, command->verb, route->summary);
    const struct message_meta *request = route->request;
    if (route->body) {
        print_flags(out, arena, message_meta_find(route->body->descriptor), "");
    }
    if (route->body || route->flags & ROUTE_WHOLE_BODY) {
        fprintf(out, "  --json FILE|-  the whole body as JSON\n");
    }
    for (unsigned i = 0; i < request->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &request->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
            fprintf(out, "  --%s  %s\n", request->fields[i].json_name,
                    kind_of(&request->fields[i], field));
        }
    }
}
