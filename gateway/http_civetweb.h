/* The HTTP server. The only user of civetweb besides the metrics port. */
#pragma once

#include "gateway/connection_limit.h"
#include "gateway/http.h"

struct http_server_config {
    const char *listen;      /* "127.0.0.1:8080,127.0.0.1:8443s": an s after the port means TLS */
    const char *certificate; /* path of a PEM file with chain and key, for TLS ports; "" for none */
    int64_t max_connections; /* served at once, each by a thread */
    struct connection_limit *connection_limit; /* for those that are accepted */
    int64_t stall_timeout_ms;   /* for a header to arrive whole, and without progress in reading or
                                   writing */
    int64_t keep_alive_ms;      /* between the requests of a connection */
    int64_t request_timeout_ms; /* for a request altogether, streams excepted */
    /* What a thread keeps, made on it and given to each of its requests. */
    void *(*open_worker)(void *ctx);
    void (*close_worker)(void *worker);
    struct arena *(*arena)(void *worker);
    /* Answers a request of good form. */
    void (*serve)(void *worker, struct http_exchange *exchange);
    /* Answers one that is not, by this status. */
    void (*refuse)(void *worker, struct http_exchange *exchange, const struct http_fault *fault);
    /* After each request, answered or not: logs and counts. */
    void (*finish)(void *worker, struct http_exchange *exchange, int64_t duration_us);
    void *ctx;
};

struct http_server;

/* NULL if it cannot listen; why is in the log. The config must outlive the server. */
struct http_server *http_server_open(const struct http_server_config *config);
/* From now on each answer ends its connection. Waits up to drain_ms for the requests in progress.
 */
void http_server_drain(struct http_server *server, int64_t drain_ms);
void http_server_close(struct http_server *server);
