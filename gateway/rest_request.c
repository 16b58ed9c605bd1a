#include "gateway/rest_request.h"

#include <string.h>

#include "gateway/router.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "services/common/message/message.h"
#include "services/common/message/utf8.h"

enum { REQUEST_ID_MAX_BYTES = 64, ETAG_MAX_BYTES = 128 };

bool rest_request_takes_body(const struct route *route)
{
    return route->body || route->flags & ROUTE_WHOLE_BODY;
}

bool rest_request_set_path(struct arena *arena, const struct rest_request *request,
                           ProtobufCMessage *message)
{
    const struct route *route = request->route;
    for (size_t i = 0; i < route->n_segments; i++) {
        const char *value = router_value(route, request->path, i);
        if (value && json_set_from_text(arena, message, route->segments[i].field, value)) {
            return false;
        }
    }
    return true;
}

static void *slot_of(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (char *)message + field->offset;
}

static void set_string(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       const char *text)
{
    *(const char **)slot_of(message, field) = text;
}

/* A field that only the server sets: a mask of it alone changes nothing. */
static const char *inert_path(const struct message_meta *meta)
{
    for (unsigned i = 0; i < meta->descriptor->n_fields; i++) {
        if (meta->fields[i].flags & FIELD_OUTPUT_ONLY) {
            return meta->descriptor->fields[i].name;
        }
    }
    return "";
}

/* PUT replaces all; PATCH names what the body names. An empty mask would mean all, so an empty
 * PATCH needs another one. */
static void set_mask(struct arena *arena, const struct rest_request *request,
                     const struct json_paths *paths, ProtobufCMessage *message)
{
    const struct route *route = request->route;
    Google__Protobuf__FieldMask *mask =
        message_new(arena, &google__protobuf__field_mask__descriptor);
    if (route->method == ROUTE_PATCH && paths->n_paths > 0) {
        mask->paths = paths->paths;
        mask->n_paths = paths->n_paths;
    } else {
        mask->paths = arena_alloc(arena, sizeof(*mask->paths));
        mask->paths[0] =
            route->method == ROUTE_PATCH
                ? arena_strdup(arena, inert_path(message_meta_find(route->body->descriptor)))
                : arena_strdup(arena, "*");
        mask->n_paths = 1;
    }
    *(ProtobufCMessage **)slot_of(message, route->update_mask) = &mask->base;
}

static const struct error *fill_body(struct arena *arena, const struct rest_request *request,
                                     ProtobufCMessage *message)
{
    const struct route *route = request->route;
    struct json_source source = request->body;
    struct json_paths paths = {0};
    ProtobufCMessage *body = message;
    source.check_required = route->method != ROUTE_PATCH;
    if (route->body) {
        body = message_new(arena, route->body->descriptor);
        *(ProtobufCMessage **)slot_of(message, route->body) = body;
    }
    const struct error *err = json_read(arena, &source, body, &paths);
    if (err) {
        return route->body ? error_prefix_fields(arena, err, route->body->name) : err;
    }
    if (route->update_mask && route->body) {
        set_mask(arena, request, &paths, message);
    }
    return NULL;
}

/* Whether a query parameter may set the field. */
static bool is_query_field(const struct route *route, size_t index)
{
    const ProtobufCFieldDescriptor *field = &route->request->descriptor->fields[index];
    const struct message_field_meta *meta = &route->request->fields[index];
    if (field == route->body || field == route->update_mask || field == route->request_id ||
        field == route->etag || meta->filled_with != FILL_NONE || meta->flags & FIELD_SECRET) {
        return false;
    }
    for (size_t i = 0; i < route->n_segments; i++) {
        if (route->segments[i].field == field) {
            return false;
        }
    }
    return true;
}

/* A repeated field takes all values of its name, any other the last one. */
static const struct error *fill_from_query(struct arena *arena, const struct url_query *query,
                                           const char *name, const ProtobufCFieldDescriptor *field,
                                           ProtobufCMessage *message)
{
    const char *value = url_parameter(query, name);
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return value ? json_set_from_text(arena, message, field, value) : NULL;
    }
    const struct error *err = NULL;
    for (size_t i = 0; i < query->n_parameters && !err; i++) {
        if (strcmp(query->parameters[i].name, name) == 0) {
            err = json_set_from_text(arena, message, field, query->parameters[i].value);
        }
    }
    return err;
}

static const struct error *fill_query(struct arena *arena, const struct rest_request *request,
                                      ProtobufCMessage *message)
{
    const struct route *route = request->route;
    const struct error *faults = NULL;
    for (unsigned i = 0; i < route->request->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &route->request->descriptor->fields[i];
        if (!is_query_field(route, i)) {
            continue;
        }
        const struct error *err = fill_from_query(
            arena, request->query, route->request->fields[i].json_name, field, message);
        if (err) {
            faults = error_add_field(arena, faults, REASON_FIELD_INVALID, field->name, "%s",
                                     err->detail);
        }
    }
    return faults;
}

/* The text of a header that may be a quoted string; NULL if it is not printable ASCII of 1 to
 * max_bytes. */
static char *unquoted(struct arena *arena, const char *value, size_t max_bytes)
{
    size_t len = strlen(value);
    if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
        value++;
        len -= 2;
    }
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '!' || value[i] > '~' || value[i] == '"') {
            return NULL;
        }
    }
    return len > 0 && len <= max_bytes ? arena_strndup(arena, value, len) : NULL;
}

static const struct error *fill_headers(struct http_exchange *exchange, const struct route *route,
                                        ProtobufCMessage *message)
{
    struct arena *arena = exchange->arena;
    const char *key = http_header(&exchange->request, "idempotency-key");
    const char *etag = http_header(&exchange->request, "if-match");
    if (key && route->request_id) {
        const char *text = unquoted(arena, key, REQUEST_ID_MAX_BYTES);
        if (!text) {
            return error_new(arena, REASON_REQUEST_INVALID,
                             "Idempotency-Key must be 1 to %d printable ASCII characters.",
                             REQUEST_ID_MAX_BYTES);
        }
        set_string(message, route->request_id, text);
    }
    if (etag && route->etag && strcmp(etag, "*") != 0) {
        const char *text = unquoted(arena, etag, ETAG_MAX_BYTES);
        if (!text) {
            return error_new(arena, REASON_ETAG_MISMATCH,
                             "If-Match must be one strong entity tag.");
        }
        set_string(message, route->etag, text);
    }
    return NULL;
}

/* What a browser calls itself, as far as it is clean text. */
static const char *user_agent(struct http_exchange *exchange, size_t max_bytes)
{
    const char *text = http_header(&exchange->request, "user-agent");
    if (!text || utf8_check(text, strlen(text)) != UTF8_OK) {
        return "";
    }
    size_t len = strlen(text);
    while (len > max_bytes || (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)) {
        len--;
    }
    return arena_strndup(exchange->arena, text, len);
}

static void fill_known(struct http_exchange *exchange, const struct rest_request *request,
                       ProtobufCMessage *message)
{
    const struct message_meta *meta = request->route->request;
    for (unsigned i = 0; i < meta->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &meta->descriptor->fields[i];
        switch (meta->fields[i].filled_with) {
        case FILL_REMOTE_ADDRESS:
            set_string(message, field, exchange->request.remote_address);
            break;
        case FILL_USER_AGENT:
            set_string(message, field, user_agent(exchange, meta->fields[i].max_bytes));
            break;
        case FILL_SESSION:
            set_string(message, field, request->caller->identity.session_id);
            break;
        case FILL_NONE:
            break;
        }
    }
}

const struct error *rest_request_fill(struct http_exchange *exchange,
                                      const struct rest_request *request, ProtobufCMessage *message)
{
    const struct route *route = request->route;
    const struct error *err = NULL;
    if (rest_request_takes_body(route)) {
        err = fill_body(exchange->arena, request, message);
    }
    if (!err && !(route->flags & ROUTE_WHOLE_BODY)) {
        err = fill_query(exchange->arena, request, message);
    }
    if (!err) {
        err = fill_headers(exchange, route, message);
    }
    if (!err) {
        fill_known(exchange, request, message);
    }
    return err;
}
