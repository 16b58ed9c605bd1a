#include "gateway/retry.h"

#include <time.h>

#include "services/common/clock/clock.h"

static const int64_t pauses_us[RETRY_MAX] = {20000, 150000};

bool retry_after(const struct error *err, int *tries, int64_t deadline_us)
{
    if (!err || err->code != ERROR_UNAVAILABLE || *tries >= RETRY_MAX ||
        clock_monotonic_us() + pauses_us[*tries] >= deadline_us) {
        return false;
    }
    nanosleep(&(struct timespec){.tv_nsec = pauses_us[*tries] * 1000}, NULL);
    ++*tries;
    return true;
}
