#include "services/common/rpc/lane.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "services/common/clock/clock.h"
#include "services/common/pg/pg_pipe.h"
#include "services/common/redis/redis.h"
#include "services/common/rpc/bundle.h"
#include "services/common/rpc/serve.h"
#include "services/common/rpc/server_state.h"
#include "services/common/rpc/tally.h"

enum {
    SLOTS_PER_METHOD = 4,      /* more make no difference that can be measured */
    MAX_SLOTS_PER_METHOD = 64, /* parked calls keep theirs, so more are made when they are wanted */
    MAX_PIPED = 256,           /* more take a worker */
    PIPED_ARENA_BYTES = 4096,
    MAX_WAITING = 256, /* calls taken in beyond those that run; more are refused */
    WORKER_ARENA_BYTES = 16384,
    REDIS_TIMEOUT_MS = 2000,
};

static void on_requested(struct loop_tag *tag, bool ok);
static void on_batch_done(struct loop_tag *tag, bool ok);
static void on_handed(struct loop_tag *tag, bool ok);

static void slot_init(struct slot *slot, struct lane *lane, struct endpoint *endpoint)
{
    *slot = (struct slot){.lane = lane, .endpoint = endpoint};
    slot->requested = (struct loop_tag){.fire = on_requested, .owner = slot};
    slot->answered = (struct loop_tag){.fire = on_batch_done, .owner = slot};
    slot->closed = (struct loop_tag){.fire = on_batch_done, .owner = slot};
    slot->handed = (struct loop_tag){.fire = on_handed, .owner = slot};
    grpc_metadata_array_init(&slot->metadata);
}

/* Asks for the next call of the method. */
static void slot_request(struct slot *slot)
{
    struct rpc_server *server = slot->lane->server;
    atomic_fetch_add_explicit(&slot->endpoint->n_asking, 1, memory_order_relaxed);
    grpc_call_error error = grpc_server_request_registered_call(
        server->grpc, slot->endpoint->handle, &slot->call, &slot->deadline, &slot->metadata,
        &slot->payload, server->loop.queue, server->loop.queue, &slot->requested);
    check(error == GRPC_CALL_OK);
}

/* Lets go of the call. */
static void slot_unbind(struct slot *slot)
{
    grpc_metadata_array_destroy(&slot->metadata);
    grpc_byte_buffer_destroy(slot->payload);
    if (slot->call) {
        grpc_call_unref(slot->call);
    }
    slot->call = NULL;
    slot->payload = NULL;
    slot->cancelled = 0;
    slot->watches_close = false;
    slot->has_waited = false;
    grpc_metadata_array_init(&slot->metadata);
}

/* Its last use: an extra slot goes, the others belong to the lane. */
static void slot_free(struct slot *slot)
{
    grpc_metadata_array_destroy(&slot->metadata);
    grpc_metadata_array_init(&slot->metadata);
    if (slot->is_extra) {
        atomic_fetch_sub(&slot->lane->n_extra, 1);
        free(slot);
    }
}

void slot_start_batch(struct slot *slot, const grpc_op *ops, size_t n_ops, struct loop_tag *tag)
{
    atomic_fetch_add(&slot->holds, 1);
    check(grpc_call_start_batch(slot->call, ops, n_ops, tag, NULL) == GRPC_CALL_OK);
}

void slot_release(struct slot *slot)
{
    if (atomic_fetch_sub(&slot->holds, 1) != 1) {
        return;
    }
    struct rpc_server *server = slot->lane->server;
    slot_unbind(slot);
    if (slot->is_extra || atomic_load(&server->draining)) {
        slot_free(slot);
    } else {
        slot_request(slot);
    }
    server_call_ended(server);
}

static void on_batch_done(struct loop_tag *tag, bool ok)
{
    (void)ok;
    slot_release(tag->owner);
}

static uint64_t random_seed(void)
{
    uint64_t seed;
    check(getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
    return seed;
}

/* Runs this call, then those that wait. */
static void run(struct lane *lane, struct worker *worker, struct slot *slot, int n_busy)
{
    loop_leave(&lane->server->loop, n_busy > 1, n_busy < lane->n_workers);
    while (slot) {
        serve_call(worker, slot);
        pthread_mutex_lock(&lane->lock);
        slot = lane->waiting;
        if (slot) {
            lane->waiting = slot->next;
            lane->n_waiting--;
        } else {
            worker->next = lane->free;
            lane->free = worker;
            lane->n_busy--;
        }
        pthread_mutex_unlock(&lane->lock);
    }
}

enum admission { ADMITTED, WAITS, REFUSED };

/* Finds a free worker, or lets the slot wait if it can: then it may be gone when this returns. */
static enum admission admit(struct lane *lane, struct slot *slot, struct worker **ret_worker,
                            int *ret_busy)
{
    enum admission admission = REFUSED;
    pthread_mutex_lock(&lane->lock);
    if (lane->free) {
        admission = ADMITTED;
        *ret_worker = lane->free;
        lane->free = lane->free->next;
        *ret_busy = ++lane->n_busy;
    } else if (lane->n_waiting < MAX_WAITING) {
        admission = WAITS;
        slot->has_waited = true;
        slot->next = NULL;
        if (lane->waiting) {
            lane->waiting_last->next = slot;
        } else {
            lane->waiting = slot;
        }
        lane->waiting_last = slot;
        lane->n_waiting++;
    } else {
        lane->n_refused++;
    }
    pthread_mutex_unlock(&lane->lock);
    return admission;
}

/* A slot that waits does not ask for calls: another one does in its place, so that gRPC keeps no
 * queue of its own and the number of waiting calls is known. */
static void request_extra(struct lane *lane, struct endpoint *endpoint)
{
    if (atomic_load(&lane->server->draining) || atomic_load(&lane->n_extra) >= MAX_WAITING) {
        return;
    }
    struct slot *extra = malloc(sizeof(*extra));
    check(extra);
    slot_init(extra, lane, endpoint);
    extra->is_extra = true;
    atomic_fetch_add(&lane->n_extra, 1);
    slot_request(extra);
}

/* Runs the call here, lets it wait for a worker, or refuses it. */
static void take_in(struct lane *lane, struct slot *slot)
{
    struct endpoint *endpoint = slot->endpoint;
    struct worker *worker;
    int n_busy;
    switch (admit(lane, slot, &worker, &n_busy)) {
    case ADMITTED:
        run(lane, worker, slot, n_busy);
        break;
    case WAITS:
        request_extra(lane, endpoint);
        break;
    case REFUSED:
        serve_overloaded(slot);
        break;
    }
}

static struct worker *piped_worker_new(struct lane *lane)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    check(worker);
    worker->lane = lane;
    worker->is_piped = true;
    worker->arena = arena_new(PIPED_ARENA_BYTES);
    worker->pg = pg_new_piped(lane->server->pipe);
    worker->trace_seed = random_seed();
    return worker;
}

/* NULL if the call has to wait for what it needs, or too many are parked. */
static struct worker *piped_worker(struct lane *lane, struct slot *slot)
{
    if (!lane->server->pipe || !slot->endpoint->method->no_side_effects ||
        atomic_load_explicit(&slot->endpoint->must_wait, memory_order_relaxed)) {
        return NULL;
    }
    bool is_full;
    pthread_mutex_lock(&lane->lock);
    struct worker *worker = lane->free_piped;
    is_full = lane->n_piped >= MAX_PIPED;
    if (worker) {
        lane->free_piped = worker->next;
    }
    lane->n_piped += worker || !is_full;
    pthread_mutex_unlock(&lane->lock);
    return worker || is_full ? worker : piped_worker_new(lane);
}

void lane_unpark(struct worker *worker)
{
    struct lane *lane = worker->lane;
    arena_reset(worker->arena);
    pthread_mutex_lock(&lane->lock);
    worker->next = lane->free_piped;
    lane->free_piped = worker;
    lane->n_piped--;
    pthread_mutex_unlock(&lane->lock);
}

/* Its slot is left to a worker that may wait. */
static void give_up(struct worker *worker, const struct slot *slot)
{
    tally_count_handed_over(worker->lane->tally, slot->endpoint->index);
    lane_unpark(worker);
}

void lane_hand_over(struct worker *worker)
{
    struct loop *loop = &worker->lane->server->loop;
    struct slot *slot = worker->slot;
    give_up(worker, slot);
    if (slot->part) {
        bundle_leave_out(slot);
    } else {
        loop_hand(loop, &slot->handed);
    }
}

/* A call is about to be parked: somebody else has to ask for the next one. Without it gRPC would
 * keep calls in a queue of its own, which costs it much. */
static void grow(struct lane *lane, struct endpoint *endpoint)
{
    if (atomic_load_explicit(&endpoint->n_asking, memory_order_relaxed) > 1) {
        return;
    }
    struct slot *slot = NULL;
    pthread_mutex_lock(&lane->lock);
    if (endpoint->n_slots < MAX_SLOTS_PER_METHOD && !atomic_load(&lane->server->draining)) {
        slot = malloc(sizeof(*slot));
        check(slot);
        slot_init(slot, lane, endpoint);
        endpoint->n_slots++;
        slot->next_grown = lane->grown;
        lane->grown = slot;
    }
    pthread_mutex_unlock(&lane->lock);
    if (slot) {
        slot_request(slot);
    }
}

/* False if it takes one: nothing has happened then. */
static bool serve_without_worker(struct lane *lane, struct slot *slot)
{
    struct worker *worker = piped_worker(lane, slot);
    if (!worker) {
        return false;
    }
    if (!slot->part) {
        grow(lane, slot->endpoint);
    }
    if (serve_piped(worker, slot)) {
        return true;
    }
    give_up(worker, slot);
    return false;
}

bool lane_serve_bundled(struct lane *lane, struct slot *slot, const char *method)
{
    for (size_t i = 0; i < lane->n_endpoints; i++) {
        if (strcmp(lane->endpoints[i].method->path, method) == 0) {
            slot->lane = lane;
            slot->endpoint = &lane->endpoints[i];
            return serve_without_worker(lane, slot);
        }
    }
    return false;
}

static void on_handed(struct loop_tag *tag, bool ok)
{
    (void)ok;
    struct slot *slot = tag->owner;
    struct rpc_server *server = slot->lane->server;
    server_call_begun(server);
    take_in(slot->lane, slot);
    server_call_ended(server);
}

static void on_requested(struct loop_tag *tag, bool ok)
{
    struct slot *slot = tag->owner;
    struct lane *lane = slot->lane;
    atomic_fetch_sub_explicit(&slot->endpoint->n_asking, 1, memory_order_relaxed);
    if (!ok) {
        /* The server is stopping. */
        slot_free(slot);
        return;
    }
    atomic_store(&slot->holds, 1); /* of whoever answers */
    slot->taken_us = clock_monotonic_us();
    /* Once for the call and once for this function, which still needs the queue when the call is
     * done elsewhere. */
    server_call_begun(lane->server);
    if (!slot->payload) {
        /* Reset before its message came. Let go without an answer: that costs least, and makes gRPC
         * write to the client and so slow it down; answers in masses have let such calls pile up to
         * gigabytes. */
        slot_release(slot);
        return;
    }
    server_call_begun(lane->server);
    if (slot->endpoint->method == &bundle_method) {
        grow(lane, slot->endpoint);
        bundle_serve(slot);
    } else if (!serve_without_worker(lane, slot)) {
        take_in(lane, slot);
    }
    server_call_ended(lane->server);
}

static void worker_init(struct worker *worker, struct lane *lane)
{
    const struct rpc_server_config *config = &lane->server->config;
    *worker = (struct worker){.lane = lane, .next = lane->free};
    lane->free = worker;
    worker->arena = arena_new(WORKER_ARENA_BYTES);
    if (config->database_url) {
        worker->pg = pg_new(config->database_url, config->name, config->name);
    }
    if (config->redis_url) {
        worker->redis = redis_new(config->redis_url, REDIS_TIMEOUT_MS);
        redis_set_arena(worker->redis, worker->arena);
    }
    worker->trace_seed = random_seed();
}

static void worker_done(struct worker *worker)
{
    if (worker->pg) {
        pg_free(worker->pg);
    }
    if (worker->redis) {
        redis_free(worker->redis);
    }
    arena_free(worker->arena);
}

static void endpoint_register(struct lane *lane, const struct rpc_method *method)
{
    struct endpoint *endpoint = &lane->endpoints[lane->n_endpoints];
    endpoint->method = method;
    endpoint->index = lane->n_endpoints++;
    endpoint->handle = grpc_server_register_method(lane->server->grpc, method->path, NULL,
                                                   GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
    check(endpoint->handle);
}

static void endpoints_register(struct lane *lane, bool internal)
{
    const struct rpc_service *const *services = lane->server->config.services;
    size_t n = 0;
    for (size_t s = 0; services[s]; s++) {
        n += services[s]->internal == internal ? services[s]->n_methods : 0;
    }
    lane->endpoints = calloc(n + 2, sizeof(*lane->endpoints));
    check(lane->endpoints);
    for (size_t s = 0; services[s]; s++) {
        for (size_t m = 0; services[s]->internal == internal && m < services[s]->n_methods; m++) {
            endpoint_register(lane, &services[s]->methods[m]);
        }
    }
    if (!internal) {
        endpoint_register(lane, &bundle_method);
    }
}

void lane_init(struct lane *lane, struct rpc_server *server, bool internal, int n_workers)
{
    *lane = (struct lane){.server = server, .n_workers = n_workers};
    check(pthread_mutex_init(&lane->lock, NULL) == 0);
    endpoints_register(lane, internal);
    lane->tally = tally_new(lane->n_endpoints);
    lane->workers = calloc((size_t)n_workers, sizeof(*lane->workers));
    check(lane->workers);
    for (int i = 0; i < n_workers; i++) {
        worker_init(&lane->workers[i], lane);
    }
}

void lane_start(struct lane *lane)
{
    size_t n_slots = lane->n_endpoints * SLOTS_PER_METHOD;
    lane->slots = calloc(n_slots + 1, sizeof(*lane->slots));
    check(lane->slots);
    for (size_t i = 0; i < n_slots; i++) {
        struct endpoint *endpoint = &lane->endpoints[i / SLOTS_PER_METHOD];
        endpoint->n_slots = SLOTS_PER_METHOD;
        slot_init(&lane->slots[i], lane, endpoint);
        slot_request(&lane->slots[i]);
    }
}

void lane_done(struct lane *lane)
{
    for (int i = 0; i < lane->n_workers; i++) {
        worker_done(&lane->workers[i]);
    }
    while (lane->free_piped) {
        struct worker *worker = lane->free_piped;
        lane->free_piped = worker->next;
        worker_done(worker);
        free(worker);
    }
    while (lane->grown) {
        struct slot *slot = lane->grown;
        lane->grown = slot->next_grown;
        free(slot);
    }
    pthread_mutex_destroy(&lane->lock);
    tally_free(lane->tally);
    free(lane->slots);
    free(lane->workers);
    free(lane->endpoints);
}

struct lane_load lane_load(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    struct lane_load load = {.busy = lane->n_busy,
                             .parked = lane->n_piped,
                             .waiting = lane->n_waiting,
                             .refused = lane->n_refused};
    pthread_mutex_unlock(&lane->lock);
    return load;
}
