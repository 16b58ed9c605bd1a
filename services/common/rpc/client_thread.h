/*
 * What a thread that makes calls keeps from one to the next. gRPC's pluck queues take six callers
 * at most, so every thread has its own; and a signature is used again while the same identity
 * calls. Private to rpc.
 */
#pragma once

#include <grpc/grpc.h>
#include <semaphore.h>
#include <stdbool.h>

#include "services/common/clock/busy_poll.h"
#include "services/common/rpc/assertion.h"
#include "services/common/rpc/call.h"

struct client_thread {
    grpc_completion_queue *queue;
    struct busy_poll busy_poll;
    sem_t woken;                   /* while others make its call: bundler.h */
    const struct rpc_peers *peers; /* whose key has signed */
    size_t identity_len;
    size_t signed_len;
    int64_t signed_until_ms;
    uint8_t identity[ASSERTION_MAX_BYTES];
    uint8_t assertion[ASSERTION_MAX_BYTES];
};

/* The calling thread's; ends with it. */
struct client_thread *client_thread(void);
/* Puts the assertion for the call's identity into `assertion`, `signed_len` bytes. False if the
 * identity is too large to travel. */
bool client_thread_sign(struct client_thread *thread, struct call *call);
/* Until the batch with this tag is complete, which its deadline ensures. */
void client_thread_await(struct client_thread *thread, void *tag);
