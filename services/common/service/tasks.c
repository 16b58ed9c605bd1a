#include "services/common/service/tasks.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "services/common/clock/clock.h"
#include "services/common/log/log.h"
#include "services/common/redis/redis.h"
#include "services/common/rpc/call_state.h"

enum {
    MAX_RUN_US = 30000000,
    MAX_PAUSE_MS = 5000,
    MIN_BACKOFF_MS = 100,
    RARE_PAUSE_MS = 60000, /* a task that runs less often keeps no connection */
    REDIS_TIMEOUT_MS = 5000,
    ARENA_BYTES = 16384,
};

struct runner {
    struct tasks *tasks;
    const struct service_task *task;
    pthread_t thread;
    struct arena *arena;
    struct pg *pg;
    struct redis *redis;
    Roost__Common__V1__Identity identity;
    char *method;
};

struct tasks {
    struct tasks_config config;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    atomic_bool stopping;
    struct runner runners[];
};

static bool is_stopping(const struct call_state *state)
{
    const struct tasks *tasks = state->ctx;
    return atomic_load(&tasks->stopping);
}

static uint64_t random_number(void)
{
    uint64_t number;
    check(getrandom(&number, sizeof(number), 0) == sizeof(number));
    return number;
}

/* Between three quarters and five quarters of it, so that replicas do not keep step. */
static int jittered(int ms)
{
    return ms * 3 / 4 + (int)(random_number() % (uint64_t)(ms / 2 + 1));
}

static void pause_for(struct tasks *tasks, int ms)
{
    struct timespec until = clock_monotonic_in((int64_t)ms * 1000);
    pthread_mutex_lock(&tasks->lock);
    while (!atomic_load(&tasks->stopping) &&
           pthread_cond_timedwait(&tasks->stop, &tasks->lock, &until) == 0) {
    }
    pthread_mutex_unlock(&tasks->lock);
}

static void connections_open(struct runner *runner)
{
    const struct tasks_config *config = &runner->tasks->config;
    if (!runner->pg) {
        runner->pg = pg_new(config->database_url, config->service, config->service);
        runner->redis = redis_new(config->redis_url, REDIS_TIMEOUT_MS);
        redis_set_arena(runner->redis, runner->arena);
    }
}

static void connections_close(struct runner *runner)
{
    if (runner->pg) {
        pg_free(runner->pg);
        redis_free(runner->redis);
        runner->pg = NULL;
        runner->redis = NULL;
    }
}

static void log_failure(const struct service_task *task, const struct error *err)
{
    const struct log_field fields[] = {
        log_str("task", task->name),
        log_str("reason", err->reason),
        log_str("cause", err->cause ? err->cause : err->detail),
    };
    log_write(err->code == ERROR_INTERNAL ? LOG_ERROR : LOG_WARN, "task.failed", fields,
              sizeof(fields) / sizeof(fields[0]));
}

/* One run. Returns the pause until the next. */
static int run_once(struct runner *runner, int *backoff_ms)
{
    struct tasks *tasks = runner->tasks;
    const struct service_task *task = runner->task;
    connections_open(runner);
    struct call_state state = {.is_cancelled = is_stopping, .ctx = tasks};
    struct call call = {
        .arena = runner->arena,
        .pg = runner->pg,
        .redis = runner->redis,
        .identity = &runner->identity,
        .method = runner->method,
        .trace_id = arena_printf(runner->arena, "%016" PRIx64 "%016" PRIx64, random_number(),
                                 random_number()),
        .deadline_us = clock_monotonic_us() + MAX_RUN_US,
        .service = tasks->config.context,
        .peers = tasks->config.peers,
        .state = &state,
    };
    pg_set_call(runner->pg, runner->arena, call.deadline_us);
    const struct error *err = task->run(&call);
    tasks->config.on_outcome(tasks->config.ctx, task, err);
    int pause_ms = task->pause_ms;
    if (err) {
        log_failure(task, err);
        *backoff_ms = *backoff_ms == 0 ? MIN_BACKOFF_MS : *backoff_ms * 2;
        *backoff_ms = *backoff_ms < MAX_PAUSE_MS ? *backoff_ms : MAX_PAUSE_MS;
        pause_ms = *backoff_ms;
    } else {
        *backoff_ms = 0;
        pause_ms = state.run_again ? 0 : pause_ms;
    }
    arena_reset(runner->arena);
    if (task->pause_ms >= RARE_PAUSE_MS && pause_ms > 0) {
        connections_close(runner);
    }
    return jittered(pause_ms);
}

static void *runner_main(void *ptr)
{
    struct runner *runner = ptr;
    int backoff_ms = 0;
    while (!atomic_load(&runner->tasks->stopping)) {
        pause_for(runner->tasks, run_once(runner, &backoff_ms));
    }
    connections_close(runner);
    return NULL;
}

struct tasks *tasks_start(const struct tasks_config *config)
{
    struct tasks *tasks = calloc(1, sizeof(*tasks) + config->n_tasks * sizeof(tasks->runners[0]));
    check(tasks);
    tasks->config = *config;
    pthread_condattr_t attributes;
    check(pthread_condattr_init(&attributes) == 0);
    check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    check(pthread_cond_init(&tasks->stop, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    check(pthread_mutex_init(&tasks->lock, NULL) == 0);
    for (size_t i = 0; i < config->n_tasks; i++) {
        struct runner *runner = &tasks->runners[i];
        runner->tasks = tasks;
        runner->task = &config->tasks[i];
        runner->arena = arena_new(ARENA_BYTES);
        roost__common__v1__identity__init(&runner->identity);
        runner->identity.service = (char *)config->service;
        check(asprintf(&runner->method, "task/%s", config->tasks[i].name) > 0);
        check(pthread_create(&runner->thread, NULL, runner_main, runner) == 0);
    }
    return tasks;
}

void tasks_stop(struct tasks *tasks)
{
    pthread_mutex_lock(&tasks->lock);
    atomic_store(&tasks->stopping, true);
    pthread_cond_broadcast(&tasks->stop);
    pthread_mutex_unlock(&tasks->lock);
    for (size_t i = 0; i < tasks->config.n_tasks; i++) {
        struct runner *runner = &tasks->runners[i];
        check(pthread_join(runner->thread, NULL) == 0);
        arena_free(runner->arena);
        free(runner->method);
    }
    pthread_mutex_destroy(&tasks->lock);
    pthread_cond_destroy(&tasks->stop);
    free(tasks);
}
