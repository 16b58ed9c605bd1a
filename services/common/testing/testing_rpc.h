/*
 * A gRPC server inside the test, on a unix socket, with a client: handlers are tested as their
 * callers see them.
 *
 *     static const struct rpc_service *const services[] = {&domains_rpc, &domains_internal_rpc,
 * NULL}; struct testing_rpc *rpc = testing_rpc_open(&(struct testing_rpc_config){.services =
 * services, .schema = "domains"}); struct call *call = testing_rpc_call(rpc); err =
 * domains_client_get_domain(call, &req, &resp);
 */
#pragma once

#include "services/common/rpc/server.h"

struct testing_rpc;

struct testing_rpc_config {
    const struct rpc_service *const *services; /* NULL-terminated */
    const char *schema; /* calls get a connection to it as its role; NULL: none */
    bool uses_redis;
    void *service;                     /* call->service of the handlers */
    rpc_authenticate_fn *authenticate; /* may be NULL */
    /* What the handlers' own calls reach beside the services themselves; may be NULL. */
    const struct rpc_peer_config *peers;
    size_t n_peers;
};

/* Starts at once; ends the program if it cannot. */
struct testing_rpc *testing_rpc_open(const struct testing_rpc_config *config);
void testing_rpc_close(struct testing_rpc *rpc);

/* The client's side, one and the same each time: arena, peers that lead to the server, a deadline
 * in 30 s, and the identity of account 1, "admin", SuperAdmins. All members may be changed; the
 * identity is signed at each call. */
struct call *testing_rpc_call(struct testing_rpc *rpc);
/* Where the server listens: "unix:/...", for peers of the test's own. */
const char *testing_rpc_target(const struct testing_rpc *rpc);
/* The server itself, for its metrics. */
struct rpc_server *testing_rpc_server(const struct testing_rpc *rpc);
