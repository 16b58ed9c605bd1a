/* Counts of requests. Each thread counts for itself; the metrics thread reads. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/metrics/metrics.h"

enum { TALLY_CLASSES = 6, TALLY_BUCKETS = 12, TALLY_WORKERS_MAX = 4096 };

struct tally;

struct tally_board {
    atomic_size_t n;
    struct tally *workers[TALLY_WORKERS_MAX];
};

/* A new tally on the board, which keeps it. Any thread. */
struct tally *tally_open(struct tally_board *board);
/* When no thread counts any more. */
void tally_close_all(struct tally_board *board);
/* Written by its own thread only. Class: the status's first digit; 0 where none was sent. */
void tally_count(struct tally *tally, int status, int64_t duration_us, int64_t sent_bytes);
void tally_collect(const struct tally_board *board, struct metrics_writer *writer);
