/*
 * Slows guessing down. Wrong passwords are counted in Redis per account and per client address.
 * After some free tries each further one makes the next wait, twice as long each time, up to a
 * limit. An address from which the account has logged in before has a counter of its own, so
 * strangers cannot lock the owner out of his usual place.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "services/common/rpc/call.h"

struct throttle_limits {
    int64_t account_tries, address_tries;
    int64_t first_wait_ms, max_wait_ms;
};

/* One try: the Redis keys that it touches. */
struct throttle_try {
    const struct throttle_limits *limits;
    const char *account_key, *pair_key, *address_key, *known_key;
    bool is_known; /* the account has logged in from there before */
    int64_t gate_until_ms;
};

/* Counts a try before the password is looked at, so that many at once gain nothing. LOGIN_THROTTLED
 * with a retry delay if it must wait; REDIS_UNAVAILABLE. `address` may be empty. Follow it by
 * exactly one of the other two, or by none if the try could not be decided. */
MUST_USE const struct error *throttle_begin(struct call *call, const struct throttle_limits *limits,
                                            const char *username, const char *address,
                                            struct throttle_try *ret_try);
/* The password was wrong. */
MUST_USE const struct error *throttle_fail(struct call *call, const struct throttle_try *try);
/* It was right: the account's counter starts anew, the address's one forgets this try only. */
MUST_USE const struct error *throttle_succeed(struct call *call, const struct throttle_try *try);
