#include "gateway/rest_errors.h"

#include <stdio.h>
#include <string.h>

#include "gateway/security_headers.h"

enum { RETRY_UNAVAILABLE_S = 1, NUMBER_MAX = 24 };

/* One faulty field by its REST path, "mailbox.quota". */
struct fault {
    const char *path;
    const char *message;
};

static const char internal_detail[] = "An internal error occurred.";

static bool is_reason(const struct error *err, const char *reason)
{
    return err->reason && strcmp(err->reason, reason) == 0;
}

int rest_errors_status(const struct error *err)
{
    bool has_fields = err->n_fields > 0;
    switch (err->code) {
    case ERROR_INVALID_ARGUMENT:
    case ERROR_OUT_OF_RANGE:
        return 400;
    case ERROR_UNAUTHENTICATED:
        return 401;
    case ERROR_PERMISSION_DENIED:
        return 403;
    case ERROR_NOT_FOUND:
        /* What the path names is 404; what a field of the body names is that field's fault.
         * Modoboa's API says 404 for an unknown recipient all the same. */
        return has_fields && !is_reason(err, "RECIPIENT_NOT_FOUND") ? 400 : 404;
    case ERROR_ALREADY_EXISTS:
    case ERROR_FAILED_PRECONDITION:
        return has_fields ? 400 : 409;
    case ERROR_ABORTED:
        return is_reason(err, "ETAG_MISMATCH") ? 412 : 409;
    case ERROR_RESOURCE_EXHAUSTED:
        return is_reason(err, "MESSAGE_TOO_LARGE") ? 413 : 429;
    case ERROR_UNIMPLEMENTED:
        return 501;
    case ERROR_UNAVAILABLE:
    case ERROR_CANCELLED:
        return 503;
    case ERROR_DEADLINE_EXCEEDED:
        return 504;
    default:
        return 500;
    }
}

/* What clients of Modoboa's API look for comes in its words. */
static const char *detail_of(const struct error *err, int status)
{
    if (status >= 500 && status != 503 && status != 504 && status != 501) {
        return internal_detail;
    }
    if (is_reason(err, "CREDENTIALS_MISSING")) {
        return "Authentication credentials were not provided.";
    }
    if (is_reason(err, "CREDENTIALS_INVALID")) {
        return "Invalid token.";
    }
    if (is_reason(err, "ACCOUNT_DISABLED")) {
        return "User inactive or deleted.";
    }
    if (is_reason(err, "ROLE_NOT_ALLOWED")) {
        return "You do not have permission to perform this action.";
    }
    return err->detail && err->detail[0] ? err->detail : internal_detail;
}

/* The proto path of a request's field by REST names, without the field that is the body. */
static const char *rest_path(struct arena *arena, const struct route *route, const char *field)
{
    const struct message_meta *meta = route ? route->request : NULL;
    const char *path = "";
    bool is_first = true;
    while (*field) {
        size_t len = strcspn(field, ".");
        const char *name = arena_strndup(arena, field, len);
        const ProtobufCFieldDescriptor *found =
            meta ? protobuf_c_message_descriptor_get_field_by_name(meta->descriptor, name) : NULL;
        bool is_body = is_first && found && found == route->body;
        if (found && !is_body) {
            name = meta->fields[found - meta->descriptor->fields].json_name;
        }
        meta = found ? meta->fields[found - meta->descriptor->fields].child : NULL;
        if (!is_body) {
            path = *path ? arena_printf(arena, "%s.%s", path, name) : name;
        }
        is_first = false;
        field += len + (field[len] == '.' ? 1 : 0);
    }
    return *path ? path : "non_field_errors";
}

/* Whether the path's next name, of `len` bytes, is that of an earlier one: then it is written
 * already. */
static bool came_before(const struct fault *faults, size_t i, size_t len)
{
    for (size_t k = 0; k < i; k++) {
        if (strncmp(faults[k].path, faults[i].path, len) == 0 &&
            (faults[k].path[len] == '.' || faults[k].path[len] == '\0')) {
            return true;
        }
    }
    return false;
}

static void write_messages(struct json_writer *body, const struct fault *faults, size_t n)
{
    json_array_begin(body);
    for (size_t i = 0; i < n; i++) {
        if (faults[i].path[0] == '\0') {
            json_string(body, faults[i].message);
        }
    }
    json_array_end(body);
}

/* {"name": [...], "nested": {"name": [...]}} */
static void write_faults(struct json_writer *body, const struct fault *faults, size_t n)
{
    json_object_begin(body);
    for (size_t i = 0; i < n; i++) {
        size_t len = strcspn(faults[i].path, ".");
        if (came_before(faults, i, len)) {
            continue;
        }
        struct fault *below = arena_alloc(body->arena, n * sizeof(*below));
        size_t n_below = 0;
        bool is_nested = false;
        bool has_own = false;
        for (size_t k = i; k < n; k++) {
            if (strncmp(faults[k].path, faults[i].path, len) == 0 &&
                (faults[k].path[len] == '.' || faults[k].path[len] == '\0')) {
                const char *rest = faults[k].path + len + (faults[k].path[len] == '.' ? 1 : 0);
                is_nested |= *rest != '\0';
                has_own |= *rest == '\0';
                below[n_below++] = (struct fault){.path = rest, .message = faults[k].message};
            }
        }
        for (size_t k = 0; is_nested && has_own && k < n_below; k++) {
            if (below[k].path[0] == '\0') {
                below[k].path = "non_field_errors";
            }
        }
        json_key(body, arena_strndup(body->arena, faults[i].path, len));
        if (is_nested) {
            write_faults(body, below, n_below);
        } else {
            write_messages(body, below, n_below);
        }
    }
    json_object_end(body);
}

static void write_problem(struct json_writer *body, const struct http_exchange *exchange,
                          int status, const char *detail)
{
    json_object_begin(body);
    json_key(body, "type");
    json_string(body, "about:blank");
    json_key(body, "title");
    json_string(body, http_phrase(status));
    json_key(body, "status");
    json_int(body, status);
    json_key(body, "detail");
    json_string(body, detail);
    json_key(body, "trace_id");
    json_string(body, exchange->request_id);
    if (exchange->reason) {
        json_key(body, "reason");
        json_string(body, exchange->reason);
    }
}

static void write_problem_errors(struct json_writer *body, const struct fault *faults, size_t n)
{
    json_key(body, "errors");
    json_array_begin(body);
    for (size_t i = 0; i < n; i++) {
        json_object_begin(body);
        json_key(body, "field");
        json_string(body, faults[i].path);
        json_key(body, "detail");
        json_string(body, faults[i].message);
        json_object_end(body);
    }
    json_array_end(body);
}

static void write_detail(struct json_writer *body, const char *detail)
{
    json_object_begin(body);
    json_key(body, "detail");
    json_string(body, detail);
    json_object_end(body);
}

static bool wants_problem(const struct http_exchange *exchange)
{
    return http_list_has(http_header(&exchange->request, "accept"), "application/problem+json");
}

static void send_body(struct http_exchange *exchange, int status, const struct json_writer *body)
{
    security_headers_add_api(exchange);
    http_add_header(exchange, "Content-Type",
                    wants_problem(exchange) ? "application/problem+json" : "application/json");
    if (status == 401) {
        http_add_header(exchange, "WWW-Authenticate", "Token");
    }
    http_send(exchange, status, body);
}

static void add_retry_after(struct http_exchange *exchange, int status, int64_t retry_after_ms)
{
    if (status == 429 || status == 503) {
        int64_t seconds = (retry_after_ms + 999) / 1000;
        http_add_header(exchange, "Retry-After",
                        arena_printf(exchange->arena, "%lld",
                                     (long long)(seconds > 0 ? seconds : RETRY_UNAVAILABLE_S)));
    }
}

void rest_errors_send(struct http_exchange *exchange, const struct route *route,
                      const struct error *err)
{
    int status = rest_errors_status(err);
    struct json_writer body = http_body_writer(exchange->arena);
    struct fault *faults = arena_alloc(exchange->arena, err->n_fields * sizeof(*faults) + 1);
    for (size_t i = 0; i < err->n_fields; i++) {
        faults[i].path = rest_path(exchange->arena, route, err->fields[i].field);
        faults[i].message = err->fields[i].message;
    }
    exchange->reason = err->reason;
    exchange->cause = err->cause;
    if (wants_problem(exchange)) {
        write_problem(&body, exchange, status, detail_of(err, status));
        write_problem_errors(&body, faults, err->n_fields);
        json_object_end(&body);
    } else if (status == 400 && err->n_fields > 0) {
        write_faults(&body, faults, err->n_fields);
    } else {
        write_detail(&body, detail_of(err, status));
    }
    add_retry_after(exchange, status, err->retry_after_ms);
    send_body(exchange, status, &body);
}

void rest_errors_send_fault(struct http_exchange *exchange, const struct http_fault *fault)
{
    struct json_writer body = http_body_writer(exchange->arena);
    if (wants_problem(exchange)) {
        write_problem(&body, exchange, fault->status, fault->detail);
        json_object_end(&body);
    } else {
        write_detail(&body, fault->detail);
    }
    add_retry_after(exchange, fault->status, 0);
    send_body(exchange, fault->status, &body);
}
