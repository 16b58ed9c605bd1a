/*
 * One call as a handler sees it. Everything in it belongs to the worker that runs the call, so
 * handlers need no locks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/roost/common/v1/identity.pb-c.h"
#include "services/common/arena/arena.h"
#include "services/common/error/error.h"

struct pg;
struct redis;
struct rpc_peers;

struct call {
    struct arena *arena;
    struct pg *pg;       /* this worker's connection, bound to this call */
    struct redis *redis; /* this worker's connection; NULL if the service uses none */
    /* Who calls; never NULL, zero for anonymous methods. */
    const Roost__Common__V1__Identity *identity;
    const char
        *method; /* "roost.domains.v1.Domains/GetDomain"; "task/<name>" in a background task */
    const char *trace_id; /* x-request-id: from the client or made here; in logs and passed on */
    const char
        *credential; /* the raw token of a direct gRPC caller, NULL otherwise: passed to nobody */
    int64_t deadline_us; /* monotonic; what every query and outgoing call gets as its limit */
    void *service;       /* the service's own context, made by its `open` */
    const struct rpc_peers *peers;
    const struct call_state *state; /* private to rpc */
};

/* The client went away or the deadline has passed. */
bool call_is_cancelled(const struct call *call);
/* Whether the caller has this role ("SuperAdmins" ...). A service identity has every role. */
bool call_has_role(const struct call *call, const char *role);
/* In a background task: there is more to do, so the next run follows at once instead of after the
 * task's pause. */
void call_run_again(const struct call *call);
