/*
 * The server's threads around its one completion queue. There is one more than calls may run at
 * once, so one is always left to read from the network, answer health checks and refuse what is too
 * much.
 *
 * One thread at a time leads: it waits for events and handles them. Before it runs a call it leaves
 * the lead. If more calls could run beside this one and lately have, it wakes another thread to
 * lead; if not, it saves both the context switches, finishes the call and leads again. One idle
 * thread is the guard and looks every 2 ms, every 20 ms while nobody leaves the lead, and every
 * 250 ms when nothing comes at all. It leads if nobody does, so a long call keeps nobody waiting.
 * And if events lie in the queue although there is a leader, then a client sends so much that gRPC
 * keeps the leader reading: for a while all threads take events from the queue. Private to rpc.
 */
#pragma once

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "services/common/clock/busy_poll.h"

/* What gRPC hands back with an event. */
struct loop_tag {
    void (*fire)(struct loop_tag *tag, bool ok);
    void *owner;
    struct loop_tag *next; /* of those that were handed over */
};

struct loop {
    grpc_completion_queue *queue;
    pthread_t *threads;
    int n_threads;
    pthread_mutex_t lock;
    pthread_cond_t idle; /* idle threads but the guard wait for work */
    pthread_cond_t tick; /* the guard's */
    bool is_led;
    struct busy_poll busy_poll; /* the leader's */
    bool has_guard;
    bool is_calm; /* the lead does not change, so the guard looks less often */
    bool guard_is_called;
    bool has_ended;
    int n_idle;
    struct loop_tag *handed, **handed_end;
    atomic_bool has_handed;
    unsigned n_led;         /* how often the lead was taken */
    atomic_uint n_events;   /* how many events leaders have got */
    int pressure;           /* how much calls have lately come while others ran */
    int64_t flood_until_us; /* until then all threads take events */
};

void loop_init(struct loop *loop, grpc_server *server);
void loop_start(struct loop *loop, int n_threads);
/* No call is open any more: lets the threads end. Without loop_start it only empties the queue. */
void loop_done(struct loop *loop);
/* This thread is going to run a call. `others_run`: other calls run already; `others_may`: more
 * could. */
void loop_leave(struct loop *loop, bool others_run, bool others_may);
/* Around the start of a call's last batch: if it is complete at once, its event is handled here,
 * without waking the leader. */
void loop_before_batch(struct loop *loop);
void loop_after_batch(struct loop *loop);
/* Another thread than the loop's has work for it: fires the tag on one of its threads. */
void loop_hand(struct loop *loop, struct loop_tag *tag);
