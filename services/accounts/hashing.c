#include "services/accounts/hashing.h"

#include <errno.h>

#include "services/common/clock/clock.h"

enum { WAIT_US = 100000, RETRY_AFTER_MS = 1000 };

void hashing_init(struct hashing *hashing, struct arena *arena,
                  const struct password_method *method, int limit)
{
    hashing->method = *method;
    hashing->unmatchable = password_unmatchable(arena, method);
    check(sem_init(&hashing->free_places, 0, (unsigned)limit) == 0);
}

static const struct error *enter(struct hashing *hashing, struct arena *arena)
{
    struct timespec until = clock_monotonic_in(WAIT_US);
    int result;
    do {
        result = sem_clockwait(&hashing->free_places, CLOCK_MONOTONIC, &until);
    } while (result != 0 && errno == EINTR);
    if (result == 0) {
        return NULL;
    }
    const struct error *err = error_new(arena, REASON_OVERLOADED,
                                        "Too many passwords are being checked at once; try again.");
    return error_with_retry_after(arena, err, RETRY_AFTER_MS);
}

static void leave(struct hashing *hashing)
{
    check(sem_post(&hashing->free_places) == 0);
}

const struct error *hashing_hash(struct hashing *hashing, struct arena *arena, const char *clear,
                                 char **ret_stored)
{
    const struct error *err = enter(hashing, arena);
    if (err) {
        return err;
    }
    err = password_hash(arena, &hashing->method, clear, ret_stored);
    leave(hashing);
    return err;
}

const struct error *hashing_verify(struct hashing *hashing, struct arena *arena, const char *stored,
                                   const char *clear, bool *ret_matches)
{
    const struct error *err = enter(hashing, arena);
    if (err) {
        return err;
    }
    bool matches = password_verify(stored ? stored : hashing->unmatchable, clear);
    leave(hashing);
    *ret_matches = stored && matches;
    return NULL;
}
