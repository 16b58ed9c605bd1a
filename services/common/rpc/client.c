#include "services/common/rpc/client.h"

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "grpc/health/v1/health.pb-c.h"
#include "services/common/clock/clock.h"
#include "services/common/pg/pg_pipe.h"
#include "services/common/rpc/assertion.h"
#include "services/common/rpc/call_state.h"
#include "services/common/rpc/peers.h"
#include "services/common/rpc/status.h"
#include "services/common/rpc/wire.h"

enum {
    MAX_TRIES = 3,
    RECONNECT_PATIENCE_US = 1000000, /* how long a call waits for a peer that is restarting */
    REUSE_LEFT_MS = 10000, /* a signed assertion is reused while it lives this much longer */
    MAX_METADATA = 12,
    DEFAULT_DEADLINE_US = 30000000,
};

/* What each calling thread keeps: pluck queues take six callers at most, so every thread has its
 * own. */
struct client_thread {
    grpc_completion_queue *queue;
    const struct rpc_peers *peers; /* whose key has signed */
    size_t identity_len;
    size_t signed_len;
    int64_t signed_until_ms;
    uint8_t identity[ASSERTION_MAX_BYTES];
    uint8_t assertion[ASSERTION_MAX_BYTES];
};

static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

static void thread_done(void *ptr)
{
    struct client_thread *thread = ptr;
    grpc_completion_queue_shutdown(thread->queue);
    grpc_completion_queue_destroy(thread->queue);
    explicit_bzero(thread, sizeof(*thread));
    free(thread);
    grpc_shutdown();
}

static void thread_key_create(void)
{
    check(pthread_key_create(&thread_key, thread_done) == 0);
}

static struct client_thread *this_thread(void)
{
    check(pthread_once(&thread_key_once, thread_key_create) == 0);
    struct client_thread *thread = pthread_getspecific(thread_key);
    if (!thread) {
        wire_init();
        thread = calloc(1, sizeof(*thread));
        check(thread);
        thread->queue = grpc_completion_queue_create_for_pluck(NULL);
        check(pthread_setspecific(thread_key, thread) == 0);
    }
    return thread;
}

/* Signs, or takes what was signed for the same identity a moment ago. False if the identity is too
 * large to travel. */
static bool sign(struct client_thread *thread, struct call *call)
{
    int64_t now_ms = clock_wall_us() / 1000;
    Roost__Common__V1__Identity identity = *call->identity;
    identity.expires_at_ms = 0;
    size_t len = protobuf_c_message_get_packed_size(&identity.base);
    if (len > ASSERTION_MAX_BYTES / 2) {
        return false;
    }
    uint8_t packed[ASSERTION_MAX_BYTES];
    protobuf_c_message_pack(&identity.base, packed);
    int64_t left_ms = thread->signed_until_ms - now_ms;
    if (thread->peers == call->peers && thread->identity_len == len && left_ms > REUSE_LEFT_MS &&
        left_ms <= ASSERTION_MAX_LIFETIME_MS && memcmp(thread->identity, packed, len) == 0) {
        return true;
    }
    size_t signed_len;
    const uint8_t *assertion = assertion_sign(call->arena, peers_key(call->peers), call->identity,
                                              peers_self(call->peers), &signed_len);
    if (signed_len > ASSERTION_MAX_BYTES) {
        return false;
    }
    memcpy(thread->identity, packed, len);
    memcpy(thread->assertion, assertion, signed_len);
    thread->peers = call->peers;
    thread->identity_len = len;
    thread->signed_len = signed_len;
    thread->signed_until_ms = now_ms + ASSERTION_MAX_LIFETIME_MS;
    return true;
}

/* One attempt: what is sent and what came back. */
struct attempt {
    grpc_channel *channel;
    const struct rpc_method *method;
    const ProtobufCMessage *request;
    grpc_metadata *metadata;
    size_t n_metadata;
    bool not_sent; /* the peer could not be reached, so it cannot have seen the request */
};

/* The transport says in words only whether a connection ever existed. Anything else, such as a
 * connection lost in between, may have been carried out. */
static bool is_not_sent(const char *message)
{
    static const char *const beginnings[] = {
        "failed to connect to all addresses",
        "connections to all backends failing",
        "DNS resolution failed",
        "empty address list",
    };
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (strncmp(message, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return false;
}

static const struct error *take_answer(struct call *call, struct attempt *attempt,
                                       grpc_status_code status, grpc_slice message,
                                       const grpc_metadata_array *trailers,
                                       grpc_byte_buffer *received, ProtobufCMessage **ret_response)
{
    if (status != GRPC_STATUS_OK) {
        const uint8_t *details = NULL;
        size_t len = 0;
        wire_metadata_find(trailers, STATUS_DETAILS_KEY, &details, &len);
        const char *text = arena_strndup(call->arena, (const char *)GRPC_SLICE_START_PTR(message),
                                         GRPC_SLICE_LENGTH(message));
        attempt->not_sent = status == GRPC_STATUS_UNAVAILABLE && len == 0 && is_not_sent(text);
        return status_unpack(call->arena, (int)status, text, details, len);
    }
    if (!received) {
        return error_internal(call->arena, "%s: OK without a message", attempt->method->path);
    }
    const struct error *err =
        wire_unpack(call->arena, attempt->method->response, received, ret_response);
    if (err) {
        return error_internal(call->arena, "%s: %s", attempt->method->path, err->detail);
    }
    return NULL;
}

static const struct error *try_once(struct call *call, struct client_thread *thread,
                                    struct attempt *attempt, ProtobufCMessage **ret_response)
{
    grpc_call *grpc =
        grpc_channel_create_call(attempt->channel, NULL, GRPC_PROPAGATE_DEFAULTS, thread->queue,
                                 grpc_slice_from_static_string(attempt->method->path), NULL,
                                 wire_deadline(call->deadline_us), NULL);
    grpc_byte_buffer *sent = wire_pack(attempt->request);
    grpc_byte_buffer *received = NULL;
    grpc_metadata_array initial, trailers;
    grpc_metadata_array_init(&initial);
    grpc_metadata_array_init(&trailers);
    grpc_status_code status = GRPC_STATUS_UNKNOWN;
    grpc_slice message = grpc_empty_slice();
    grpc_op ops[6] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA,
         .data.send_initial_metadata = {.count = attempt->n_metadata,
                                        .metadata = attempt->metadata}},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = sent},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        {.op = GRPC_OP_RECV_INITIAL_METADATA,
         .data.recv_initial_metadata.recv_initial_metadata = &initial},
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &received},
        {.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
         .data.recv_status_on_client = {.trailing_metadata = &trailers,
                                        .status = &status,
                                        .status_details = &message}},
    };
    const struct error *err;
    if (grpc_call_start_batch(grpc, ops, 6, grpc, NULL) == GRPC_CALL_OK) {
        grpc_completion_queue_pluck(thread->queue, grpc, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        err = take_answer(call, attempt, status, message, &trailers, received, ret_response);
    } else {
        err =
            error_new(call->arena, REASON_REQUEST_INVALID, "The request's metadata is not valid.");
    }
    grpc_byte_buffer_destroy(sent);
    grpc_byte_buffer_destroy(received);
    grpc_metadata_array_destroy(&initial);
    grpc_metadata_array_destroy(&trailers);
    grpc_slice_unref(message);
    grpc_call_unref(grpc);
    return err;
}

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
        const struct error *err = try_once(call, thread, attempt, ret_response);
        peer_note(peer, !attempt->not_sent);
        if (!attempt->not_sent || i == MAX_TRIES || peer_is_gone(peer) ||
            !wait_until_connected(thread, attempt->channel, until_us)) {
            return err;
        }
    }
}

const struct error *rpc_call(struct call *call, const struct rpc_method *method,
                             const ProtobufCMessage *request, ProtobufCMessage **ret_response)
{
    struct client_thread *thread = this_thread();
    grpc_metadata metadata[2];
    size_t n = 0;
    if (peers_key(call->peers)) {
        if (!sign(thread, call)) {
            return error_internal(call->arena, "identity too large to send");
        }
        metadata[n++] = wire_metadata("roost-assertion-bin", thread->assertion, thread->signed_len);
    }
    if (call->trace_id) {
        metadata[n++] = wire_metadata("x-request-id", call->trace_id, strlen(call->trace_id));
    }
    struct attempt attempt = {
        .method = method, .request = request, .metadata = metadata, .n_metadata = n};
    const struct error *err = call_peer(call, thread, &attempt, ret_response);
    wire_metadata_done(metadata, n);
    return err;
}

const struct error *rpc_call_with_metadata(struct call *call, const struct rpc_method *method,
                                           const char *const *names, const char *const *values,
                                           const ProtobufCMessage *request,
                                           ProtobufCMessage **ret_response)
{
    struct client_thread *thread = this_thread();
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
    if (!attempt.channel || try_once(call, this_thread(), &attempt, &response)) {
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
