#include "gateway/health.h"

#include <string.h>

#include "gateway/security_headers.h"
#include "services/common/clock/clock.h"

enum { ASK_US = 1000000 };

static const char *const services[] = {"accounts", "domains", "mailboxes", "quotas", "dnschecks"};

static void send_json(struct http_exchange *exchange, int status, const struct json_writer *body)
{
    security_headers_add_api(exchange);
    http_add_header(exchange, "Content-Type", "application/json");
    http_send(exchange, status, body);
}

void health_send_alive(struct http_exchange *exchange)
{
    struct json_writer body = http_body_writer(exchange->arena);
    json_object_begin(&body);
    json_key(&body, "status");
    json_string(&body, "ok");
    json_object_end(&body);
    send_json(exchange, 200, &body);
}

void health_send_ready(struct worker *worker, struct http_exchange *exchange)
{
    struct json_writer body = http_body_writer(exchange->arena);
    bool is_ready = !atomic_load(&worker->gateway->is_draining);
    const char *answers[sizeof(services) / sizeof(services[0])];
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        struct call call = {
            .arena = exchange->arena,
            .trace_id = exchange->request_id,
            .deadline_us = clock_monotonic_us() + ASK_US,
            .peers = worker->gateway->peers,
        };
        answers[i] = rpc_peer_health(&call, services[i]);
        is_ready = is_ready && strcmp(answers[i], "SERVING") == 0;
    }
    json_object_begin(&body);
    json_key(&body, "status");
    json_string(&body, is_ready ? "ready" : "not ready");
    json_key(&body, "services");
    json_object_begin(&body);
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        json_key(&body, services[i]);
        json_string(&body, answers[i]);
    }
    json_object_end(&body);
    json_object_end(&body);
    send_json(exchange, is_ready ? 200 : 503, &body);
}
