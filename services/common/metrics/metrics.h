/*
 * Metrics in Prometheus' text format on a port of their own, beside /healthz. Whoever counts keeps
 * its own counters and writes them out when asked (a collector), or has a static `struct
 * metrics_value` that any thread may change.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metrics_kind { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

/* One number of the whole process. Static, with name, kind and help set; it appears in the output
 * once it was changed. static struct metrics_value errors = {.name = "roost_pg_errors_total", .kind
 * = METRICS_COUNTER, .help = "..."};
 */
struct metrics_value {
    const char *name;
    enum metrics_kind kind; /* counter or gauge */
    const char *help;
    atomic_int_least64_t number;
    atomic_bool listed;
    struct metrics_value *next;
};

/* Lock free after the first call for a value; any thread. */
void metrics_add(struct metrics_value *value, int64_t by);
void metrics_set(struct metrics_value *value, int64_t number);

/* What a collector writes to; only valid during its call. */
struct metrics_writer;

struct metrics_label {
    const char *name;
    const char *value;
};

/* Starts a family; all its samples follow before the next family. */
void metrics_family(struct metrics_writer *writer, const char *name, enum metrics_kind kind,
                    const char *help);
/* One sample "<family><suffix>{labels} number"; suffix "" but for histograms. Label values are
 * escaped. */
void metrics_sample(struct metrics_writer *writer, const char *suffix,
                    const struct metrics_label *labels, size_t n_labels, double number);

struct metrics_collector {
    void (*collect)(struct metrics_writer *writer, void *ctx);
    void *ctx;
};

/* All of it as text: values, collectors, process start time and build version. The caller frees it.
 */
char *metrics_text(const struct metrics_collector *collectors, size_t n_collectors);

struct metrics_config {
    const char *listen; /* "127.0.0.1:9101", "[::]:9101" */
    const char *version;
    const struct metrics_collector *collectors;
    size_t n_collectors;
    /* For /healthz: 200 while true, 503 otherwise. */
    bool (*is_healthy)(void *ctx);
    void *ctx;
};

struct metrics;

/* Serves GET /metrics and GET /healthz with two threads. NULL if the address cannot be listened on.
 * The config must outlive it. */
struct metrics *metrics_open(const struct metrics_config *config);
void metrics_close(struct metrics *metrics);
