/*
 * Ends the waiting of one thread's poll(2) at a deadline. The server library bounds the silence
 * between two bytes, but not the time that all of them take; this does. While it is set, and from
 * the deadline on, poll fails with EINTR.
 */
#pragma once

#include <stdint.h>

struct read_deadline;

/* Once, from main, before any thread starts: what the signal does. */
void read_deadline_init(void);
/* For the calling thread. */
struct read_deadline *read_deadline_new(void);
void read_deadline_free(struct read_deadline *deadline);
void read_deadline_set(struct read_deadline *deadline, int64_t monotonic_us);
void read_deadline_clear(struct read_deadline *deadline);
