#include "gateway/http_tally.h"

#include <stdlib.h>

#include "services/common/error/error.h"

/* Upper bounds of all buckets but the last, which has none. */
static const int64_t bounds_us[HTTP_TALLY_BUCKETS - 1] = {
    250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 500000, 2500000, 10000000};
static const char *const bound_names[HTTP_TALLY_BUCKETS] = {"0.00025", "0.0005", "0.001", "0.0025",
                                                            "0.005",   "0.01",   "0.025", "0.1",
                                                            "0.5",     "2.5",    "10",    "+Inf"};
static const char *const class_names[HTTP_TALLY_CLASSES] = {"none", "1xx", "2xx",
                                                            "3xx",  "4xx", "5xx"};

struct http_tally {
    atomic_uint_least64_t classes[HTTP_TALLY_CLASSES];
    atomic_uint_least64_t buckets[HTTP_TALLY_BUCKETS];
    atomic_uint_least64_t duration_us;
    atomic_uint_least64_t sent_bytes;
};

struct http_tally *http_tally_open(struct http_tally_board *board)
{
    size_t index = atomic_fetch_add(&board->n, 1);
    check(index < HTTP_TALLY_WORKERS_MAX);
    board->workers[index] = calloc(1, sizeof(struct http_tally));
    check(board->workers[index]);
    return board->workers[index];
}

void http_tally_close_all(struct http_tally_board *board)
{
    for (size_t i = 0; i < atomic_load(&board->n); i++) {
        free(board->workers[i]);
    }
    atomic_store(&board->n, 0);
}

/* One writer only, so a load and a store do. */
static void add(atomic_uint_least64_t *number, uint64_t by)
{
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

void http_tally_count(struct http_tally *tally, int status, int64_t duration_us, int64_t sent_bytes)
{
    int class = status / 100;
    size_t bucket = 0;
    while (bucket < HTTP_TALLY_BUCKETS - 1 && duration_us > bounds_us[bucket]) {
        bucket++;
    }
    add(&tally->classes[class >= 0 && class < HTTP_TALLY_CLASSES ? class : 0], 1);
    add(&tally->buckets[bucket], 1);
    add(&tally->duration_us, duration_us > 0 ? (uint64_t)duration_us : 0);
    add(&tally->sent_bytes, sent_bytes > 0 ? (uint64_t)sent_bytes : 0);
}

struct sums {
    uint64_t classes[HTTP_TALLY_CLASSES];
    uint64_t buckets[HTTP_TALLY_BUCKETS];
    uint64_t duration_us;
    uint64_t sent_bytes;
};

static uint64_t get(const atomic_uint_least64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

static struct sums sum_up(const struct http_tally_board *board)
{
    struct sums sums = {0};
    size_t n = atomic_load(&board->n);
    for (size_t w = 0; w < n && w < HTTP_TALLY_WORKERS_MAX; w++) {
        const struct http_tally *tally = board->workers[w];
        for (size_t i = 0; tally && i < HTTP_TALLY_CLASSES; i++) {
            sums.classes[i] += get(&tally->classes[i]);
        }
        for (size_t i = 0; tally && i < HTTP_TALLY_BUCKETS; i++) {
            sums.buckets[i] += get(&tally->buckets[i]);
        }
        sums.duration_us += tally ? get(&tally->duration_us) : 0;
        sums.sent_bytes += tally ? get(&tally->sent_bytes) : 0;
    }
    return sums;
}

void http_tally_collect(const struct http_tally_board *board, struct metrics_writer *writer)
{
    struct sums sums = sum_up(board);
    uint64_t below = 0;
    metrics_family(writer, "roost_http_requests_total", METRICS_COUNTER,
                   "HTTP requests by class of status.");
    for (size_t i = 0; i < HTTP_TALLY_CLASSES; i++) {
        metrics_sample(writer, "", &(struct metrics_label){"status", class_names[i]}, 1,
                       (double)sums.classes[i]);
    }
    metrics_family(writer, "roost_http_request_seconds", METRICS_HISTOGRAM,
                   "Time to answer HTTP requests.");
    for (size_t i = 0; i < HTTP_TALLY_BUCKETS; i++) {
        below += sums.buckets[i];
        metrics_sample(writer, "_bucket", &(struct metrics_label){"le", bound_names[i]}, 1,
                       (double)below);
    }
    metrics_sample(writer, "_sum", NULL, 0, (double)sums.duration_us / 1e6);
    metrics_sample(writer, "_count", NULL, 0, (double)below);
    metrics_family(writer, "roost_http_sent_bytes_total", METRICS_COUNTER,
                   "Bytes sent in answers.");
    metrics_sample(writer, "", NULL, 0, (double)sums.sent_bytes);
}
