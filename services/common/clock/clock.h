/* Time. Thread safe. Tests replace the clocks with clock_set_for_test and
 * clock_set_monotonic_for_test. */
#pragma once

#include <stdint.h>
#include <time.h>

/* Unix time in microseconds. */
int64_t clock_wall_us(void);
/* Monotonic time in microseconds, for deadlines and durations. */
int64_t clock_monotonic_us(void);
/* The time of CLOCK_MONOTONIC in so many microseconds, for functions that wait until then. Tests do
 * not replace it. */
struct timespec clock_monotonic_in(int64_t us);
/* From now on the wall clock stands at this time; 0 makes it real again. Tests only. */
void clock_set_for_test(int64_t wall_us);
/* The same for the monotonic clock: no deadline passes but by the test's will. */
void clock_set_monotonic_for_test(int64_t monotonic_us);
