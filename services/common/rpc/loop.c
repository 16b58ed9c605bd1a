#include "services/common/rpc/loop.h"

#include <grpc/support/time.h>
#include <stdlib.h>

#include "services/common/clock/clock.h"
#include "services/common/error/error.h"
#include "services/common/rpc/wire.h"

enum {
    TICK_MS = 2,
    CALM_TICK_MS = 20,
    IDLE_TICK_MS = 250,
    STUCK_AFTER_TICKS = 5, /* less may be a leader that waits for a processor */
    CALM_AFTER_TICKS = 10,
    IDLE_AFTER_TICKS = 50, /* in which nothing came */
    FLOOD_US = 100000,
    PRESSURE_STEP = 4,
    PRESSURE_MAX = 32,
    PRESSURE_LIMIT = 8, /* from here on a leader hands on the lead */
};

/* Whether this thread leads the loop it belongs to. */
static _Thread_local bool leads;

static void add_pressure(struct loop *loop, bool is_under_pressure)
{
    loop->pressure += is_under_pressure ? PRESSURE_STEP : -1;
    loop->pressure = loop->pressure > PRESSURE_MAX ? PRESSURE_MAX : loop->pressure;
    loop->pressure = loop->pressure < 0 ? 0 : loop->pressure;
}

void loop_leave(struct loop *loop, bool others_run, bool others_may)
{
    if (!leads) {
        return;
    }
    leads = false;
    pthread_mutex_lock(&loop->lock);
    add_pressure(loop, others_run);
    loop->is_led = false;
    bool hands_on = others_may && loop->pressure >= PRESSURE_LIMIT;
    bool wakes_idle = hands_on && loop->n_idle > 0;
    loop->guard_is_called = hands_on && !wakes_idle;
    bool wakes_guard = loop->guard_is_called || loop->is_calm;
    pthread_mutex_unlock(&loop->lock);
    if (wakes_idle) {
        pthread_cond_signal(&loop->idle);
    }
    if (wakes_guard) {
        pthread_cond_signal(&loop->tick);
    }
}

/* An event that is there already. */
static bool poll_now(struct loop *loop, grpc_event *ret_event)
{
    *ret_event = grpc_completion_queue_next(loop->queue, gpr_inf_past(GPR_CLOCK_MONOTONIC), NULL);
    return ret_event->type != GRPC_QUEUE_TIMEOUT;
}

/* What another thread has handed over. Under the lock. */
static bool take_handed(struct loop *loop, grpc_event *ret_event)
{
    struct loop_tag *tag = loop->handed;
    if (!tag) {
        return false;
    }
    loop->handed = tag->next;
    if (!loop->handed) {
        loop->handed_end = &loop->handed;
        atomic_store(&loop->has_handed, false);
    }
    *ret_event = (grpc_event){.type = GRPC_OP_COMPLETE, .success = 1, .tag = tag};
    return true;
}

void loop_hand(struct loop *loop, struct loop_tag *tag)
{
    pthread_mutex_lock(&loop->lock);
    tag->next = NULL;
    *loop->handed_end = tag;
    loop->handed_end = &tag->next;
    atomic_store(&loop->has_handed, true);
    bool wakes_idle = loop->n_idle > 0;
    pthread_mutex_unlock(&loop->lock);
    pthread_cond_signal(wakes_idle ? &loop->idle : &loop->tick);
}

static void wait_for_tick(struct loop *loop, int n_quiet_ticks)
{
    int calm_ms = n_quiet_ticks < IDLE_AFTER_TICKS ? CALM_TICK_MS : IDLE_TICK_MS;
    struct timespec until = clock_monotonic_in((loop->is_calm ? calm_ms : TICK_MS) * 1000);
    pthread_cond_timedwait(&loop->tick, &loop->lock, &until);
}

/* Under the lock. True with an event that the leader does not come to; false when this thread has
 * to lead. */
static bool guard(struct loop *loop, grpc_event *ret_event)
{
    int n_quiet_ticks = 0;
    int n_calm_ticks = 0;
    bool has_event = false;
    loop->has_guard = true;
    while (!loop->has_ended && !has_event && !loop->handed) {
        bool was_vacant = !loop->is_led;
        unsigned n_led = loop->n_led;
        unsigned n_events = atomic_load(&loop->n_events);
        loop->is_calm = n_calm_ticks >= CALM_AFTER_TICKS && !was_vacant;
        wait_for_tick(loop, n_quiet_ticks);
        if (!loop->is_led && (loop->guard_is_called || (was_vacant && n_led == loop->n_led))) {
            break;
        }
        bool nothing_came = n_events == atomic_load(&loop->n_events);
        n_quiet_ticks = nothing_came ? n_quiet_ticks + 1 : 0;
        bool kept_on = !was_vacant && loop->is_led && n_led == loop->n_led;
        n_calm_ticks = kept_on ? n_calm_ticks + 1 : 0;
        if (loop->is_led && n_quiet_ticks >= (loop->is_calm ? 1 : STUCK_AFTER_TICKS)) {
            pthread_mutex_unlock(&loop->lock);
            has_event = poll_now(loop, ret_event);
            pthread_mutex_lock(&loop->lock);
        }
    }
    loop->is_calm = false;
    loop->guard_is_called = false;
    loop->has_guard = false;
    if (has_event) {
        loop->flood_until_us = clock_monotonic_us() + FLOOD_US;
        pthread_cond_broadcast(&loop->idle);
    }
    return has_event;
}

/* Takes part while the flood lasts. Under the lock. */
static bool work_in_flood(struct loop *loop, grpc_event *ret_event)
{
    gpr_timespec until = wire_deadline(loop->flood_until_us);
    pthread_mutex_unlock(&loop->lock);
    *ret_event = grpc_completion_queue_next(loop->queue, until, NULL);
    pthread_mutex_lock(&loop->lock);
    return ret_event->type != GRPC_QUEUE_TIMEOUT;
}

/* True with an event; false when this thread has become the leader. */
static bool wait_for_work(struct loop *loop, grpc_event *ret_event)
{
    bool has_event = false;
    pthread_mutex_lock(&loop->lock);
    while (!loop->has_ended && !has_event) {
        if (take_handed(loop, ret_event)) {
            has_event = true;
        } else if (!loop->is_led) {
            break;
        } else if (clock_monotonic_us() < loop->flood_until_us) {
            has_event = work_in_flood(loop, ret_event);
        } else if (loop->has_guard) {
            loop->n_idle++;
            pthread_cond_wait(&loop->idle, &loop->lock);
            loop->n_idle--;
        } else {
            has_event = guard(loop, ret_event);
        }
    }
    if (!has_event) {
        loop->is_led = true;
        loop->n_led++;
        leads = true;
    }
    if (!loop->has_guard && loop->n_idle > 0) {
        /* It will be the guard. Said by whoever goes, for the one that was told may have found
         * other work. */
        pthread_cond_signal(&loop->idle);
    }
    pthread_mutex_unlock(&loop->lock);
    return has_event;
}

/* Leads if nobody does. */
static void lead_if_vacant(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    if (!loop->is_led) {
        loop->is_led = true;
        loop->n_led++;
        leads = true;
    }
    pthread_mutex_unlock(&loop->lock);
}

/* Looks for a while, then sleeps. The leader's. */
static grpc_event wait_for_event(struct loop *loop)
{
    grpc_event event;
    bool looks = busy_poll_begin(&loop->busy_poll);
    while (looks && !poll_now(loop, &event)) {
        looks = busy_poll_again(&loop->busy_poll);
    }
    if (!looks) {
        event = grpc_completion_queue_next(loop->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    }
    busy_poll_end(&loop->busy_poll);
    return event;
}

static grpc_event next_event(struct loop *loop)
{
    grpc_event event;
    if (atomic_load_explicit(&loop->has_handed, memory_order_relaxed)) {
        pthread_mutex_lock(&loop->lock);
        bool has_event = take_handed(loop, &event);
        pthread_mutex_unlock(&loop->lock);
        if (has_event) {
            return event;
        }
    }
    if (!leads) {
        /* This thread has run a call. An event that has come in the meantime shows that more than
         * one call is wanted at once. */
        lead_if_vacant(loop);
        if (poll_now(loop, &event)) {
            pthread_mutex_lock(&loop->lock);
            add_pressure(loop, true);
            pthread_mutex_unlock(&loop->lock);
            return event;
        }
        if (!leads && wait_for_work(loop, &event)) {
            return event;
        }
    }
    event = wait_for_event(loop);
    atomic_fetch_add_explicit(&loop->n_events, 1, memory_order_relaxed);
    return event;
}

static void end(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->has_ended = true;
    pthread_cond_broadcast(&loop->idle);
    pthread_cond_broadcast(&loop->tick);
    pthread_mutex_unlock(&loop->lock);
}

static void *thread_main(void *ptr)
{
    struct loop *loop = ptr;
    for (;;) {
        grpc_event event = next_event(loop);
        if (event.type == GRPC_QUEUE_SHUTDOWN) {
            end(loop);
            return NULL;
        }
        struct loop_tag *tag = event.tag;
        tag->fire(tag, event.success != 0);
    }
}

void loop_before_batch(struct loop *loop)
{
    grpc_completion_queue_thread_local_cache_init(loop->queue);
}

void loop_after_batch(struct loop *loop)
{
    void *tag;
    int ok;
    if (grpc_completion_queue_thread_local_cache_flush(loop->queue, &tag, &ok)) {
        ((struct loop_tag *)tag)->fire(tag, ok != 0);
    }
}

void loop_init(struct loop *loop, grpc_server *server)
{
    *loop = (struct loop){.queue = grpc_completion_queue_create_for_next(NULL)};
    loop->handed_end = &loop->handed;
    grpc_server_register_completion_queue(server, loop->queue, NULL);
    pthread_condattr_t attributes;
    check(pthread_condattr_init(&attributes) == 0);
    check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    check(pthread_cond_init(&loop->tick, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    check(pthread_cond_init(&loop->idle, NULL) == 0);
    check(pthread_mutex_init(&loop->lock, NULL) == 0);
}

void loop_start(struct loop *loop, int n_threads)
{
    loop->threads = calloc((size_t)n_threads, sizeof(*loop->threads));
    check(loop->threads);
    for (; loop->n_threads < n_threads; loop->n_threads++) {
        check(pthread_create(&loop->threads[loop->n_threads], NULL, thread_main, loop) == 0);
        (void)pthread_setname_np(loop->threads[loop->n_threads], "rpc-loop");
    }
}

void loop_done(struct loop *loop)
{
    grpc_completion_queue_shutdown(loop->queue);
    for (int i = 0; i < loop->n_threads; i++) {
        check(pthread_join(loop->threads[i], NULL) == 0);
    }
    while (
        grpc_completion_queue_next(loop->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type !=
        GRPC_QUEUE_SHUTDOWN) {
    }
    grpc_completion_queue_destroy(loop->queue);
    pthread_cond_destroy(&loop->tick);
    pthread_cond_destroy(&loop->idle);
    pthread_mutex_destroy(&loop->lock);
    free(loop->threads);
}
