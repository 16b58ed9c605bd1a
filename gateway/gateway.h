/* What the gateway's threads share, what each of them keeps, and the way of a request through it.
 */
#pragma once

#include "gateway/connection_limit.h"
#include "gateway/gateway_config.h"
#include "gateway/http.h"
#include "gateway/http_tally.h"
#include "gateway/proxies.h"
#include "gateway/session.h"
#include "gateway/static_files.h"
#include "services/common/metrics/metrics.h"
#include "services/common/rpc/client.h"

/* Made once in main; constant while requests are served, but for the atomics in it. */
struct gateway {
    const struct gateway_config *config;
    const struct rpc_peers *peers;
    struct session_policy session_policy;
    struct networks *proxies;
    struct connection_limit *connection_limit;
    struct static_files *files;
    struct http_tally_board tallies;
    atomic_bool is_draining; /* /readyz says no */
};

/* One thread's. */
struct worker {
    struct gateway *gateway;
    struct arena *arena;    /* of the request */
    struct arena *pages[2]; /* of the page that is being written and the one before, when a list is
                               streamed */
    struct session_cache *sessions;
    struct http_tally *tally;
    uint64_t id_seed;
    uint64_t id_counter;
};

void *gateway_open_worker(void *gateway);
void gateway_close_worker(void *worker);
struct arena *gateway_arena(void *worker);
/* The callbacks of the HTTP server. */
void gateway_serve(void *worker, struct http_exchange *exchange);
void gateway_refuse(void *worker, struct http_exchange *exchange, const struct http_fault *fault);
void gateway_finish(void *worker, struct http_exchange *exchange, int64_t duration_us);
/* A metrics collector; ctx is the gateway. */
void gateway_collect(struct metrics_writer *writer, void *gateway);
