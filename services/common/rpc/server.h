/*
 * The gRPC server of a service: unary methods by table, with health and reflection beside them.
 * Handlers block. A call runs with a worker: an arena, a database connection and a Redis
 * connection, used by one thread at a time. A method without side effects that reads rows by key
 * needs none: it is parked while its row is fetched (pg_pipe.h), up to 256 of a kind. Public and
 * internal calls have workers of their own and there is always a thread left for health, so none
 * can keep another waiting. Calls that find no free worker wait, up to 256; more are refused with
 * OVERLOADED.
 */
#pragma once

#include "services/common/metrics/metrics.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/method.h"
#include "services/common/rpc/tls.h"

/* Who the bearer of a token is. Called on a worker, with a call that has arena, database, deadline
 * and peers and no identity yet. The answer lives in the call's arena and is kept for 2 s.
 * CREDENTIALS_INVALID or ACCOUNT_DISABLED if the token opens nothing. */
typedef const struct error *rpc_authenticate_fn(struct call *call, const char *token,
                                                const Roost__Common__V1__Identity **ret_identity);

struct rpc_server_config {
    const char
        *name; /* of the service, in logs and as the database's application_name and schema */
    const char *listen; /* comma-separated: "unix:/run/roost/accounts.sock,127.0.0.1:7001"; unix
                           sockets get mode 0660 */
    const struct rpc_service *const *services; /* NULL-terminated */
    const uint8_t *descriptor_set; /* a FileDescriptorSet with imports, for reflection */
    size_t descriptor_set_len;
    const struct rpc_tls *tls; /* for TCP addresses; NULL: plaintext */
    const uint8_t *key;        /* verifies assertions */
    size_t key_len;
    rpc_authenticate_fn *authenticate; /* NULL: tokens are refused */
    const struct rpc_peers *peers;     /* call->peers, may be NULL */
    void *service;                     /* call->service */
    const char *database_url;          /* NULL: call->pg is NULL */
    const char *redis_url;             /* NULL: call->redis is NULL */
    int workers;
    int internal_workers;
};

struct rpc_server;

/* Listens and serves; health says NOT_SERVING until rpc_server_set_serving. NULL with a sentence in
 * the arena if the server cannot listen. The config is copied, what it points to must outlive the
 * server. */
struct rpc_server *rpc_server_open(const struct rpc_server_config *config, struct arena *arena,
                                   const char **ret_fault);
/* What health answers from now on, for "" and for each service. Any thread. */
void rpc_server_set_serving(struct rpc_server *server, bool serving);
/* Drains: health says NOT_SERVING, streams end, new calls are refused; calls that run get drain_ms
 * to finish and are cancelled then. Returns when all is released. */
void rpc_server_close(struct rpc_server *server, int drain_ms);
/* A metrics collector; ptr is the server. */
void rpc_server_collect(struct metrics_writer *writer, void *ptr);
