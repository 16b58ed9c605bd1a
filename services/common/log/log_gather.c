#include "services/common/log/log_gather.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "services/common/clock/clock.h"
#include "services/common/error/error.h"
#include "services/common/log/log.h"

enum {
    GATHER_BYTES = 32768,
    GATHER_US = 20000,
    PAUSE_US = 5000, /* after so long without a line the next one is written at once */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    pthread_t thread;
    bool is_on;
    int64_t put_us; /* the last line */
    size_t len;
    char text[GATHER_BYTES];
} gather = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Nothing can be done about a log that cannot be written. */
static void write_out(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, text, len);

        if (n < 0 && errno != EINTR) {
            return;
        }
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
}

/* Under the lock. */
static void write_gathered(void)
{
    write_out(gather.text, gather.len);
    gather.len = 0;
}

void gather_put(const char *line, size_t len, bool at_once)
{
    int64_t now_us = clock_monotonic_us();

    pthread_mutex_lock(&gather.lock);
    bool is_first = gather.len == 0;
    bool follows = now_us - gather.put_us < PAUSE_US;

    gather.put_us = now_us;
    if (len > GATHER_BYTES - gather.len) {
        write_gathered();
    }
    if (!gather.is_on || at_once || (is_first && !follows)) {
        write_gathered();
        write_out(line, len);
    } else {
        memcpy(gather.text + gather.len, line, len);
        gather.len += len;
        if (is_first) {
            pthread_cond_signal(&gather.woken);
        }
    }
    pthread_mutex_unlock(&gather.lock);
}

static void wait_for_more(void)
{
    struct timespec until = clock_monotonic_in(GATHER_US);

    while (gather.is_on && pthread_cond_timedwait(&gather.woken, &gather.lock, &until) == 0) {
    }
}

static void *thread_main(void *ptr)
{
    pthread_mutex_lock(&gather.lock);
    while (gather.is_on) {
        if (gather.len == 0) {
            pthread_cond_wait(&gather.woken, &gather.lock);
        } else {
            wait_for_more();
            write_gathered();
        }
    }
    write_gathered();
    pthread_mutex_unlock(&gather.lock);
    return ptr;
}

void log_gather_start(void)
{
    pthread_condattr_t attributes;

    check(!gather.is_on);
    check(pthread_condattr_init(&attributes) == 0);
    check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    check(pthread_cond_init(&gather.woken, &attributes) == 0);
    check(pthread_condattr_destroy(&attributes) == 0);
    gather.is_on = true;
    check(pthread_create(&gather.thread, NULL, thread_main, NULL) == 0);
    (void)pthread_setname_np(gather.thread, "log");
}

void log_gather_stop(void)
{
    pthread_mutex_lock(&gather.lock);
    gather.is_on = false;
    pthread_cond_signal(&gather.woken);
    pthread_mutex_unlock(&gather.lock);
    check(pthread_join(gather.thread, NULL) == 0);
    check(pthread_cond_destroy(&gather.woken) == 0);
}
