/* The server's parts. Private to rpc. */
#pragma once

#include "services/common/pg/pg_pipe.h"
#include "services/common/rpc/builtin.h"
#include "services/common/rpc/lane.h"
#include "services/common/rpc/loop.h"

struct rpc_server {
    struct rpc_server_config config;
    grpc_server *grpc;
    grpc_resource_quota *quota;
    grpc_completion_queue *shutdown_queue;
    struct loop loop;
    struct lane public_calls;
    struct lane internal_calls;
    struct builtin *builtin;
    struct authenticator *authenticator;
    struct pg_pipe *pipe; /* NULL: every call gets a worker */
    atomic_bool draining;
    /* Calls that are bound to a grpc_call. */
    atomic_int n_live;
    pthread_mutex_t lock;
    pthread_cond_t idle;
};

void server_call_begun(struct rpc_server *server);
void server_call_ended(struct rpc_server *server);
