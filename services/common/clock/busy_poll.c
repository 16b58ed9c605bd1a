#include "services/common/clock/busy_poll.h"

#include <sched.h>

#include "services/common/clock/clock.h"

enum { LATE_US = 200 }; /* back from a yield: others have worked meanwhile */

static int64_t limit_us;

void busy_poll_set_limit(int64_t us)
{
    limit_us = us;
}

bool busy_poll_begin(struct busy_poll *poll)
{
    if (limit_us == 0) {
        return false;
    }
    poll->began_us = clock_monotonic_us();
    poll->looked_us = poll->began_us;
    return poll->pays;
}

bool busy_poll_again(struct busy_poll *poll)
{
    sched_yield();
    int64_t now_us = clock_monotonic_us();
    bool is_late = now_us - poll->looked_us > LATE_US;
    poll->looked_us = now_us;
    return !is_late && now_us - poll->began_us < limit_us;
}

void busy_poll_end(struct busy_poll *poll)
{
    poll->pays = limit_us > 0 && clock_monotonic_us() - poll->began_us < limit_us;
}
