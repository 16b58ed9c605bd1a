/* Counts of requests. Each thread counts for itself; the metrics thread reads. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/metrics/metrics.h"

enum { HTTP_TALLY_CLASSES = 6, HTTP_TALLY_BUCKETS = 12, HTTP_TALLY_WORKERS_MAX = 4096 };

struct http_tally;

struct http_tally_board {
    atomic_size_t n;
    struct http_tally *workers[HTTP_TALLY_WORKERS_MAX];
};

/* A new tally on the board, which keeps it. Any thread. */
struct http_tally *http_tally_open(struct http_tally_board *board);
/* When no thread counts any more. */
void http_tally_close_all(struct http_tally_board *board);
/* Written by its own thread only. Class: the status's first digit; 0 where none was sent. */
void http_tally_count(struct http_tally *tally, int status, int64_t duration_us,
                      int64_t sent_bytes);
void http_tally_collect(const struct http_tally_board *board, struct metrics_writer *writer);
