#include "services/common/metrics/metrics.h"

#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/civetweb/civetweb_stop.h"
#include "services/common/clock/clock.h"
#include "services/common/error/error.h"
#include "services/common/log/log.h"

struct metrics_writer {
    FILE *out;
    const char *family;
};

struct metrics {
    const struct metrics_config *config;
    struct mg_context *server;
};

/* The values that have been changed so far. */
static struct metrics_value *_Atomic listed_values;
static int64_t started_us;

static void list(struct metrics_value *value)
{
    if (atomic_load_explicit(&value->listed, memory_order_relaxed) ||
        atomic_exchange(&value->listed, true)) {
        return;
    }
    value->next = atomic_load(&listed_values);
    while (!atomic_compare_exchange_weak(&listed_values, &value->next, value)) {
    }
}

void metrics_add(struct metrics_value *value, int64_t by)
{
    atomic_fetch_add_explicit(&value->number, by, memory_order_relaxed);
    list(value);
}

void metrics_set(struct metrics_value *value, int64_t number)
{
    atomic_store_explicit(&value->number, number, memory_order_relaxed);
    list(value);
}

void metrics_family(struct metrics_writer *writer, const char *name, enum metrics_kind kind,
                    const char *help)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    writer->family = name;
    fprintf(writer->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kinds[kind]);
}

static void write_label(FILE *out, const struct metrics_label *label)
{
    fprintf(out, "%s=\"", label->name);
    for (const char *c = label->value; *c; c++) {
        if (*c == '\n') {
            fputs("\\n", out);
        } else {
            if (*c == '"' || *c == '\\') {
                fputc('\\', out);
            }
            fputc(*c, out);
        }
    }
    fputc('"', out);
}

void metrics_sample(struct metrics_writer *writer, const char *suffix,
                    const struct metrics_label *labels, size_t n_labels, double number)
{
    fprintf(writer->out, "%s%s", writer->family, suffix);
    for (size_t i = 0; i < n_labels; i++) {
        fputc(i == 0 ? '{' : ',', writer->out);
        write_label(writer->out, &labels[i]);
    }
    fprintf(writer->out, "%s %.17g\n", n_labels > 0 ? "}" : "", number);
}

char *metrics_text(const struct metrics_collector *collectors, size_t n_collectors)
{
    char *text = NULL;
    size_t len = 0;
    struct metrics_writer writer = {.out = open_memstream(&text, &len)};
    check(writer.out);
    for (const struct metrics_value *value = atomic_load(&listed_values); value;
         value = value->next) {
        metrics_family(&writer, value->name, value->kind, value->help);
        metrics_sample(&writer, "", NULL, 0, (double)atomic_load(&value->number));
    }
    for (size_t i = 0; i < n_collectors; i++) {
        collectors[i].collect(&writer, collectors[i].ctx);
    }
    check(fclose(writer.out) == 0);
    return text;
}

/* Where the process is described, as Prometheus' own libraries do. */
static void collect_process(struct metrics_writer *writer, void *ctx)
{
    const struct metrics_config *config = ctx;
    const struct metrics_label version = {"version", config->version};
    metrics_family(writer, "process_start_time_seconds", METRICS_GAUGE,
                   "Unix time at which the process started.");
    metrics_sample(writer, "", NULL, 0, (double)started_us / 1e6);
    metrics_family(writer, "roost_build_info", METRICS_GAUGE, "Always 1; the version is a label.");
    metrics_sample(writer, "", &version, 1, 1);
}

static void respond(struct mg_connection *connection, int status, const char *type,
                    const char *body)
{
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
              "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
              status, mg_get_response_code_text(connection, status), type, strlen(body), body);
}

static int begin_request(struct mg_connection *connection)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    const struct metrics *metrics = info->user_data;
    const struct metrics_config *config = metrics->config;
    static const char plain[] = "text/plain; charset=utf-8";
    if (strcmp(info->request_method, "GET") != 0 && strcmp(info->request_method, "HEAD") != 0) {
        respond(connection, 405, plain, "method not allowed\n");
    } else if (strcmp(info->local_uri, "/healthz") == 0) {
        bool healthy = !config->is_healthy || config->is_healthy(config->ctx);
        respond(connection, healthy ? 200 : 503, plain, healthy ? "ok\n" : "not serving\n");
    } else if (strcmp(info->local_uri, "/metrics") == 0) {
        struct metrics_collector process = {collect_process, (void *)config};
        char *head = metrics_text(&process, 1);
        char *body = metrics_text(config->collectors, config->n_collectors);
        char *all = NULL;
        check(asprintf(&all, "%s%s", head, body) >= 0);
        respond(connection, 200, "text/plain; version=0.0.4; charset=utf-8", all);
        free(head);
        free(body);
        free(all);
    } else {
        respond(connection, 404, plain, "not found\n");
    }
    return 1;
}

static int log_message(const struct mg_connection *connection, const char *message)
{
    (void)connection;
    log_warn("metrics.failed", log_str("cause", message));
    return 1;
}

struct metrics *metrics_open(const struct metrics_config *config)
{
    static const struct mg_callbacks callbacks = {.begin_request = begin_request,
                                                  .log_message = log_message};
    const char *options[] = {
        "listening_ports",
        config->listen,
        "num_threads",
        "2",
        "request_timeout_ms",
        "5000",
        "enable_keep_alive",
        "no",
        "connection_queue",
        "16",
        NULL,
    };
    if (started_us == 0) {
        started_us = clock_wall_us();
    }
    mg_init_library(MG_FEATURES_DEFAULT);
    struct metrics *metrics = calloc(1, sizeof(*metrics));
    check(metrics);
    metrics->config = config;
    metrics->server = mg_start(&callbacks, metrics, options);
    if (!metrics->server) {
        mg_exit_library();
        free(metrics);
        return NULL;
    }
    return metrics;
}

void metrics_close(struct metrics *metrics)
{
    if (!metrics) {
        return;
    }
    civetweb_stop(metrics->server, metrics->config->listen);
    mg_exit_library();
    free(metrics);
}
