/* The threads that run a service's background tasks. Private to the frame. */
#pragma once

#include "services/common/service/service.h"

struct tasks_config {
    const char *service;
    const struct service_task *tasks;
    size_t n_tasks;
    const char *database_url;
    const char *redis_url;
    const struct rpc_peers *peers;
    void *context; /* call->service */
    /* Called on the task's thread with the outcome of each run, err NULL for success. */
    void (*on_outcome)(void *ctx, const struct service_task *task, const struct error *err);
    void *ctx;
};

struct tasks;

/* Starts one thread for each task. The config is copied, what it points to must outlive the tasks.
 */
struct tasks *tasks_start(const struct tasks_config *config);
/* Lets the runs in progress finish and joins the threads. */
void tasks_stop(struct tasks *tasks);
