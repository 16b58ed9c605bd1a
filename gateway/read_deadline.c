#include "gateway/read_deadline.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "services/common/error/error.h"

/* Again and again until it is cleared: the thread may be on its way into poll when the signal
 * comes. */
enum { REPEAT_NS = 20000000 };

struct read_deadline {
    timer_t timer;
};

/* Being called is all: poll is not resumed after a handler. */
static void on_signal(int number)
{
    (void)number;
}

void read_deadline_init(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    check(sigaction(SIGRTMIN, &action, NULL) == 0);
}

struct read_deadline *read_deadline_new(void)
{
    struct read_deadline *deadline = calloc(1, sizeof(*deadline));
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
    check(deadline);
    event._sigev_un._tid = gettid();
    check(timer_create(CLOCK_MONOTONIC, &event, &deadline->timer) == 0);
    return deadline;
}

void read_deadline_free(struct read_deadline *deadline)
{
    if (deadline) {
        timer_delete(deadline->timer);
        free(deadline);
    }
}

void read_deadline_set(struct read_deadline *deadline, int64_t monotonic_us)
{
    const struct itimerspec at = {
        .it_value = {.tv_sec = monotonic_us / 1000000, .tv_nsec = monotonic_us % 1000000 * 1000},
        .it_interval = {.tv_nsec = REPEAT_NS},
    };
    check(timer_settime(deadline->timer, TIMER_ABSTIME, &at, NULL) == 0);
}

void read_deadline_clear(struct read_deadline *deadline)
{
    const struct itimerspec never = {0};
    check(timer_settime(deadline->timer, 0, &never, NULL) == 0);
}
