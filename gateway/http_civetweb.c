#include "gateway/http_civetweb.h"

#include <civetweb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/read_deadline.h"
#include "gateway/tls_libraries.h"
#include "services/common/civetweb/civetweb_stop.h"
#include "services/common/clock/clock.h"
#include "services/common/log/log.h"

enum {
    OPTION_MAX = 24,
    THREAD_MASTER = 0,
    THREAD_WORKER = 1,
    DRAIN_STEP_NS = 5000000,
    HEAD_SPARE_BYTES = 4096 /* so that a header that is a little too large gets its own answer */
};

struct http_server {
    const struct http_server_config *config;
    struct mg_context *context;
    atomic_int in_progress;
    atomic_bool is_draining;
    atomic_bool is_closing;
};

/* What each thread keeps. */
struct http_thread {
    void *worker;
    struct read_deadline *deadline;
};

static bool io_write(void *ctx, const char *data, size_t len)
{
    return mg_write(ctx, data, len) == (int)len;
}

static size_t io_read(void *ctx, char *data, size_t len, int64_t deadline_us)
{
    struct http_thread *thread = mg_get_thread_pointer(ctx);
    read_deadline_set(thread->deadline, deadline_us);
    int n = mg_read(ctx, data, len);
    read_deadline_clear(thread->deadline);
    return n > 0 ? (size_t)n : 0;
}

static void io_close_afterwards(void *ctx)
{
    mg_disable_connection_keep_alive(ctx);
}

static bool io_is_draining(void *ctx)
{
    const struct http_server *server = mg_get_user_data(mg_get_context(ctx));
    return atomic_load(&server->is_draining);
}

static bool is_gap(const char *from, const char *to, ptrdiff_t bytes)
{
    return to - from == bytes;
}

static const char *text_end(const char *text)
{
    return text + strlen(text);
}

/*
 * civetweb cuts the header into strings where it stands, which shows how it was written: one space
 * leaves one NUL behind the method and behind the target, which "HTTP/" follows. "\r\n" leaves two
 * NULs between a value and the next name, a bare "\n" one. After the last header it ended the
 * strings with "\0\0\r\0". Anything else means bare line feeds, a folded header, a space before a
 * colon, or headers that it did not read.
 */
static bool is_framed(const struct mg_request_info *info)
{
    if (info->num_headers <= 0 || info->num_headers > HTTP_HEADERS_MAX) {
        return false;
    }
    const char *target = info->query_string ? info->query_string : info->request_uri;
    if (!is_gap(text_end(info->request_method), info->request_uri, 1) ||
        !is_gap(text_end(target), info->http_version, 1 + (ptrdiff_t)strlen("HTTP/"))) {
        return false;
    }
    const char *end = text_end(info->http_version);
    for (int i = 0; i < info->num_headers; i++) {
        const struct mg_header *header = &info->http_headers[i];
        if (!is_gap(end, header->name, 2)) {
            return false;
        }
        const char *after_name = text_end(header->name);
        if (header->value > after_name + 1 && after_name[1] == '\0') {
            return false;
        }
        end = text_end(header->value);
    }
    return end[1] == '\0' && end[2] == '\r' && end[3] == '\0';
}

/* Whether civetweb will keep the connection: its own rule, so that the answer says what happens. */
static bool client_closes(const struct http_request *request)
{
    const char *connection = http_header(request, "connection");
    if (connection) {
        return !http_list_has(connection, "keep-alive");
    }
    return strcmp(request->version, "1.1") != 0;
}

static void fill_request(struct http_exchange *exchange, const struct mg_request_info *info)
{
    struct http_header *headers =
        arena_alloc(exchange->arena, (size_t)(info->num_headers + 1) * sizeof(*headers));
    for (int i = 0; i < info->num_headers; i++) {
        headers[i] = (struct http_header){info->http_headers[i].name, info->http_headers[i].value};
    }
    exchange->request = (struct http_request){
        .method = info->request_method,
        .path = info->request_uri,
        .query = info->query_string,
        .version = info->http_version,
        .headers = headers,
        .n_headers = (size_t)info->num_headers,
        .is_framed = is_framed(info),
        .remote_address = info->remote_addr,
        .is_tls = info->is_ssl,
        .content_length = info->content_length > 0 ? info->content_length : 0,
    };
    if (info->num_headers > 0) {
        const char *last = info->http_headers[info->num_headers - 1].value;
        exchange->request.head_bytes = (size_t)(last + strlen(last) - info->request_method);
    }
    exchange->is_head = strcmp(info->request_method, "HEAD") == 0;
}

struct serving {
    struct http_server *server;
    struct mg_connection *connection;
    struct http_io io;
    void *worker;
    int64_t started_us;
    struct http_exchange exchange;
};

static void serving_begin(struct serving *serving, struct mg_connection *connection)
{
    struct http_server *server = mg_get_user_data(mg_get_context(connection));
    atomic_fetch_add(&server->in_progress, 1);
    serving->server = server;
    serving->connection = connection;
    serving->worker = ((const struct http_thread *)mg_get_thread_pointer(connection))->worker;
    serving->started_us = clock_monotonic_us();
    serving->io =
        (struct http_io){io_write, io_read, io_close_afterwards, io_is_draining, connection};
    serving->exchange = (struct http_exchange){
        .arena = server->config->arena(serving->worker),
        .io = &serving->io,
        .request_id = "",
        .deadline_us = serving->started_us + server->config->request_timeout_ms * 1000,
    };
}

static int serving_end(struct serving *serving)
{
    struct http_exchange *exchange = &serving->exchange;
    serving->server->config->finish(serving->worker, exchange,
                                    clock_monotonic_us() - serving->started_us);
    /* What is left of a body is not read, so the connection cannot go on. */
    if (exchange->closes || exchange->is_broken ||
        (exchange->request.content_length > 0 && !exchange->is_body_read)) {
        mg_disable_connection_keep_alive(serving->connection);
    }
    int status = exchange->status;
    arena_reset(exchange->arena);
    atomic_fetch_sub(&serving->server->in_progress, 1);
    return status > 0 ? status : 500;
}

static int on_begin_request(struct mg_connection *connection)
{
    static const struct http_fault closing = {503, "The server is stopping."};
    struct serving serving;
    serving_begin(&serving, connection);
    fill_request(&serving.exchange, mg_get_request_info(connection));
    const struct http_fault *fault = http_check(&serving.exchange.request);
    if (!fault && atomic_load(&serving.server->is_closing)) {
        fault = &closing;
    }
    if (fault) {
        serving.exchange.closes = true;
        serving.server->config->refuse(serving.worker, &serving.exchange, fault);
    } else {
        serving.exchange.closes |= client_closes(&serving.exchange.request);
        serving.server->config->serve(serving.worker, &serving.exchange);
    }
    return serving_end(&serving);
}

/* Of such a request nothing can be trusted, so it is answered by status only. */
static void refuse_unread(struct mg_connection *connection, const struct http_fault *fault)
{
    struct serving serving;
    serving_begin(&serving, connection);
    serving.exchange.request =
        (struct http_request){.method = "-",
                              .path = "-",
                              .version = "1.1",
                              .remote_address = mg_get_request_info(connection)->remote_addr};
    serving.exchange.closes = true;
    serving.server->config->refuse(serving.worker, &serving.exchange, fault);
    serving_end(&serving);
}

/* What civetweb refuses itself. */
static int on_http_error(struct mg_connection *connection, int status, const char *message)
{
    static const struct http_fault version = {505, "Only HTTP/1.0 and HTTP/1.1 are spoken."};
    static const struct http_fault malformed = {400, "The request is malformed."};
    static const struct http_fault failed = {500, "An internal error occurred."};
    static char answered;
    (void)message;
    if (!mg_get_thread_pointer(connection)) {
        return 1;
    }
    mg_set_user_connection_data(connection, &answered);
    refuse_unread(connection, status == 500 ? &failed : status == 505 ? &version : &malformed);
    return 0;
}

/* civetweb closes without a word what is meant for no path here: "GET http://another.example/". */
static void on_connection_close(const struct mg_connection *closing)
{
    static const struct http_fault elsewhere = {421, "This server does not answer for that URI."};
    struct mg_connection *connection = (struct mg_connection *)(uintptr_t)closing;
    const struct mg_request_info *info = mg_get_request_info(connection);
    if (info && info->request_uri && !info->local_uri && !info->conn_data &&
        mg_get_thread_pointer(connection)) {
        refuse_unread(connection, &elsewhere);
    }
}

static int on_log_message(const struct mg_connection *connection, const char *message)
{
    (void)connection;
    log_warn("http.reported", log_str("message", message));
    return 1;
}

static void *on_init_thread(const struct mg_context *context, int type)
{
    const struct http_server *server = mg_get_user_data(context);
    if (type == THREAD_MASTER) {
        connection_limit_use(server->config->connection_limit);
    }
    if (type != THREAD_WORKER) {
        return NULL;
    }
    struct http_thread *thread = calloc(1, sizeof(*thread));
    check(thread);
    thread->worker = server->config->open_worker(server->config->ctx);
    thread->deadline = read_deadline_new();
    return thread;
}

static void on_exit_thread(const struct mg_context *context, int type, void *pointer)
{
    const struct http_server *server = mg_get_user_data(context);
    struct http_thread *thread = pointer;
    if (type == THREAD_WORKER && thread) {
        server->config->close_worker(thread->worker);
        read_deadline_free(thread->deadline);
        free(thread);
    }
}

static void text_of(int64_t number, char ret_text[OPTION_MAX])
{
    snprintf(ret_text, OPTION_MAX, "%lld", (long long)number);
}

static struct mg_context *start(struct http_server *server)
{
    static const struct mg_callbacks callbacks = {
        .begin_request = on_begin_request,
        .http_error = on_http_error,
        .connection_close = on_connection_close,
        .log_message = on_log_message,
        .init_thread = on_init_thread,
        .exit_thread = on_exit_thread,
    };
    const struct http_server_config *config = server->config;
    char threads[OPTION_MAX];
    char stall[OPTION_MAX];
    char keep_alive[OPTION_MAX];
    char head[OPTION_MAX];
    text_of(config->max_connections, threads);
    text_of(config->stall_timeout_ms, stall);
    text_of(config->keep_alive_ms, keep_alive);
    text_of(HTTP_HEAD_BYTES_MAX + HEAD_SPARE_BYTES, head);
    const char *options[] = {
        "listening_ports",
        config->listen,
        "num_threads",
        threads,
        "request_timeout_ms",
        stall,
        "keep_alive_timeout_ms",
        keep_alive,
        "max_request_size",
        head,
        "enable_keep_alive",
        "yes",
        "tcp_nodelay",
        "1",
        "decode_url",
        "no",
        "enable_auth_domain_check",
        "no",
        "enable_directory_listing",
        "no",
        "cgi_pattern",
        "",
        "ssi_pattern",
        "",
        "ssl_protocol_version",
        "4",
        config->certificate[0] ? "ssl_certificate" : NULL,
        config->certificate,
        NULL,
    };
    return mg_start(&callbacks, server, options);
}

/* civetweb says which of the features it has. */
static bool init_library(bool has_tls)
{
    if (!has_tls) {
        mg_init_library(MG_FEATURES_DEFAULT);
        return true;
    }
    return tls_libraries_load() && mg_init_library(MG_FEATURES_TLS) & MG_FEATURES_TLS;
}

struct http_server *http_server_open(const struct http_server_config *config)
{
    struct http_server *server = calloc(1, sizeof(*server));
    check(server);
    server->config = config;
    read_deadline_init();
    if (init_library(config->certificate[0] != '\0')) {
        server->context = start(server);
    }
    if (!server->context) {
        mg_exit_library();
        free(server);
        return NULL;
    }
    return server;
}

void http_server_drain(struct http_server *server, int64_t drain_ms)
{
    int64_t deadline_us = clock_monotonic_us() + drain_ms * 1000;
    atomic_store(&server->is_draining, true);
    while (atomic_load(&server->in_progress) > 0 && clock_monotonic_us() < deadline_us) {
        nanosleep(&(struct timespec){.tv_nsec = DRAIN_STEP_NS}, NULL);
    }
    atomic_store(&server->is_closing, true);
}

void http_server_close(struct http_server *server)
{
    if (!server) {
        return;
    }
    civetweb_stop(server->context, server->config->listen);
    mg_exit_library();
    free(server);
}
