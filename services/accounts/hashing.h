/*
 * Hashing within bounds. It takes processor time for many milliseconds on the worker that does it,
 * so fewer calls than there are workers may do it at once: reads find a worker.
 */
#pragma once

#include <semaphore.h>

#include "services/accounts/password.h"

struct hashing {
    struct password_method method;
    const char *unmatchable; /* password_unmatchable */
    sem_t free_places;
};

/* At most `limit` at once. `arena` and the struct live as long as the process. */
void hashing_init(struct hashing *hashing, struct arena *arena,
                  const struct password_method *method, int limit);
/* Both wait 100 ms at most for a free place and answer OVERLOADED then. */
MUST_USE const struct error *hashing_hash(struct hashing *hashing, struct arena *arena,
                                          const char *clear, char **ret_stored);
/* `stored` NULL: there is no such account; takes as long, and is no match. */
MUST_USE const struct error *hashing_verify(struct hashing *hashing, struct arena *arena,
                                            const char *stored, const char *clear,
                                            bool *ret_matches);
