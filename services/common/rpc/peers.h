/* The channels to the other services. Private to rpc. */
#pragma once

#include <grpc/grpc.h>
#include <stdint.h>

#include "services/common/rpc/client.h"

/* A channel to the peer that serves this method, round robin; NULL if no peer does. */
grpc_channel *peers_channel(const struct rpc_peers *peers, const char *method_path);
/* The same by the peer's name. */
grpc_channel *peers_channel_of(const struct rpc_peers *peers, const char *name, size_t len);
const char *peers_self(const struct rpc_peers *peers);
/* The identity key; NULL if this process has none. */
const uint8_t *peers_key(const struct rpc_peers *peers, size_t *ret_len);
