#include "gateway/gateway.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/health.h"
#include "gateway/rest.h"
#include "gateway/rest_errors.h"
#include "services/common/log/log.h"

enum { ARENA_BYTES = 65536, REQUEST_ID_MAX_BYTES = 64 };

void *gateway_open_worker(void *ctx)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    check(worker);
    worker->gateway = ctx;
    worker->arena = arena_new(ARENA_BYTES);
    worker->pages[0] = arena_new(ARENA_BYTES);
    worker->pages[1] = arena_new(ARENA_BYTES);
    worker->sessions = session_cache_new();
    worker->tally = http_tally_open(&worker->gateway->tallies);
    check(getrandom(&worker->id_seed, sizeof(worker->id_seed), 0) == sizeof(worker->id_seed));
    return worker;
}

void gateway_close_worker(void *ctx)
{
    struct worker *worker = ctx;
    arena_free(worker->arena);
    arena_free(worker->pages[0]);
    arena_free(worker->pages[1]);
    session_cache_free(worker->sessions);
    free(worker);
}

struct arena *gateway_arena(void *worker)
{
    return ((struct worker *)worker)->arena;
}

/* 128 bits: a random number per thread, and a count that is spread over all bits so that no id
 * looks like the next. */
static const char *make_request_id(struct worker *worker)
{
    uint64_t low = (worker->id_seed ^ ++worker->id_counter) * UINT64_C(0x9e3779b97f4a7c15);
    return arena_printf(worker->arena, "%016llx%016llx", (unsigned long long)worker->id_seed,
                        (unsigned long long)low);
}

static bool is_request_id(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:");
    return len > 0 && len <= REQUEST_ID_MAX_BYTES && text[len] == '\0';
}

/* Who the client is and how it reached us, as far as a proxy that we trust says so. */
static void believe_proxy(const struct gateway *gateway, struct http_exchange *exchange)
{
    struct http_request *request = &exchange->request;
    if (!proxies_trust(gateway->proxies, request->remote_address)) {
        return;
    }
    const char *protocol = http_header(request, "x-forwarded-proto");
    request->remote_address =
        proxies_client(gateway->proxies, exchange->arena, request->remote_address,
                       http_header(request, "x-forwarded-for"));
    request->is_tls |= protocol && strcmp(protocol, "https") == 0;
}

static void begin(struct worker *worker, struct http_exchange *exchange)
{
    const char *id = http_header(&exchange->request, "x-request-id");
    exchange->request_id = id && is_request_id(id) ? id : make_request_id(worker);
    believe_proxy(worker->gateway, exchange);
}

static bool is_path(const struct url_path *path, const char *segment)
{
    return path->n_segments == 1 && strcmp(path->segments[0], segment) == 0 &&
           !path->has_trailing_slash;
}

static bool reads(const struct http_exchange *exchange)
{
    return exchange->is_head || strcmp(exchange->request.method, "GET") == 0;
}

void gateway_serve(void *ctx, struct http_exchange *exchange)
{
    static const struct http_fault bad_path = {400, "The path is malformed."};
    static const struct http_fault not_found = {404, "Not found."};
    struct worker *worker = ctx;
    struct url_path path;
    begin(worker, exchange);
    if (!url_split_path(exchange->arena, exchange->request.path, &path)) {
        rest_errors_send_fault(exchange, &bad_path);
    } else if (path.n_segments > 0 && strcmp(path.segments[0], "api") == 0) {
        rest_serve(worker, exchange, &path);
    } else if (is_path(&path, "healthz") && reads(exchange)) {
        exchange->route = "/healthz";
        health_send_alive(exchange);
    } else if (is_path(&path, "readyz") && reads(exchange)) {
        exchange->route = "/readyz";
        health_send_ready(worker, exchange);
    } else if (!static_files_serve(worker->gateway->files, exchange, &path)) {
        rest_errors_send_fault(exchange, &not_found);
    }
}

void gateway_refuse(void *ctx, struct http_exchange *exchange, const struct http_fault *fault)
{
    begin(ctx, exchange);
    rest_errors_send_fault(exchange, fault);
}

void gateway_finish(void *ctx, struct http_exchange *exchange, int64_t duration_us)
{
    struct worker *worker = ctx;
    const struct http_request *request = &exchange->request;
    enum log_level level = exchange->status >= 500 || exchange->is_broken ? LOG_WARN : LOG_INFO;
    http_tally_count(worker->tally, exchange->status, duration_us, exchange->sent_bytes);
    log_at_(level, "request.served", log_str("method", request->method),
            log_str("path", request->path), log_str("route", exchange->route),
            log_int("status", exchange->status), log_int("bytes", exchange->sent_bytes),
            log_int("duration_us", duration_us), log_str("account", exchange->account),
            log_str("remote", request->remote_address), log_str("request_id", exchange->request_id),
            log_str("reason", exchange->reason), log_str("cause", exchange->cause),
            log_str("broken", exchange->is_broken ? "true" : NULL));
}

void gateway_collect(struct metrics_writer *writer, void *ctx)
{
    const struct gateway *gateway = ctx;
    http_tally_collect(&gateway->tallies, writer);
    connection_limit_collect(gateway->connection_limit, writer);
}
