/* The tables that the build generates from the protos: who serves what, who may call it. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/rpc/call.h"

enum rpc_role {
    RPC_SUPER_ADMINS = 1,
    RPC_RESELLERS = 2,
    RPC_DOMAIN_ADMINS = 4,
    RPC_SIMPLE_USERS = 8
};

/* All false and no role: refused for everybody. */
struct rpc_access {
    bool anonymous;
    bool authenticated;
    bool internal;
    unsigned roles; /* of enum rpc_role */
};

/* A handler with its types erased; generated trampolines call the typed one. On success
 * *ret_response is set. */
typedef const struct error *rpc_handler_fn(struct call *call, const ProtobufCMessage *request,
                                           ProtobufCMessage **ret_response);

struct rpc_method {
    const char *path; /* "/roost.domains.v1.Domains/GetDomain" */
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *response;
    struct rpc_access access;
    bool no_side_effects;    /* by idempotency_level: its handler may be run twice */
    rpc_handler_fn *handler; /* NULL in the tables that clients use */
};

struct rpc_service {
    const char *name; /* "roost.domains.v1.Domains" */
    bool internal;    /* its methods run in the pool of internal calls */
    const struct rpc_method *methods;
    size_t n_methods;
};
