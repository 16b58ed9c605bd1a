/*
 * What every server offers beside its methods: grpc.health.v1.Health, server reflection v1 and
 * v1alpha, and an answer to calls of methods that nobody serves. Short work, under one lock.
 * Private to rpc.
 */
#pragma once

#include "services/common/rpc/server.h"

struct builtin;

struct builtin *builtin_new(struct rpc_server *server);
/* Asks for calls; after the server has started. */
void builtin_start(struct builtin *builtin);
/* Any thread; watchers are told. */
void builtin_set_serving(struct builtin *builtin, bool serving);
/* NOT_SERVING for good; open streams end. */
void builtin_drain(struct builtin *builtin);
/* After the loop's end. */
void builtin_free(struct builtin *builtin);
