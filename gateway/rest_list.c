#include "gateway/rest_list.h"

#include <string.h>

#include "gateway/http_gzip.h"
#include "gateway/rest_errors.h"
#include "gateway/security_headers.h"
#include "services/common/clock/clock.h"
#include "services/common/message/message.h"

enum { STREAM_PAGE_SIZE = 1000 };

/* A page as the service answered it. */
struct page {
    ProtobufCMessage *const *items;
    size_t n_items;
    const char *next_token; /* "" at the end */
    int64_t total;          /* -1: not counted */
};

static struct page page_of(const struct route *route, const ProtobufCMessage *response)
{
    const char *base = (const char *)response;
    struct page page = {
        .items = *(ProtobufCMessage *const *const *)(base + route->list->offset),
        .n_items = *(const size_t *)(base + route->list->quantifier_offset),
        .next_token = *(const char *const *)(base + route->next_page_token->offset),
        .total = -1,
    };
    if (route->total_size && message_has_field(response, route->total_size)) {
        page.total = *(const int64_t *)(base + route->total_size->offset);
    }
    return page;
}

static const ProtobufCFieldDescriptor *request_field(const struct rest_call *rest, const char *name)
{
    return message_field(rest->request->descriptor, name);
}

static void set_page_token(const struct rest_call *rest, const char *token)
{
    *(const char **)((char *)rest->request + request_field(rest, "page_token")->offset) = token;
}

static void set_page_size(const struct rest_call *rest, int32_t size)
{
    *(int32_t *)((char *)rest->request + request_field(rest, "page_size")->offset) = size;
}

static void write_items(struct json_writer *body, const struct page *page)
{
    for (size_t i = 0; i < page->n_items; i++) {
        json_write(body, page->items[i]);
    }
}

static void add_headers(struct http_exchange *exchange, const struct page *page)
{
    security_headers_add_api(exchange);
    http_add_header(exchange, "Content-Type", "application/json");
    if (page->total >= 0) {
        http_add_header(exchange, "X-Total-Count",
                        arena_printf(exchange->arena, "%lld", (long long)page->total));
    }
}

/* Where the API is reached, as the client sees it. */
static const char *origin(const struct rest_call *rest)
{
    const struct http_request *request = &rest->exchange->request;
    const char *public_url = rest->worker->gateway->session_policy.public_url;
    if (public_url[0]) {
        size_t len = strlen(public_url);
        return arena_strndup(rest->exchange->arena, public_url,
                             public_url[len - 1] == '/' ? len - 1 : len);
    }
    return arena_printf(rest->exchange->arena, "%s://%s", request->is_tls ? "https" : "http",
                        http_header(request, "host"));
}

/* The same request with another page token. */
static void add_next_link(const struct rest_call *rest, const struct url_query *query,
                          const char *token)
{
    struct arena *arena = rest->exchange->arena;
    const char *parameters = "";
    for (size_t i = 0; i < query->n_parameters; i++) {
        const struct url_parameter *parameter = &query->parameters[i];
        if (strcmp(parameter->name, "page_token") != 0) {
            parameters =
                arena_printf(arena, "%s%s=%s&", parameters, url_escape(arena, parameter->name),
                             url_escape(arena, parameter->value));
        }
    }
    http_add_header(rest->exchange, "Link",
                    arena_printf(arena, "<%s%s?%spage_token=%s>; rel=\"next\"", origin(rest),
                                 rest->exchange->request.path, parameters,
                                 url_escape(arena, token)));
}

static void send_page(const struct rest_call *rest, const struct page *page)
{
    struct json_writer body = http_body_writer(rest->exchange->arena);
    add_headers(rest->exchange, page);
    json_array_begin(&body);
    write_items(&body, page);
    json_array_end(&body);
    if (rest->route->method == ROUTE_GET) {
        http_gzip_send(rest->exchange, &body);
    } else {
        http_send(rest->exchange, rest->route->success_status, &body);
    }
}

/* Writes the page as a piece of the stream. The bracket that opens goes before the first, the one
 * that closes after the last. False: the client is gone. */
static bool stream_page(const struct rest_call *rest, struct arena *arena, const struct page *page,
                        bool is_first)
{
    struct json_writer piece = http_body_writer(arena);
    if (is_first) {
        json_array_begin(&piece);
    }
    piece.comma = !is_first;
    write_items(&piece, page);
    if (page->next_token[0] == '\0') {
        json_array_end(&piece);
    }
    return http_stream_write(rest->exchange, &piece);
}

/* The pages after the first. Each lives in the arena that the one before the last has left; a token
 * is needed for one page longer than its page. */
static void stream_rest(const struct rest_call *rest, const char *token)
{
    struct http_exchange *exchange = rest->exchange;
    int64_t page_timeout_us = rest->worker->gateway->config->request_timeout_ms * 1000;
    for (size_t turn = 0; token[0] != '\0'; turn = 1 - turn) {
        struct arena *arena = rest->worker->pages[turn];
        ProtobufCMessage *response = NULL;
        arena_reset(arena);
        set_page_token(rest, token);
        const struct error *err =
            rest_call(rest, arena, clock_monotonic_us() + page_timeout_us, &response);
        if (err) {
            /* The page's arena ends before the line in the log is written. */
            exchange->reason = arena_strdup(exchange->arena, err->reason);
            exchange->cause = err->cause ? arena_strdup(exchange->arena, err->cause) : NULL;
            http_stream_abort(exchange);
            return;
        }
        struct page page = page_of(rest->route, response);
        token = page.next_token;
        if (!stream_page(rest, arena, &page, false)) {
            return;
        }
    }
    http_stream_end(exchange);
}

static void serve_all(const struct rest_call *rest)
{
    struct http_exchange *exchange = rest->exchange;
    ProtobufCMessage *response = NULL;
    set_page_size(rest, STREAM_PAGE_SIZE);
    const struct error *err = rest_call(rest, exchange->arena, exchange->deadline_us, &response);
    if (err) {
        rest_errors_send(exchange, rest->route, err);
        return;
    }
    struct page page = page_of(rest->route, response);
    if (page.next_token[0] == '\0') {
        send_page(rest, &page);
        return;
    }
    add_headers(exchange, &page);
    bool goes_on = http_stream_begin(exchange, rest->route->success_status);
    if (goes_on && !exchange->is_head && stream_page(rest, exchange->arena, &page, true)) {
        stream_rest(rest, page.next_token);
    }
    arena_reset(rest->worker->pages[0]);
    arena_reset(rest->worker->pages[1]);
}

static void serve_one(const struct rest_call *rest, const struct url_query *query)
{
    struct http_exchange *exchange = rest->exchange;
    ProtobufCMessage *response = NULL;
    const struct error *err = rest_call(rest, exchange->arena, exchange->deadline_us, &response);
    if (err) {
        rest_errors_send(exchange, rest->route, err);
        return;
    }
    struct page page = page_of(rest->route, response);
    if (page.next_token[0] != '\0') {
        add_next_link(rest, query, page.next_token);
    }
    send_page(rest, &page);
}

void rest_list_serve(const struct rest_call *rest, const struct url_query *query)
{
    bool pages = request_field(rest, "page_size") && request_field(rest, "page_token");
    if (!pages || url_parameter(query, "page_size") || url_parameter(query, "page_token")) {
        serve_one(rest, query);
    } else {
        serve_all(rest);
    }
}
