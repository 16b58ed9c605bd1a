#include "services/common/clock/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t test_wall_us;
static _Atomic int64_t test_monotonic_us;

static int64_t read_us(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    int64_t fixed_us = atomic_load_explicit(&test_wall_us, memory_order_relaxed);

    return fixed_us ? fixed_us : read_us(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
    int64_t fixed_us = atomic_load_explicit(&test_monotonic_us, memory_order_relaxed);

    return fixed_us ? fixed_us : read_us(CLOCK_MONOTONIC);
}

struct timespec clock_monotonic_in(int64_t us)
{
    int64_t then_us = read_us(CLOCK_MONOTONIC) + us;

    return (struct timespec){.tv_sec = then_us / 1000000, .tv_nsec = then_us % 1000000 * 1000};
}

void clock_set_for_test(int64_t wall_us)
{
    atomic_store(&test_wall_us, wall_us);
}

void clock_set_monotonic_for_test(int64_t monotonic_us)
{
    atomic_store(&test_monotonic_us, monotonic_us);
}
