/*
 * Calls of one kind, public or internal: how many run at once, how many wait, and what they run
 * with. Private to rpc.
 */
#pragma once

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "services/common/rpc/call_state.h"
#include "services/common/rpc/loop.h"
#include "services/common/rpc/server.h"

/* A method that this server offers. */
struct endpoint {
    const struct rpc_method *method;
    void *handle;          /* as registered with gRPC */
    size_t index;          /* in the lane */
    atomic_bool must_wait; /* its handler asks for more than rows by key */
    atomic_int n_asking;   /* slots that wait for a call */
    int n_slots;           /* under the lane's lock */
};

/* Room for one call. It asks gRPC for a call of its method, is bound to one, answers it, and asks
 * again. */
struct slot {
    struct loop_tag requested, answered, closed, handed;
    struct lane *lane;
    struct endpoint *endpoint;
    struct part *part; /* of a bundle: no call of its own, and gone when it is answered */
    struct slot *next; /* while it waits for a worker */
    struct slot *next_grown;
    bool is_extra; /* made under load, freed after its call */
    bool has_waited;
    bool watches_close; /* a batch waits for the client to go away */
    grpc_call *call;
    gpr_timespec deadline;
    int64_t taken_us;
    grpc_metadata_array metadata;
    grpc_byte_buffer *payload;
    int cancelled; /* written by gRPC */
    atomic_int
        holds; /* batches in flight and whoever answers; without any the slot is free again */
};

/* What a call runs with; used by one thread at a time. Most wait in PostgreSQL, Redis and other
 * services; a piped one does not and is parked while a row is fetched. */
struct worker {
    struct worker *next; /* while it is free */
    struct lane *lane;
    struct arena *arena;
    struct pg *pg;
    struct redis *redis;
    bool is_piped;
    /* The call. */
    struct slot *slot;
    struct call call;
    struct call_state state;
    ProtobufCMessage *request;
    int64_t taken_us; /* the slot's, which is gone with the answer */
    uint64_t trace_seed;
};

struct lane {
    struct rpc_server *server;
    struct endpoint *endpoints;
    size_t n_endpoints;
    struct slot *slots;
    struct slot *grown; /* by `next_grown` */
    struct worker *workers;
    int n_workers;
    struct tally *tally;
    pthread_mutex_t lock;
    struct worker *free_piped;
    int n_piped;         /* in use */
    struct worker *free; /* the one used last is first: its caches and its connection are warm */
    struct slot *waiting, *waiting_last;
    int n_waiting;
    int n_busy;
    unsigned long n_refused;
    atomic_int n_extra;
};

struct lane_load {
    int busy, parked, waiting;
    unsigned long refused;
};

/* Registers the methods of the public or of the internal services; before the server starts. */
void lane_init(struct lane *lane, struct rpc_server *server, bool internal, int n_workers);
/* Asks for calls; after the server has started. */
void lane_start(struct lane *lane);
/* After the loop's end. */
void lane_done(struct lane *lane);
struct lane_load lane_load(struct lane *lane);

/* Starts a batch of this slot's call, which holds the slot until it is complete. */
void slot_start_batch(struct slot *slot, const grpc_op *ops, size_t n_ops, struct loop_tag *tag);
/* Lets go of one hold. */
void slot_release(struct slot *slot);

/* Serves a read of a bundle. False if this lane has no such method or it would take a worker:
 * nothing has happened then. */
bool lane_serve_bundled(struct lane *lane, struct slot *slot, const char *method);

/* A piped worker's call has been answered. */
void lane_unpark(struct worker *worker);
/* A piped worker's call, begun and parked, needs one that may wait. */
void lane_hand_over(struct worker *worker);
