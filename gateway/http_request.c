/* Looking at requests. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "gateway/http.h"

const char *http_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_headers; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0) {
            return request->headers[i].value;
        }
    }
    return NULL;
}

size_t http_header_count(const struct http_request *request, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < request->n_headers; i++) {
        n += strcasecmp(request->headers[i].name, name) == 0;
    }
    return n;
}

bool http_list_has(const char *list, const char *item)
{
    size_t item_len = strlen(item);
    while (list && *list) {
        list += strspn(list, " \t,");
        size_t len = strcspn(list, " \t,;");
        if (len == item_len && strncasecmp(list, item, len) == 0) {
            return true;
        }
        list += strcspn(list, ",");
    }
    return false;
}

bool http_accepts_coding(const char *list, const char *coding)
{
    size_t coding_len = strlen(coding);
    while (list && *list) {
        list += strspn(list, " \t,");
        size_t item_len = strcspn(list, ",");
        size_t len = strcspn(list, " \t,;");
        if (len == coding_len && strncasecmp(list, coding, len) == 0) {
            const char *q = memchr(list, '=', item_len);
            return !q || isdigit((unsigned char)q[1 + strspn(q + 1, "0.")]);
        }
        list += item_len;
    }
    return false;
}

const char *http_cookie(struct arena *arena, const struct http_request *request, const char *name)
{
    const char *found = NULL;
    size_t found_len = 0;
    size_t name_len = strlen(name);
    for (size_t i = 0; i < request->n_headers; i++) {
        if (strcasecmp(request->headers[i].name, "cookie") != 0) {
            continue;
        }
        const char *at = request->headers[i].value;
        while (*at) {
            at += strspn(at, " \t;");
            size_t len = strcspn(at, ";");
            if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
                if (found) {
                    return NULL;
                }
                found = at + name_len + 1;
                found_len = len - name_len - 1;
            }
            at += len;
        }
    }
    return found ? arena_strndup(arena, found, found_len) : NULL;
}

static bool is_token(const char *text)
{
    if (*text == '\0') {
        return false;
    }
    for (; *text; text++) {
        bool letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                      (*text >= '0' && *text <= '9');
        if (!letter && !strchr("!#$%&'*+-.^_`|~", *text)) {
            return false;
        }
    }
    return true;
}

static bool is_digits(const char *text)
{
    size_t len = strspn(text, "0123456789");
    return len > 0 && len <= 18 && text[len] == '\0';
}

static bool is_host(const char *text)
{
    size_t len =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]");
    return len > 0 && len <= 255 && text[len] == '\0';
}

/* Requests that two readers could take apart in two ways are refused: RFC 9112, sections 3.2, 5
 * and 6. */
static const struct http_fault *check_framing(const struct http_request *request)
{
    static const struct http_fault unframed = {400, "The request's header is malformed."};
    static const struct http_fault both = {
        400, "Transfer-Encoding and Content-Length together are not accepted."};
    static const struct http_fault encoded = {
        411, "Transfer-Encoding is not accepted; send Content-Length."};
    static const struct http_fault length = {400, "The Content-Length header is malformed."};
    static const struct http_fault host = {400, "Exactly one valid Host header is required."};
    if (!request->is_framed) {
        return &unframed;
    }
    for (size_t i = 0; i < request->n_headers; i++) {
        if (!is_token(request->headers[i].name)) {
            return &unframed;
        }
    }
    size_t n_lengths = http_header_count(request, "content-length");
    if (http_header_count(request, "transfer-encoding") > 0) {
        return n_lengths > 0 ? &both : &encoded;
    }
    if (n_lengths > 1 || (n_lengths == 1 && !is_digits(http_header(request, "content-length")))) {
        return &length;
    }
    if (http_header_count(request, "host") != 1 || !is_host(http_header(request, "host"))) {
        return &host;
    }
    return NULL;
}

const struct http_fault *http_check(const struct http_request *request)
{
    static const struct http_fault form = {400, "The request target must be a path."};
    static const struct http_fault url = {414, "The URL is too long."};
    static const struct http_fault head = {431, "The request's header is larger than 16 KiB."};
    static const struct http_fault twice = {400,
                                            "A header that may come once came more than once."};
    static const struct http_fault too_large = {413, "The request body is larger than 1 MiB."};
    static const struct http_fault expectation = {417, "The expectation is not supported."};
    static const char *const once[] = {"authorization", "content-type", "idempotency-key",
                                       "if-match",      "origin",       "x-csrf-token",
                                       "x-request-id"};
    const struct http_fault *fault = check_framing(request);
    if (fault) {
        return fault;
    }
    if (request->path[0] != '/') {
        return &form;
    }
    if (strlen(request->path) + (request->query ? strlen(request->query) : 0) >
        HTTP_URL_BYTES_MAX) {
        return &url;
    }
    if (request->head_bytes > HTTP_HEAD_BYTES_MAX) {
        return &head;
    }
    for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
        if (http_header_count(request, once[i]) > 1) {
            return &twice;
        }
    }
    if (request->content_length > HTTP_BODY_BYTES_MAX) {
        return &too_large;
    }
    const char *expect = http_header(request, "expect");
    if (expect && strcasecmp(expect, "100-continue") != 0) {
        return &expectation;
    }
    return NULL;
}

/* JSON in UTF-8. */
static bool is_json(const char *content_type)
{
    size_t len = strcspn(content_type, "; \t");
    if (len != strlen("application/json") ||
        strncasecmp(content_type, "application/json", len) != 0) {
        return false;
    }
    const char *parameters = content_type + len;
    parameters += strspn(parameters, "; \t");
    return *parameters == '\0' || strcasecmp(parameters, "charset=utf-8") == 0 ||
           strcasecmp(parameters, "charset=\"utf-8\"") == 0;
}

const struct http_fault *http_read_body(struct http_exchange *exchange,
                                        struct json_source *ret_body)
{
    static const struct http_fault type = {415, "The body must be application/json."};
    static const struct http_fault cut = {408, "The body did not arrive in time."};
    static const char empty_object[] = "{}";
    const struct http_request *request = &exchange->request;
    size_t len = (size_t)request->content_length;
    const char *content_type = http_header(request, "content-type");
    if (len == 0) {
        *ret_body = (struct json_source){.text = empty_object, .len = sizeof(empty_object) - 1};
        return NULL;
    }
    if (!content_type || !is_json(content_type)) {
        return &type;
    }
    const char *expect = http_header(request, "expect");
    if (expect) {
        static const char proceed[] = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!exchange->io->write(exchange->io->ctx, proceed, sizeof(proceed) - 1)) {
            return &cut;
        }
    }
    char *text = arena_alloc(exchange->arena, len + 1);
    if (exchange->io->read(exchange->io->ctx, text, len, exchange->deadline_us) < len) {
        exchange->closes = true;
        return &cut;
    }
    exchange->is_body_read = true;
    *ret_body = (struct json_source){.text = text, .len = len};
    return NULL;
}
