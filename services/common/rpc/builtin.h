/*
 * What every server offers beside its methods, on one thread of its own: grpc.health.v1.Health, server reflection v1 and
 * v1alpha, and an answer to calls of methods that nobody serves. Private to rpc.
 */
#pragma once

#include "services/common/rpc/server.h"

struct builtin;

/* Before the server starts. */
struct builtin *builtin_new(struct rpc_server *server);
/* After it has started: asks for calls and starts the thread. */
void builtin_start(struct builtin *builtin);
/* Any thread; watchers are told. */
void builtin_set_serving(struct builtin *builtin, bool serving);
/* NOT_SERVING for good; open streams end. */
void builtin_drain(struct builtin *builtin);
/* No call is open any more: ends the thread, if it was started. */
void builtin_stop(struct builtin *builtin);
void builtin_free(struct builtin *builtin);
