/* The channels to the other services. Private to rpc. */
#pragma once

#include <grpc/grpc.h>
#include <stdint.h>

#include "services/common/rpc/client.h"

struct peer;

/* The peer that serves this method; NULL if none does. */
const struct peer *peers_serving(const struct rpc_peers *peers, const char *method_path);
/* The same by the peer's name. */
const struct peer *peers_named(const struct rpc_peers *peers, const char *name, size_t len);
/* One of its channels, round robin. */
grpc_channel *peer_channel(const struct peer *peer);
/* Of those who want something of it: bundler.h. */
struct bundler *peer_bundler(const struct peer *peer);
/* Whether a call has found it. */
void peer_note(const struct peer *peer, bool was_reached);
/* Nobody has reached it for some seconds: it is not just restarting, and not worth waiting for. */
bool peer_is_gone(const struct peer *peer);
const char *peers_self(const struct rpc_peers *peers);
/* The identity key; NULL if this process has none. */
const struct assertion_key *peers_key(const struct rpc_peers *peers);
