/* A call with less time. */
#pragma once

#include "services/common/clock/clock.h"
#include "services/common/rpc/call.h"

/* A copy for outgoing calls whose deadline is at most limit_ms from now. */
static inline struct call limited_call(const struct call *call, int64_t limit_ms)
{
    struct call limited = *call;
    int64_t limit_us = clock_monotonic_us() + limit_ms * 1000;
    if (limited.deadline_us == 0 || limited.deadline_us > limit_us) {
        limited.deadline_us = limit_us;
    }
    return limited;
}
