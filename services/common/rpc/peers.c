#include "services/common/rpc/peers.h"

#include <grpc/grpc_security.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/rpc/assertion.h"
#include "services/common/rpc/bundler.h"
#include "services/common/rpc/tls.h"
#include "services/common/rpc/wire.h"

enum { CHANNELS_PER_PEER = 2, MAX_PEERS = 8, GONE_AFTER_US = 5000000 };

struct peer {
    char *name;
    grpc_channel *channels[CHANNELS_PER_PEER];
    struct bundler *bundler;
    struct peer_state *state;
};

/* What changes while the peers are in use. */
struct peer_state {
    atomic_uint next_channel;
    atomic_int_least64_t unreached_since_us; /* 0: it was there */
};

struct rpc_peers {
    char *self;
    struct assertion_key *key; /* NULL: this process has none */
    size_t n_peers;
    struct peer peers[MAX_PEERS];
    struct peer_state states[MAX_PEERS];
};

static grpc_arg int_arg(const char *key, int value)
{
    return (grpc_arg){.type = GRPC_ARG_INTEGER, .key = (char *)key, .value.integer = value};
}

static grpc_channel *channel_new(const char *target, const struct rpc_tls *tls)
{
    grpc_arg args[] = {
        /* Otherwise the two channels to one target would share a connection. */
        int_arg(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
        int_arg(GRPC_ARG_ENABLE_RETRIES, 0),
        int_arg(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50),
        int_arg(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000),
        int_arg(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 400),
        int_arg(GRPC_ARG_KEEPALIVE_TIME_MS, 30000),
        int_arg(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5000),
        int_arg(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, WIRE_MAX_RESPONSE_BYTES),
        int_arg(GRPC_ARG_MAX_METADATA_SIZE, WIRE_MAX_METADATA_BYTES),
        int_arg(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
        int_arg(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
        int_arg(GRPC_ARG_ENABLE_CHANNELZ, 0),
        /* A name may stand for several replicas. Last, because a socket is one. */
        {.type = GRPC_ARG_STRING,
         .key = (char *)(uintptr_t)GRPC_ARG_LB_POLICY_NAME,
         .value.string = (char *)(uintptr_t) "round_robin"},
    };
    grpc_channel_args channel_args = {.num_args = sizeof(args) / sizeof(args[0]), .args = args};
    bool is_unix = strncmp(target, "unix:", 5) == 0;
    if (is_unix) {
        channel_args.num_args--;
    }
    grpc_channel_credentials *credentials = tls_channel_credentials(is_unix ? NULL : tls);
    if (!credentials) {
        return NULL;
    }
    grpc_channel *channel = grpc_channel_create(target, credentials, &channel_args);
    grpc_channel_credentials_release(credentials);
    return channel;
}

struct rpc_peers *rpc_peers_new(const char *self, const uint8_t *key, size_t key_len,
                                const struct rpc_tls *tls, const struct rpc_peer_config *peers,
                                size_t n_peers)
{
    check(n_peers <= MAX_PEERS);
    wire_init();
    struct rpc_peers *all = calloc(1, sizeof(*all));
    check(all);
    all->self = strdup(self);
    check(all->self);
    all->key = assertion_key_new(key, key_len);
    check(all->key || key_len == 0);
    for (size_t i = 0; i < n_peers; i++) {
        if (!peers[i].target || peers[i].target[0] == '\0') {
            continue;
        }
        struct peer *peer = &all->peers[all->n_peers];
        peer->name = strdup(peers[i].name);
        check(peer->name);
        peer->bundler = bundler_new();
        peer->state = &all->states[all->n_peers++];
        for (size_t c = 0; c < CHANNELS_PER_PEER; c++) {
            peer->channels[c] = channel_new(peers[i].target, tls);
        }
    }
    return all;
}

void rpc_peers_free(struct rpc_peers *peers)
{
    if (!peers) {
        return;
    }
    for (size_t i = 0; i < peers->n_peers; i++) {
        for (size_t c = 0; c < CHANNELS_PER_PEER; c++) {
            if (peers->peers[i].channels[c]) {
                grpc_channel_destroy(peers->peers[i].channels[c]);
            }
        }
        bundler_free(peers->peers[i].bundler);
        free(peers->peers[i].name);
    }
    assertion_key_free(peers->key);
    free(peers->self);
    free(peers);
    grpc_shutdown();
}

const struct peer *peers_named(const struct rpc_peers *peers, const char *name, size_t len)
{
    for (size_t i = 0; i < peers->n_peers; i++) {
        const struct peer *peer = &peers->peers[i];
        if (strncmp(peer->name, name, len) == 0 && peer->name[len] == '\0') {
            return peer;
        }
    }
    return NULL;
}

const struct peer *peers_serving(const struct rpc_peers *peers, const char *method_path)
{
    static const char prefix[] = "/roost.";
    if (strncmp(method_path, prefix, sizeof(prefix) - 1) != 0) {
        return NULL;
    }
    const char *name = method_path + sizeof(prefix) - 1;
    return peers_named(peers, name, strcspn(name, "./"));
}

grpc_channel *peer_channel(const struct peer *peer)
{
    unsigned turn = atomic_fetch_add_explicit(&peer->state->next_channel, 1, memory_order_relaxed);
    return peer->channels[turn % CHANNELS_PER_PEER];
}

struct bundler *peer_bundler(const struct peer *peer)
{
    return peer->bundler;
}

void peer_note(const struct peer *peer, bool was_reached)
{
    atomic_int_least64_t *since_us = &peer->state->unreached_since_us;
    int_least64_t before_us = atomic_load_explicit(since_us, memory_order_relaxed);
    if (was_reached && before_us != 0) {
        atomic_store_explicit(since_us, 0, memory_order_relaxed);
    } else if (!was_reached && before_us == 0) {
        atomic_store_explicit(since_us, clock_monotonic_us(), memory_order_relaxed);
    }
}

bool peer_is_gone(const struct peer *peer)
{
    int64_t since_us = atomic_load_explicit(&peer->state->unreached_since_us, memory_order_relaxed);
    return since_us != 0 && clock_monotonic_us() - since_us > GONE_AFTER_US;
}

const char *peers_self(const struct rpc_peers *peers)
{
    return peers->self;
}

const struct assertion_key *peers_key(const struct rpc_peers *peers)
{
    return peers->key;
}
