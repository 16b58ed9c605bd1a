/* Counts of a lane's calls. Any thread. Private to rpc. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "services/common/error/error.h"

enum { TALLY_CODES = ERROR_UNAUTHENTICATED + 1, TALLY_BUCKETS = 12 };

/* Upper bounds of the buckets but the last, which has none; microseconds. */
extern const int64_t tally_bounds_us[TALLY_BUCKETS - 1];

/* The counts of one method. */
struct tally_sum {
    uint64_t by_code[TALLY_CODES];
    uint64_t buckets[TALLY_BUCKETS]; /* not cumulative */
    uint64_t duration_us;
    uint64_t piped;       /* answered without a worker */
    uint64_t handed_over; /* begun without a worker and handed to one */
};

struct tally;

struct tally *tally_new(size_t n_methods);
void tally_free(struct tally *tally);
void tally_count(struct tally *tally, size_t method, enum error_code code, int64_t duration_us);
/* Before tally_count: a call that took no worker. */
void tally_count_piped(struct tally *tally, size_t method);
/* A call that has begun without a worker is handed to one. */
void tally_count_handed_over(struct tally *tally, size_t method);
void tally_sum_up(const struct tally *tally, size_t method, struct tally_sum *sum);
