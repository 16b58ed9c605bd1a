#include "services/common/rpc/tally.h"

#include <stdatomic.h>
#include <stdlib.h>

const int64_t tally_bounds_us[TALLY_BUCKETS - 1] = {500,   1000,   2500,   5000,    10000,  25000,
                                                    50000, 100000, 250000, 1000000, 5000000};

struct method_tally {
    atomic_uint_least64_t by_code[TALLY_CODES];
    atomic_uint_least64_t buckets[TALLY_BUCKETS];
    atomic_uint_least64_t duration_us;
    atomic_uint_least64_t piped;
    atomic_uint_least64_t handed_over;
};

struct tally {
    size_t n_methods;
    struct method_tally methods[];
};

struct tally *tally_new(size_t n_methods)
{
    struct tally *tally = calloc(1, sizeof(*tally) + n_methods * sizeof(tally->methods[0]));
    check(tally);
    tally->n_methods = n_methods;
    return tally;
}

void tally_free(struct tally *tally)
{
    free(tally);
}

static void add(atomic_uint_least64_t *number, uint64_t by)
{
    atomic_fetch_add_explicit(number, by, memory_order_relaxed);
}

void tally_count(struct tally *tally, size_t method, enum error_code code, int64_t duration_us)
{
    check(method < tally->n_methods);
    struct method_tally *counts = &tally->methods[method];
    size_t bucket = 0;
    while (bucket < TALLY_BUCKETS - 1 && duration_us > tally_bounds_us[bucket]) {
        bucket++;
    }
    add(&counts->by_code[(size_t)code < TALLY_CODES ? (size_t)code : (size_t)ERROR_UNKNOWN], 1);
    add(&counts->buckets[bucket], 1);
    add(&counts->duration_us, (uint64_t)duration_us);
}

void tally_count_piped(struct tally *tally, size_t method)
{
    add(&tally->methods[method].piped, 1);
}

void tally_count_handed_over(struct tally *tally, size_t method)
{
    add(&tally->methods[method].handed_over, 1);
}

void tally_sum_up(const struct tally *tally, size_t method, struct tally_sum *sum)
{
    const struct method_tally *counts = &tally->methods[method];
    for (size_t i = 0; i < TALLY_CODES; i++) {
        sum->by_code[i] = atomic_load_explicit(&counts->by_code[i], memory_order_relaxed);
    }
    for (size_t i = 0; i < TALLY_BUCKETS; i++) {
        sum->buckets[i] = atomic_load_explicit(&counts->buckets[i], memory_order_relaxed);
    }
    sum->duration_us = atomic_load_explicit(&counts->duration_us, memory_order_relaxed);
    sum->piped = atomic_load_explicit(&counts->piped, memory_order_relaxed);
    sum->handed_over = atomic_load_explicit(&counts->handed_over, memory_order_relaxed);
}
