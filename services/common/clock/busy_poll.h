/*
 * Looking for work before sleeping. A sleeping thread is woken by an interrupt of its processor,
 * which on a virtual machine can take longer than a short read; one that looks again and again, and
 * yields to whoever has something to do, is there at once. It looks only for so long, and only
 * while that pays: the last wait has to have been shorter than the limit, and nobody else may want
 * the processor. So a process that has a call now and then never looks, and costs nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What a waiting thread has learned; zero at first. One thread at a time. */
struct busy_poll {
    int64_t began_us, looked_us;
    bool pays;
};

/* How long threads of this process look at most, in microseconds; 0, as it is before: never. At the
 * start, before there are threads. */
void busy_poll_set_limit(int64_t us);

/* A wait begins. False if it does not pay to look: sleep. */
bool busy_poll_begin(struct busy_poll *poll);
/* Nothing was there: yields. False if it is time to sleep. */
bool busy_poll_again(struct busy_poll *poll);
/* The wait is over, asleep or awake. */
void busy_poll_end(struct busy_poll *poll);
