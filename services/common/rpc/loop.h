/*
 * The server's threads around its one completion queue. Any of them takes any event: a new call runs on the thread that
 * took it. There is one thread more than calls may run at once, so one is always left to read from the network, answer
 * health checks and refuse what is too much. Private to rpc.
 */
#pragma once

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdbool.h>

/* What gRPC hands back with an event. */
struct loop_tag {
    void (*fire)(struct loop_tag *tag, bool ok);
    void *owner;
};

struct loop {
    grpc_completion_queue *queue;
    pthread_t *threads;
    int n_threads;
};

void loop_init(struct loop *loop, grpc_server *server);
void loop_start(struct loop *loop, int n_threads);
/* No call is open any more: lets the threads end. Without loop_start it only empties the queue. */
void loop_done(struct loop *loop);
