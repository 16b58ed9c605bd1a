#include "services/common/rpc/client.h"

#include <grpc/grpc.h>
#include <stdlib.h>
#include <string.h>

#include "grpc/health/v1/health.pb-c.h"
#include "services/common/clock/clock.h"
#include "services/common/pg/pg_pipe.h"
#include "services/common/rpc/attempt.h"
#include "services/common/rpc/bundle_call.h"
#include "services/common/rpc/call_state.h"
#include "services/common/rpc/peers.h"
#include "services/common/rpc/wire.h"

enum {
    MAX_TRIES = 3,
    RECONNECT_PATIENCE_US = 1000000, /* how long a call waits for a peer that is restarting */
    MAX_METADATA = 12,
    DEFAULT_DEADLINE_US = 30000000,
};

static bool wait_until_connected(struct client_thread *thread, grpc_channel *channel,
                                 int64_t until_us)
{
    gpr_timespec until = wire_deadline(until_us);
    grpc_connectivity_state state = grpc_channel_check_connectivity_state(channel, 1);
    while (state != GRPC_CHANNEL_READY) {
        grpc_channel_watch_connectivity_state(channel, state, until, thread->queue, &state);
        grpc_event event = grpc_completion_queue_pluck(thread->queue, &state,
                                                       gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        if (!event.success) {
            return false;
        }
        state = grpc_channel_check_connectivity_state(channel, 1);
    }
    return true;
}

static const struct error *call_peer(struct call *call, struct client_thread *thread,
                                     struct attempt *attempt, ProtobufCMessage **ret_response)
{
    if (call->state && call->state->is_piped) {
        return pg_fetch_refuse(call->pg);
    }
    const struct peer *peer = peers_serving(call->peers, attempt->method->path);
    attempt->channel = peer ? peer_channel(peer) : NULL;
    if (!attempt->channel) {
        return error_with_cause(call->arena,
                                error_new(call->arena, REASON_SERVICE_UNAVAILABLE,
                                          "A service is not available at the moment."),
                                "no address configured for %s", attempt->method->path);
    }
    int64_t now_us = clock_monotonic_us();
    if (call->deadline_us == 0) {
        call->deadline_us = now_us + DEFAULT_DEADLINE_US;
    }
    if (call->deadline_us <= now_us) {
        return error_new(call->arena, REASON_DEADLINE_EXCEEDED,
                         "The call took longer than its deadline.");
    }
    int64_t until_us = now_us + RECONNECT_PATIENCE_US;
    if (until_us > call->deadline_us) {
        until_us = call->deadline_us;
    }
    for (int i = 1;; i++) {
        attempt->not_sent = false;
        const struct error *err = attempt_make(call, thread, attempt, ret_response);
        peer_note(peer, !attempt->not_sent);
        if (!attempt->not_sent || i == MAX_TRIES || peer_is_gone(peer) ||
            !wait_until_connected(thread, attempt->channel, until_us)) {
            return err;
        }
    }
}

/* Together with others where that can be. */
static const struct error *call_signed(struct call *call, struct client_thread *thread,
                                       struct attempt *attempt, ProtobufCMessage **ret_response)
{
    const struct peer *peer = bundle_call_peer(call, attempt->method);
    const struct error *err = NULL;
    enum boarding boarding = RIDE_ALONE;
    if (peer) {
        boarding = bundle_call(call, thread, peer, attempt, &err, ret_response);
    }
    if (boarding != RIDE_ARRIVED) {
        err = call_peer(call, thread, attempt, ret_response);
    }
    if (boarding == RIDE_LEADS) {
        bundler_pass_on(peer_bundler(peer));
    }
    return err;
}

const struct error *rpc_call(struct call *call, const struct rpc_method *method,
                             const ProtobufCMessage *request, ProtobufCMessage **ret_response)
{
    struct client_thread *thread = client_thread();
    grpc_metadata metadata[2];
    size_t n = 0;
    if (peers_key(call->peers)) {
        if (!client_thread_sign(thread, call)) {
            return error_internal(call->arena, "identity too large to send");
        }
        metadata[n++] = wire_metadata("roost-assertion-bin", thread->assertion, thread->signed_len);
    }
    if (call->trace_id) {
        metadata[n++] = wire_metadata("x-request-id", call->trace_id, strlen(call->trace_id));
    }
    struct attempt attempt = {
        .method = method, .request = request, .metadata = metadata, .n_metadata = n};
    const struct error *err = call_signed(call, thread, &attempt, ret_response);
    wire_metadata_done(metadata, n);
    return err;
}

const struct error *rpc_call_with_metadata(struct call *call, const struct rpc_method *method,
                                           const char *const *names, const char *const *values,
                                           const ProtobufCMessage *request,
                                           ProtobufCMessage **ret_response)
{
    struct client_thread *thread = client_thread();
    grpc_metadata metadata[MAX_METADATA];
    size_t n = 0;
    if (call->trace_id) {
        metadata[n++] = wire_metadata("x-request-id", call->trace_id, strlen(call->trace_id));
    }
    for (size_t i = 0; names[i]; i++) {
        check(n < MAX_METADATA);
        metadata[n++] = (grpc_metadata){.key = grpc_slice_from_copied_string(names[i]),
                                        .value = grpc_slice_from_copied_string(values[i])};
    }
    struct attempt attempt = {
        .method = method, .request = request, .metadata = metadata, .n_metadata = n};
    const struct error *err = call_peer(call, thread, &attempt, ret_response);
    wire_metadata_done(metadata, n);
    return err;
}

const char *rpc_peer_health(struct call *call, const char *peer)
{
    static const struct rpc_method method = {
        .path = "/grpc.health.v1.Health/Check",
        .request = &grpc__health__v1__health_check_request__descriptor,
        .response = &grpc__health__v1__health_check_response__descriptor,
    };
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    ProtobufCMessage *response = NULL;
    const struct peer *found = peers_named(call->peers, peer, strlen(peer));
    struct attempt attempt = {
        .channel = found ? peer_channel(found) : NULL,
        .method = &method,
        .request = &request.base,
    };
    if (!attempt.channel || attempt_make(call, client_thread(), &attempt, &response)) {
        return "UNREACHABLE";
    }
    switch (((const Grpc__Health__V1__HealthCheckResponse *)response)->status) {
    case GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING:
        return "SERVING";
    case GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING:
        return "NOT_SERVING";
    default:
        return "UNKNOWN";
    }
}
