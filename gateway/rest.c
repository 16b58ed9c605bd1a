#include "gateway/rest.h"

#include <string.h>

#include "gateway/http_gzip.h"
#include "gateway/rest_call.h"
#include "gateway/rest_errors.h"
#include "gateway/rest_list.h"
#include "gateway/rest_request.h"
#include "gateway/router.h"
#include "gateway/security_headers.h"
#include "services/common/message/message.h"
#include "services/common/rpc/access.h"

static const struct http_fault not_found = {404, "Not found."};
static const struct http_fault bad_query = {400, "The query string is malformed."};

/* Paths end in a slash. Reads are shown the way, as Modoboa's API does it; a write must not be sent
 * twice. */
static void redirect_to_slash(struct http_exchange *exchange)
{
    const struct http_request *request = &exchange->request;
    if (strcmp(request->method, "GET") != 0 && !exchange->is_head) {
        rest_errors_send_fault(exchange, &not_found);
        return;
    }
    security_headers_add_api(exchange);
    http_add_header(exchange, "Location",
                    arena_printf(exchange->arena, "%s/%s%s", request->path,
                                 request->query ? "?" : "", request->query ? request->query : ""));
    http_send(exchange, 301, NULL);
}

static void answer_other_method(struct http_exchange *exchange, const struct router_match *match)
{
    const char *method = exchange->request.method;
    http_add_header(exchange, "Allow", router_allow(exchange->arena, match));
    if (strcmp(method, "OPTIONS") == 0) {
        security_headers_add_api(exchange);
        http_send(exchange, 204, NULL);
        return;
    }
    const struct http_fault fault = {
        405, arena_printf(exchange->arena, "Method \"%s\" not allowed.", method)};
    rest_errors_send_fault(exchange, &fault);
}

/* Who it is, and whether the browser may speak for him. */
static const struct error *identify(struct worker *worker, struct http_exchange *exchange,
                                    const struct route *route, struct session_caller *ret_caller)
{
    const struct session_policy *policy = &worker->gateway->session_policy;
    const struct http_request *request = &exchange->request;
    if (route->flags & ROUTE_ANONYMOUS) {
        ret_caller->identity.remote_address = (char *)request->remote_address;
        return route->flags & ROUTE_STARTS_SESSION
                   ? session_check_origin(exchange->arena, policy, request)
                   : NULL;
    }
    struct call call = {
        .arena = exchange->arena,
        .method = route->template,
        .trace_id = exchange->request_id,
        .deadline_us = exchange->deadline_us,
        .peers = worker->gateway->peers,
    };
    const struct error *err = session_identify(worker->sessions, &call, request, ret_caller);
    if (err) {
        return err;
    }
    exchange->account = ret_caller->identity.username;
    if (!ret_caller->csrf_token) {
        return NULL;
    }
    if (route->method == ROUTE_GET) {
        /* A page that was loaded anew asks for its token this way; other sites cannot read it. */
        http_add_header(exchange, "X-CSRF-Token", ret_caller->csrf_token);
        return NULL;
    }
    return session_check_csrf(exchange->arena, policy, request, ret_caller);
}

static const char *string_field(const ProtobufCMessage *message,
                                const ProtobufCFieldDescriptor *field)
{
    const char *text = *(const char *const *)((const char *)message + field->offset);
    return text ? text : "";
}

/* The resource that was created is below the path of its collection, by its pk. */
static void add_location(struct http_exchange *exchange, const struct route *route,
                         const ProtobufCMessage *response)
{
    for (unsigned i = 0; i < response->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &response->descriptor->fields[i];
        if (field->type == PROTOBUF_C_TYPE_INT64 &&
            strcmp(route->response->fields[i].json_name, "pk") == 0) {
            int64_t id = *(const int64_t *)((const char *)response + field->offset);
            http_add_header(
                exchange, "Location",
                arena_printf(exchange->arena, "%s%lld/", exchange->request.path, (long long)id));
            return;
        }
    }
}

/* Whether it has one. */
static bool add_etag(struct http_exchange *exchange, const ProtobufCMessage *response)
{
    const ProtobufCFieldDescriptor *field = message_field(response->descriptor, "etag");
    if (!field || field->type != PROTOBUF_C_TYPE_STRING || !string_field(response, field)[0]) {
        return false;
    }
    http_add_header(exchange, "ETag",
                    arena_printf(exchange->arena, "\"%s\"", string_field(response, field)));
    return true;
}

/* What travels as a cookie, and what is also a header. */
static void add_fields(struct worker *worker, struct http_exchange *exchange,
                       const struct route *route, const ProtobufCMessage *response)
{
    const struct session_policy *policy = &worker->gateway->session_policy;
    for (unsigned i = 0; i < response->descriptor->n_fields; i++) {
        const struct message_field_meta *meta = &route->response->fields[i];
        const ProtobufCFieldDescriptor *field = &response->descriptor->fields[i];
        if (meta->cookie) {
            session_set_cookie(exchange, policy, meta->cookie, string_field(response, field));
        }
        if (meta->header && string_field(response, field)[0]) {
            http_add_header(exchange, meta->header, string_field(response, field));
        }
    }
    if (route->flags & ROUTE_CLEARS_SESSION) {
        session_forget(worker->sessions, exchange->arena, &exchange->request);
        session_set_cookie(exchange, policy, SESSION_COOKIE, NULL);
    }
}

static void send_response(struct worker *worker, struct http_exchange *exchange,
                          const struct route *route, const ProtobufCMessage *response)
{
    struct json_writer body = http_body_writer(exchange->arena);
    security_headers_add_api(exchange);
    add_fields(worker, exchange, route, response);
    bool has_etag = add_etag(exchange, response);
    if (route->success_status == 201) {
        add_location(exchange, route, response);
    }
    if (route->success_status == 204) {
        http_send(exchange, 204, NULL);
        return;
    }
    http_add_header(exchange, "Content-Type", "application/json");
    json_write(&body, response);
    if (route->method == ROUTE_GET && !has_etag && !(route->flags & ROUTE_ANONYMOUS)) {
        http_gzip_send(exchange, &body);
    } else {
        http_send(exchange, route->success_status, &body);
    }
}

static void call_and_answer(const struct rest_call *rest, const struct url_query *query)
{
    ProtobufCMessage *response = NULL;
    if (rest->route->list) {
        rest_list_serve(rest, query);
        return;
    }
    const struct error *err =
        rest_call(rest, rest->exchange->arena, rest->exchange->deadline_us, &response);
    if (err) {
        rest_errors_send(rest->exchange, rest->route, err);
        return;
    }
    send_response(rest->worker, rest->exchange, rest->route, response);
}

static void serve_route(struct worker *worker, struct http_exchange *exchange,
                        const struct route *route, const struct url_path *path)
{
    struct session_caller caller = {.identity = ROOST__COMMON__V1__IDENTITY__INIT};
    struct url_query *query = arena_alloc(exchange->arena, sizeof(*query));
    struct rest_request request = {.route = route, .path = path, .query = query, .caller = &caller};
    const struct error *err = identify(worker, exchange, route, &caller);
    /* The service asks the same; but who may not call shall hear that, not what is wrong with his
     * request. */
    if (!err) {
        err = access_check(exchange->arena, &route->rpc->access, &caller.identity);
    }
    if (err) {
        rest_errors_send(exchange, route, err);
        return;
    }
    if (!url_split_query(exchange->arena, exchange->request.query, query)) {
        rest_errors_send_fault(exchange, &bad_query);
        return;
    }
    if (rest_request_takes_body(route)) {
        const struct http_fault *fault = http_read_body(exchange, &request.body);
        if (fault) {
            rest_errors_send_fault(exchange, fault);
            return;
        }
    }
    ProtobufCMessage *message = message_new(exchange->arena, route->request->descriptor);
    err = rest_request_fill(exchange, &request, message);
    /* After the body, so that the path's values stand. */
    if (!rest_request_set_path(exchange->arena, &request, message)) {
        rest_errors_send_fault(exchange, &not_found);
        return;
    }
    if (err) {
        rest_errors_send(exchange, route, err);
        return;
    }
    const struct rest_call rest = {worker, exchange, route, &caller.identity, message};
    call_and_answer(&rest, query);
}

void rest_serve(struct worker *worker, struct http_exchange *exchange, const struct url_path *path)
{
    struct router_match match = router_match(path);
    if (!match.any) {
        rest_errors_send_fault(exchange, &not_found);
        return;
    }
    exchange->route = match.any->template;
    if (!path->has_trailing_slash) {
        redirect_to_slash(exchange);
        return;
    }
    const struct route *route = router_route(&match, exchange->request.method);
    if (!route) {
        answer_other_method(exchange, &match);
        return;
    }
    serve_route(worker, exchange, route, path);
}
