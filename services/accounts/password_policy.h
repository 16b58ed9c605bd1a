/* What a password must be like. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "services/common/arena/arena.h"

struct password_policy {
    int64_t min_bytes;
    /* Characters of each kind that it must contain; 0: any. */
    int64_t min_upper, min_lower, min_digits, min_special;
    /* More than the hash takes in is refused, not cut off. */
    int64_t max_bytes;
};

/* NULL if the password is strong enough for the account of this user name; else the first rule it
 * breaks. */
const char *password_policy_fault(struct arena *arena, const struct password_policy *policy,
                                  const char *password, const char *username);
