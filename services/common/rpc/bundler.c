#include "services/common/rpc/bundler.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "services/common/clock/clock.h"
#include "services/common/rpc/bundle.h"

enum {
    MAX_AVOIDED = 32,
    AVOIDED_US = 1000000,
    PATIENCE_US = 5000, /* whoever waits longer for a leader's return leads too */
};

enum ride_state { WAITS, TAKEN, LEADS, HAS_ARRIVED };

struct avoided {
    _Atomic(const struct rpc_method *) method;
    atomic_int_least64_t until_us;
};

struct bundler {
    pthread_mutex_t lock;
    struct ride *first, **end; /* those that wait, while somebody leads */
    int n_leaders;             /* one, unless their calls take long */
    struct avoided avoided[MAX_AVOIDED];
};

struct bundler *bundler_new(void)
{
    struct bundler *bundler = calloc(1, sizeof(*bundler));
    check(bundler);
    bundler->end = &bundler->first;
    check(pthread_mutex_init(&bundler->lock, NULL) == 0);
    return bundler;
}

void bundler_free(struct bundler *bundler)
{
    if (bundler) {
        pthread_mutex_destroy(&bundler->lock);
        free(bundler);
    }
}

/* Where a method stands, or could. */
static struct avoided *place_of(struct bundler *bundler, const struct rpc_method *method)
{
    return &bundler->avoided[((uintptr_t)method / sizeof(*method)) % MAX_AVOIDED];
}

bool bundler_takes(struct bundler *bundler, const struct rpc_method *method)
{
    struct avoided *avoided = place_of(bundler, method);
    return atomic_load_explicit(&avoided->method, memory_order_relaxed) != method ||
           atomic_load_explicit(&avoided->until_us, memory_order_relaxed) < clock_monotonic_us();
}

void bundler_avoid(struct bundler *bundler, const struct rpc_method *method)
{
    struct avoided *avoided = place_of(bundler, method);
    atomic_store_explicit(&avoided->method, method, memory_order_relaxed);
    atomic_store_explicit(&avoided->until_us, clock_monotonic_us() + AVOIDED_US,
                          memory_order_relaxed);
}

/* All that wait by now, as far as they fit beside the leader. Under the lock. */
static struct ride *take_waiting(struct bundler *bundler)
{
    struct ride *taken = bundler->first;
    struct ride **end = &bundler->first;
    for (int n = 1; *end && n < BUNDLE_MAX_CALLS; n++) {
        (*end)->state = TAKEN;
        end = &(*end)->next;
    }
    bundler->first = *end;
    *end = NULL;
    if (!bundler->first) {
        bundler->end = &bundler->first;
    }
    return taken;
}

static void leave_queue(struct bundler *bundler, struct ride *ride)
{
    struct ride **link = &bundler->first;
    while (*link != ride) {
        link = &(*link)->next;
    }
    *link = ride->next;
    if (!ride->next) {
        bundler->end = link;
    }
}

/* Under the lock. */
static void lead(struct bundler *bundler, struct ride *ride)
{
    bundler->n_leaders++;
    ride->state = LEADS;
}

static void wait_in_queue(struct bundler *bundler, struct ride *ride)
{
    struct timespec until = clock_monotonic_in(PATIENCE_US);
    int status;
    do {
        status = sem_clockwait(ride->woken, CLOCK_MONOTONIC, &until);
    } while (status != 0 && errno == EINTR);
    if (status == 0) {
        return;
    }
    pthread_mutex_lock(&bundler->lock);
    bool is_forgotten = ride->state == WAITS;
    if (is_forgotten) {
        leave_queue(bundler, ride);
        lead(bundler, ride);
    }
    pthread_mutex_unlock(&bundler->lock);
    while (!is_forgotten && sem_wait(ride->woken) != 0) {
    }
}

enum boarding bundler_board(struct bundler *bundler, struct ride *ride)
{
    ride->next = NULL;
    ride->outcome = NULL;
    pthread_mutex_lock(&bundler->lock);
    bool leads = bundler->n_leaders == 0;
    if (leads) {
        lead(bundler, ride);
    } else {
        ride->state = WAITS;
        *bundler->end = ride;
        bundler->end = &ride->next;
    }
    pthread_mutex_unlock(&bundler->lock);
    if (leads) {
        return RIDE_LEADS;
    }
    wait_in_queue(bundler, ride);
    if (ride->state == HAS_ARRIVED) {
        return RIDE_ARRIVED;
    }
    pthread_mutex_lock(&bundler->lock);
    ride->next = take_waiting(bundler);
    pthread_mutex_unlock(&bundler->lock);
    return RIDE_LEADS;
}

void bundler_pass_on(struct bundler *bundler)
{
    struct ride *next = NULL;
    pthread_mutex_lock(&bundler->lock);
    bundler->n_leaders--;
    if (bundler->n_leaders == 0 && bundler->first) {
        next = bundler->first;
        leave_queue(bundler, next);
        lead(bundler, next);
    }
    pthread_mutex_unlock(&bundler->lock);
    if (next) {
        sem_post(next->woken);
    }
}

void bundler_arrive(struct ride *ride, void *outcome, size_t len)
{
    sem_t *woken = ride->woken;
    ride->outcome = outcome;
    ride->outcome_len = len;
    ride->state = HAS_ARRIVED;
    sem_post(woken);
}
