#include "services/common/rpc/server.h"

#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "services/common/log/log.h"
#include "services/common/rpc/authenticate.h"
#include "services/common/rpc/server_state.h"
#include "services/common/rpc/status.h"
#include "services/common/rpc/tally.h"
#include "services/common/rpc/wire.h"

enum {
    MAX_STREAMS_PER_CONNECTION = 128,
    QUOTA_BYTES = 67108864, /* of what gRPC holds for connections and messages */
    MIN_PING_INTERVAL_MS = 10000,
    HANDSHAKE_TIMEOUT_MS = 10000,
    SOCKET_MASK = 0117, /* leaves 0660 */
};

void server_call_begun(struct rpc_server *server)
{
    atomic_fetch_add(&server->n_live, 1);
}

void server_call_ended(struct rpc_server *server)
{
    if (atomic_fetch_sub(&server->n_live, 1) == 1 && atomic_load(&server->draining)) {
        pthread_mutex_lock(&server->lock);
        pthread_cond_broadcast(&server->idle);
        pthread_mutex_unlock(&server->lock);
    }
}

static grpc_arg int_arg(const char *key, int value)
{
    return (grpc_arg){.type = GRPC_ARG_INTEGER, .key = (char *)key, .value.integer = value};
}

static void create(struct rpc_server *server)
{
    server->quota = grpc_resource_quota_create(server->config.name);
    grpc_resource_quota_resize(server->quota, QUOTA_BYTES);
    grpc_arg args[] = {
        int_arg(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, WIRE_MAX_MESSAGE_BYTES),
        int_arg(GRPC_ARG_MAX_METADATA_SIZE, WIRE_MAX_METADATA_BYTES),
        int_arg(GRPC_ARG_MAX_CONCURRENT_STREAMS, MAX_STREAMS_PER_CONNECTION),
        int_arg(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, MIN_PING_INTERVAL_MS),
        int_arg(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2),
        int_arg(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS),
        /* Two servers on one port would share it without an error. */
        int_arg(GRPC_ARG_ALLOW_REUSEPORT, 0),
        int_arg(GRPC_ARG_ENABLE_CHANNELZ, 0),
        /* Answers are small, the way is short. What clients compress is still understood. */
        int_arg(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0),
        {.type = GRPC_ARG_POINTER,
         .key = (char *)GRPC_ARG_RESOURCE_QUOTA,
         .value.pointer = {.p = server->quota, .vtable = grpc_resource_quota_arg_vtable()}},
    };
    const grpc_channel_args channel_args = {.num_args = sizeof(args) / sizeof(args[0]),
                                            .args = args};
    server->grpc = grpc_server_create(&channel_args, NULL);
    check(server->grpc);
}

/* One address. Sets *ret_fault if it cannot be listened on. */
static bool listen_on(struct rpc_server *server, struct arena *arena, const char *address,
                      const char **ret_fault)
{
    bool is_unix = strncmp(address, "unix:", 5) == 0;
    grpc_server_credentials *credentials =
        tls_server_credentials(is_unix ? NULL : server->config.tls);
    if (!credentials) {
        *ret_fault = "the TLS certificate, key or CA cannot be read";
        return false;
    }
    mode_t mask = umask(SOCKET_MASK);
    int port = grpc_server_add_http2_port(server->grpc, address, credentials);
    umask(mask);
    grpc_server_credentials_release(credentials);
    if (port == 0) {
        *ret_fault = arena_printf(arena, "cannot listen on %s", address);
        return false;
    }
    log_info("rpc.listening", log_str("address", address), log_int("port", is_unix ? 0 : port),
             log_bool("tls", !is_unix && server->config.tls));
    return true;
}

static bool listen_on_all(struct rpc_server *server, struct arena *arena, const char **ret_fault)
{
    const char *rest = server->config.listen;
    bool any = false;
    while (*rest) {
        size_t len = strcspn(rest, ",");
        if (len > 0) {
            if (!listen_on(server, arena, arena_strndup(arena, rest, len), ret_fault)) {
                return false;
            }
            any = true;
        }
        rest += len + (rest[len] == ',' ? 1 : 0);
    }
    if (!any) {
        *ret_fault = "no address to listen on";
    }
    return any;
}

static void release(struct rpc_server *server)
{
    pg_pipe_free(server->pipe); /* its thread may still be putting away its last call */
    loop_done(&server->loop);
    grpc_server_destroy(server->grpc);
    lane_done(&server->public_calls);
    lane_done(&server->internal_calls);
    builtin_free(server->builtin);
    authenticator_free(server->authenticator);
    grpc_completion_queue_shutdown(server->shutdown_queue);
    grpc_completion_queue_destroy(server->shutdown_queue);
    grpc_resource_quota_unref(server->quota);
    pthread_mutex_destroy(&server->lock);
    pthread_cond_destroy(&server->idle);
    free(server);
    grpc_shutdown();
}

struct rpc_server *rpc_server_open(const struct rpc_server_config *config, struct arena *arena,
                                   const char **ret_fault)
{
    wire_init();
    struct rpc_server *server = calloc(1, sizeof(*server));
    check(server && config->workers > 0 && config->internal_workers > 0);
    server->config = *config;
    check(pthread_mutex_init(&server->lock, NULL) == 0);
    check(pthread_cond_init(&server->idle, NULL) == 0);
    create(server);
    server->shutdown_queue = grpc_completion_queue_create_for_pluck(NULL);
    grpc_server_register_completion_queue(server->grpc, server->shutdown_queue, NULL);
    loop_init(&server->loop, server->grpc);
    server->authenticator = authenticator_new(config->key, config->key_len, config->authenticate);
    if (config->database_url && !config->redis_url) {
        server->pipe = pg_pipe_new(config->database_url, config->name, config->name);
    }
    lane_init(&server->public_calls, server, false, config->workers);
    lane_init(&server->internal_calls, server, true, config->internal_workers);
    server->builtin = builtin_new(server);
    bool listening = listen_on_all(server, arena, ret_fault);
    grpc_server_start(server->grpc);
    if (listening) {
        lane_start(&server->public_calls);
        lane_start(&server->internal_calls);
        builtin_start(server->builtin);
        loop_start(&server->loop, config->workers + config->internal_workers + 1);
        return server;
    }
    grpc_server_shutdown_and_notify(server->grpc, server->shutdown_queue, server);
    grpc_completion_queue_pluck(server->shutdown_queue, server, gpr_inf_future(GPR_CLOCK_MONOTONIC),
                                NULL);
    release(server);
    return NULL;
}

void rpc_server_set_serving(struct rpc_server *server, bool serving)
{
    builtin_set_serving(server->builtin, serving);
}

/* gRPC's own event fires before our last batches are through; a batch on a queue that is shut down
 * aborts. */
static void wait_until_idle(struct rpc_server *server)
{
    pthread_mutex_lock(&server->lock);
    while (atomic_load(&server->n_live) > 0) {
        pthread_cond_wait(&server->idle, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
}

void rpc_server_close(struct rpc_server *server, int drain_ms)
{
    builtin_drain(server->builtin);
    atomic_store(&server->draining, true);
    grpc_server_shutdown_and_notify(server->grpc, server->shutdown_queue, server);
    gpr_timespec until =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(drain_ms, GPR_TIMESPAN));
    grpc_event event = grpc_completion_queue_pluck(server->shutdown_queue, server, until, NULL);
    if (event.type != GRPC_OP_COMPLETE) {
        log_warn("rpc.cancelled", log_int("calls", atomic_load(&server->n_live)));
        grpc_server_cancel_all_calls(server->grpc);
        grpc_completion_queue_pluck(server->shutdown_queue, server,
                                    gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    }
    wait_until_idle(server);
    release(server);
}

static void collect_requests(struct metrics_writer *writer, const struct lane *lane)
{
    for (size_t m = 0; m < lane->n_endpoints; m++) {
        struct tally_sum sum;
        tally_sum_up(lane->tally, m, &sum);
        for (size_t code = 0; code < TALLY_CODES; code++) {
            if (sum.by_code[code] > 0) {
                const struct metrics_label labels[] = {
                    {"method", lane->endpoints[m].method->path + 1},
                    {"code", status_code_name((enum error_code)code)},
                };
                metrics_sample(writer, "", labels, 2, (double)sum.by_code[code]);
            }
        }
    }
}

static void collect_durations(struct metrics_writer *writer, const struct lane *lane)
{
    for (size_t m = 0; m < lane->n_endpoints; m++) {
        struct tally_sum sum;
        tally_sum_up(lane->tally, m, &sum);
        struct metrics_label labels[] = {{"method", lane->endpoints[m].method->path + 1},
                                         {"le", "+Inf"}};
        uint64_t count = 0;
        for (size_t i = 0; i < TALLY_BUCKETS; i++) {
            count += sum.buckets[i];
        }
        if (count == 0) {
            continue;
        }
        uint64_t below = 0;
        for (size_t i = 0; i < TALLY_BUCKETS - 1; i++) {
            char bound[32];
            snprintf(bound, sizeof(bound), "%g", (double)tally_bounds_us[i] / 1e6);
            labels[1].value = bound;
            below += sum.buckets[i];
            metrics_sample(writer, "_bucket", labels, 2, (double)below);
        }
        labels[1].value = "+Inf";
        metrics_sample(writer, "_bucket", labels, 2, (double)count);
        metrics_sample(writer, "_sum", labels, 1, (double)sum.duration_us / 1e6);
        metrics_sample(writer, "_count", labels, 1, (double)count);
    }
}

static uint64_t piped_of(const struct tally_sum *sum)
{
    return sum->piped;
}

static uint64_t handed_over_of(const struct tally_sum *sum)
{
    return sum->handed_over;
}

static void collect_counts(struct metrics_writer *writer, const struct lane *lane,
                           uint64_t (*count_of)(const struct tally_sum *sum))
{
    for (size_t m = 0; m < lane->n_endpoints; m++) {
        struct tally_sum sum;
        tally_sum_up(lane->tally, m, &sum);
        if (count_of(&sum) > 0) {
            const struct metrics_label label = {"method", lane->endpoints[m].method->path + 1};
            metrics_sample(writer, "", &label, 1, (double)count_of(&sum));
        }
    }
}

static void collect_piped(struct metrics_writer *writer, const struct rpc_server *server)
{
    metrics_family(writer, "roost_rpc_piped_total", METRICS_COUNTER,
                   "Calls answered without a worker.");
    collect_counts(writer, &server->public_calls, piped_of);
    collect_counts(writer, &server->internal_calls, piped_of);
    metrics_family(writer, "roost_rpc_handed_over_total", METRICS_COUNTER,
                   "Calls begun without a worker and handed to one.");
    collect_counts(writer, &server->public_calls, handed_over_of);
    collect_counts(writer, &server->internal_calls, handed_over_of);
}

static void collect_load(struct metrics_writer *writer, struct rpc_server *server)
{
    const struct metrics_label labels[] = {{"lane", "public"}, {"lane", "internal"}};
    const struct lane_load loads[] = {lane_load(&server->public_calls),
                                      lane_load(&server->internal_calls)};
    metrics_family(writer, "roost_rpc_workers_busy", METRICS_GAUGE, "Workers that run a call now.");
    for (size_t i = 0; i < 2; i++) {
        metrics_sample(writer, "", &labels[i], 1, loads[i].busy);
    }
    metrics_family(writer, "roost_rpc_parked", METRICS_GAUGE, "Calls whose row is being fetched.");
    for (size_t i = 0; i < 2; i++) {
        metrics_sample(writer, "", &labels[i], 1, loads[i].parked);
    }
    metrics_family(writer, "roost_rpc_waiting", METRICS_GAUGE, "Calls that wait for a worker now.");
    for (size_t i = 0; i < 2; i++) {
        metrics_sample(writer, "", &labels[i], 1, loads[i].waiting);
    }
    metrics_family(writer, "roost_rpc_refused_total", METRICS_COUNTER,
                   "Calls refused because too many were waiting.");
    for (size_t i = 0; i < 2; i++) {
        metrics_sample(writer, "", &labels[i], 1, (double)loads[i].refused);
    }
}

void rpc_server_collect(struct metrics_writer *writer, void *ptr)
{
    struct rpc_server *server = ptr;
    metrics_family(writer, "roost_rpc_requests_total", METRICS_COUNTER, "Calls answered.");
    collect_requests(writer, &server->public_calls);
    collect_requests(writer, &server->internal_calls);
    metrics_family(writer, "roost_rpc_duration_seconds", METRICS_HISTOGRAM,
                   "Time from taking a call to its answer.");
    collect_durations(writer, &server->public_calls);
    collect_durations(writer, &server->internal_calls);
    collect_piped(writer, server);
    collect_load(writer, server);
    metrics_family(writer, "roost_rpc_in_flight", METRICS_GAUGE,
                   "Calls taken in and not yet answered.");
    metrics_sample(writer, "", NULL, 0, atomic_load(&server->n_live));
}
