/*
 * A pool: worker threads around one completion queue, with a number of requests outstanding for each method. Private to
 * rpc.
 */
#pragma once

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "services/common/rpc/server.h"

enum tag_kind { TAG_REQUEST, TAG_ANSWERED, TAG_CLOSED };

struct tag {
    enum tag_kind kind;
    struct slot *slot;
};

/* A method that this server offers. */
struct endpoint {
    const struct rpc_method *method;
    void *handle; /* as registered with gRPC */
    size_t index; /* in the pool */
};

/* Room for one call. It asks gRPC for a call of its method, is bound to one, answers it, and asks again. */
struct slot {
    struct tag request, answered, closed;
    struct pool *pool;
    const struct endpoint *endpoint;
    struct slot *next;         /* while it waits for a worker */
    bool is_extra;             /* made under load, freed after its call */
    grpc_call *call;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_byte_buffer *payload;
    int cancelled;             /* written by gRPC */
    bool watches_close;        /* a batch waits for the client to go away */
    atomic_int batches;        /* in flight; the slot is free again when none is */
};

struct worker {
    struct pool *pool;
    pthread_t thread;
    struct arena *arena;
    struct pg *pg;
    struct redis *redis;
    struct authenticator *authenticator;
    struct tally *tally;
    uint64_t trace_seed;
};

struct pool {
    struct rpc_server *server;
    grpc_completion_queue *queue;
    struct endpoint *endpoints;
    size_t n_endpoints;
    struct slot *slots;
    size_t n_slots;
    struct worker *workers;
    int n_workers;
    atomic_int n_busy;
    atomic_ulong n_served;
    unsigned long n_served_at_tick;
    /* Calls taken off the queue while all workers were busy, oldest first. */
    pthread_mutex_t lock;
    struct slot *waiting, *waiting_last;
    atomic_int n_waiting;
    atomic_ulong n_shed;
    atomic_int_least64_t shed_at_us;
};

/* Registers the methods of the public or of the internal services; before the server starts. */
void pool_init(struct pool *pool, struct rpc_server *server, bool internal, int n_workers);
/* Asks for calls and starts the workers; after the server has started. */
void pool_start(struct pool *pool);
/* Once a second, from another thread: answers waiting calls with OVERLOADED if the workers are all stuck. */
void pool_tick(struct pool *pool);
/* No call is running any more: ends the threads, if they were started. */
void pool_stop(struct pool *pool);
void pool_done(struct pool *pool);

/* A batch of this slot's call is complete. */
void slot_release(struct slot *slot);
/* Starts a batch; it counts until slot_release. */
void slot_start_batch(struct slot *slot, const grpc_op *ops, size_t n_ops, struct tag *tag);
