#include "services/common/rpc/pool.h"

#include <grpc/support/time.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "services/common/clock/clock.h"
#include "services/common/pg/pg.h"
#include "services/common/redis/redis.h"
#include "services/common/rpc/authenticate.h"
#include "services/common/rpc/serve.h"
#include "services/common/rpc/server_state.h"
#include "services/common/rpc/tally.h"

enum {
    SLOTS_PER_METHOD = 8,
    MAX_WAITING = 256,       /* calls taken in beyond those that run; more are refused */
    SHED_INTERVAL_US = 10000, /* how often a busy pool looks how long its queue is */
    WORKER_ARENA_BYTES = 16384,
    REDIS_TIMEOUT_MS = 2000,
};

static void slot_reset(struct slot *slot)
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
    grpc_metadata_array_init(&slot->metadata);
}

static void slot_init(struct slot *slot, struct pool *pool, const struct endpoint *endpoint)
{
    *slot = (struct slot){.pool = pool, .endpoint = endpoint};
    slot->request = (struct tag){TAG_REQUEST, slot};
    slot->answered = (struct tag){TAG_ANSWERED, slot};
    slot->closed = (struct tag){TAG_CLOSED, slot};
    grpc_metadata_array_init(&slot->metadata);
}

/* Asks for the next call of the method. */
static void slot_request(struct slot *slot)
{
    struct pool *pool = slot->pool;
    grpc_call_error error = grpc_server_request_registered_call(
        pool->server->grpc, slot->endpoint->handle, &slot->call, &slot->deadline, &slot->metadata, &slot->payload,
        pool->queue, pool->queue, &slot->request);
    check(error == GRPC_CALL_OK);
}

void slot_start_batch(struct slot *slot, const grpc_op *ops, size_t n_ops, struct tag *tag)
{
    atomic_fetch_add(&slot->batches, 1);
    check(grpc_call_start_batch(slot->call, ops, n_ops, tag, NULL) == GRPC_CALL_OK);
}

void slot_release(struct slot *slot)
{
    if (atomic_fetch_sub(&slot->batches, 1) != 1) {
        return;
    }
    struct rpc_server *server = slot->pool->server;
    slot_reset(slot);
    if (slot->is_extra) {
        grpc_metadata_array_destroy(&slot->metadata);
        free(slot);
    } else if (!atomic_load(&server->draining)) {
        slot_request(slot);
    }
    server_call_ended(server);
}

/* A call has come: the slot is bound to it. */
static void slot_bind(struct slot *slot)
{
    server_call_begun(slot->pool->server);
}

/* Keeps asking for calls of a method whose slot waits for a worker. */
static void request_extra(struct pool *pool, const struct endpoint *endpoint)
{
    if (atomic_load(&pool->server->draining)) {
        return;
    }
    struct slot *extra = malloc(sizeof(*extra));
    check(extra);
    slot_init(extra, pool, endpoint);
    extra->is_extra = true;
    slot_request(extra);
}

static struct slot *waiting_pop(struct pool *pool)
{
    if (atomic_load_explicit(&pool->n_waiting, memory_order_relaxed) == 0) {
        return NULL;
    }
    pthread_mutex_lock(&pool->lock);
    struct slot *slot = pool->waiting;
    if (slot) {
        pool->waiting = slot->next;
        slot->next = NULL;
        atomic_fetch_sub(&pool->n_waiting, 1);
    }
    pthread_mutex_unlock(&pool->lock);
    return slot;
}

static void waiting_push(struct pool *pool, struct slot *slot)
{
    pthread_mutex_lock(&pool->lock);
    slot->next = NULL;
    if (pool->waiting) {
        pool->waiting_last->next = slot;
    } else {
        pool->waiting = slot;
    }
    pool->waiting_last = slot;
    atomic_fetch_add(&pool->n_waiting, 1);
    pthread_mutex_unlock(&pool->lock);
}

/* Handles what is on the queue now without running a call: calls beyond `room` are refused. */
static void shed(struct pool *pool, int room)
{
    for (int i = 0; i < MAX_WAITING * 4; i++) {
        grpc_event event = grpc_completion_queue_next(pool->queue, gpr_inf_past(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type != GRPC_OP_COMPLETE) {
            return;
        }
        struct tag *tag = event.tag;
        if (tag->kind != TAG_REQUEST) {
            slot_release(tag->slot);
        } else if (!event.success) {
            if (tag->slot->is_extra) {
                slot_reset(tag->slot);
                free(tag->slot);
            }
        } else if (atomic_load(&pool->n_waiting) < room) {
            slot_bind(tag->slot);
            request_extra(pool, tag->slot->endpoint);
            waiting_push(pool, tag->slot);
        } else {
            slot_bind(tag->slot);
            atomic_fetch_add_explicit(&pool->n_shed, 1, memory_order_relaxed);
            serve_overloaded(tag->slot);
        }
    }
}

/* gRPC queues calls without bound. While all workers are busy, the one that comes back looks every 10 ms how long the
 * queue has become. It works off what it took in before it sleeps, so no call is forgotten. */
static void shed_if_busy(struct pool *pool)
{
    if (atomic_load_explicit(&pool->n_busy, memory_order_relaxed) < pool->n_workers - 1) {
        return;
    }
    int_least64_t due_us = atomic_load_explicit(&pool->shed_at_us, memory_order_relaxed);
    int64_t now_us = clock_monotonic_us();
    if (now_us < due_us ||
        !atomic_compare_exchange_strong(&pool->shed_at_us, &due_us, now_us + SHED_INTERVAL_US)) {
        return;
    }
    shed(pool, MAX_WAITING);
}

void pool_tick(struct pool *pool)
{
    unsigned long served = atomic_load(&pool->n_served);
    bool stuck = served == pool->n_served_at_tick && atomic_load(&pool->n_busy) == pool->n_workers;
    pool->n_served_at_tick = served;
    if (stuck) {
        shed(pool, 0);
    }
}

static void run(struct worker *worker, struct slot *slot)
{
    struct pool *pool = worker->pool;
    atomic_fetch_add_explicit(&pool->n_busy, 1, memory_order_relaxed);
    for (; slot; slot = waiting_pop(pool)) {
        serve_call(worker, slot);
        atomic_fetch_add_explicit(&pool->n_served, 1, memory_order_relaxed);
        shed_if_busy(pool);
    }
    atomic_fetch_sub_explicit(&pool->n_busy, 1, memory_order_relaxed);
}

static void *worker_main(void *ptr)
{
    struct worker *worker = ptr;
    for (;;) {
        grpc_event event =
            grpc_completion_queue_next(worker->pool->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN) {
            return NULL;
        }
        struct tag *tag = event.tag;
        if (tag->kind != TAG_REQUEST) {
            slot_release(tag->slot);
        } else if (event.success) {
            slot_bind(tag->slot);
            run(worker, tag->slot);
        } else if (tag->slot->is_extra) {
            slot_reset(tag->slot);
            free(tag->slot);
        }
    }
}

static void worker_init(struct worker *worker, struct pool *pool)
{
    const struct rpc_server_config *config = &pool->server->config;
    *worker = (struct worker){.pool = pool};
    worker->arena = arena_new(WORKER_ARENA_BYTES);
    if (config->database_url) {
        worker->pg = pg_new(config->database_url, config->name, config->name);
    }
    if (config->redis_url) {
        worker->redis = redis_new(config->redis_url, REDIS_TIMEOUT_MS);
        redis_set_arena(worker->redis, worker->arena);
    }
    worker->authenticator = authenticator_new(config->key, config->key_len, config->authenticate);
    worker->tally = tally_new(pool->n_endpoints);
    check(getrandom(&worker->trace_seed, sizeof(worker->trace_seed), 0) == sizeof(worker->trace_seed));
}

static void worker_done(struct worker *worker)
{
    if (worker->pg) {
        pg_free(worker->pg);
    }
    if (worker->redis) {
        redis_free(worker->redis);
    }
    authenticator_free(worker->authenticator);
    tally_free(worker->tally);
    arena_free(worker->arena);
}

void pool_init(struct pool *pool, struct rpc_server *server, bool internal, int n_workers)
{
    pool->server = server;
    pool->n_workers = n_workers;
    check(pthread_mutex_init(&pool->lock, NULL) == 0);
    pool->queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(server->grpc, pool->queue, NULL);
    const struct rpc_service *const *services = server->config.services;
    size_t n = 0;
    for (size_t s = 0; services[s]; s++) {
        n += services[s]->internal == internal ? services[s]->n_methods : 0;
    }
    pool->endpoints = calloc(n + 1, sizeof(*pool->endpoints));
    pool->workers = calloc((size_t)n_workers, sizeof(*pool->workers));
    check(pool->endpoints && pool->workers);
    for (size_t s = 0; services[s]; s++) {
        for (size_t m = 0; services[s]->internal == internal && m < services[s]->n_methods; m++) {
            struct endpoint *endpoint = &pool->endpoints[pool->n_endpoints];
            endpoint->method = &services[s]->methods[m];
            endpoint->index = pool->n_endpoints++;
            endpoint->handle = grpc_server_register_method(server->grpc, endpoint->method->path, NULL,
                                                           GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
            check(endpoint->handle);
        }
    }
    for (int i = 0; i < n_workers; i++) {
        worker_init(&pool->workers[i], pool);
    }
}

void pool_start(struct pool *pool)
{
    pool->n_slots = pool->n_endpoints * SLOTS_PER_METHOD;
    pool->slots = calloc(pool->n_slots + 1, sizeof(*pool->slots));
    check(pool->slots);
    for (size_t i = 0; i < pool->n_slots; i++) {
        slot_init(&pool->slots[i], pool, &pool->endpoints[i / SLOTS_PER_METHOD]);
        slot_request(&pool->slots[i]);
    }
    for (int i = 0; i < pool->n_workers; i++) {
        check(pthread_create(&pool->workers[i].thread, NULL, worker_main, &pool->workers[i]) == 0);
    }
}

void pool_stop(struct pool *pool)
{
    grpc_completion_queue_shutdown(pool->queue);
    for (int i = 0; pool->slots && i < pool->n_workers; i++) {
        check(pthread_join(pool->workers[i].thread, NULL) == 0);
    }
}

void pool_done(struct pool *pool)
{
    /* A queue that was never used has to see its shutdown, too. */
    grpc_completion_queue_next(pool->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    grpc_completion_queue_destroy(pool->queue);
    for (int i = 0; i < pool->n_workers; i++) {
        worker_done(&pool->workers[i]);
    }
    for (size_t i = 0; i < pool->n_slots; i++) {
        grpc_metadata_array_destroy(&pool->slots[i].metadata);
    }
    pthread_mutex_destroy(&pool->lock);
    free(pool->slots);
    free(pool->workers);
    free(pool->endpoints);
}
