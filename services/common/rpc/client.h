/*
 * Outgoing calls. `struct rpc_peers` is made once in main and shared by all threads; a call uses
 * its worker's arena, deadline and identity, and blocks. The caller's identity travels in a signed
 * assertion that also names this service.
 */
#pragma once

#include "services/common/rpc/method.h"

struct rpc_tls; /* see rpc/tls.h */

/* One other service: where it listens ("unix:/run/roost/accounts.sock", "host:port"). */
struct rpc_peer_config {
    const char *name; /* "accounts": serves every proto package roost.accounts.* */
    const char *target;
};

struct rpc_peers;

/* `self` is this service's name, `key` the shared identity key (32 bytes or more). tls NULL:
 * plaintext. */
struct rpc_peers *rpc_peers_new(const char *self, const uint8_t *key, size_t key_len,
                                const struct rpc_tls *tls, const struct rpc_peer_config *peers,
                                size_t n_peers);
void rpc_peers_free(struct rpc_peers *peers);

/* One unary call. Errors of the peer come back as they were sent: code, reason, detail, fields. A
 * peer that cannot be reached is SERVICE_UNAVAILABLE. `method` needs path, request and response
 * only. */
MUST_USE const struct error *rpc_call(struct call *call, const struct rpc_method *method,
                                      const ProtobufCMessage *request,
                                      ProtobufCMessage **ret_response);
/* The same with raw metadata: for roostctl and the gateway, which pass a token on or have no
 * identity of their own. names/values are NULL-terminated lists of extra metadata. */
MUST_USE const struct error *rpc_call_with_metadata(
    struct call *call, const struct rpc_method *method, const char *const *names,
    const char *const *values, const ProtobufCMessage *request, ProtobufCMessage **ret_response);
/* What grpc.health.v1 says of a peer: "SERVING", "NOT_SERVING" or "UNKNOWN"; "UNREACHABLE" where
 * nobody answers within the call's deadline. Not tried twice. */
const char *rpc_peer_health(struct call *call, const char *peer);
