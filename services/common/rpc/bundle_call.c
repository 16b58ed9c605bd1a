#include "services/common/rpc/bundle_call.h"

#include <stdlib.h>

#include "services/common/clock/clock.h"
#include "services/common/message/message.h"
#include "services/common/rpc/bundle.h"
#include "services/common/rpc/bundle.pb-c.h"
#include "services/common/rpc/call_state.h"
#include "services/common/rpc/peers.h"
#include "services/common/rpc/status.h"

enum { MAX_BUNDLE_US = 3000000 };

const struct peer *bundle_call_peer(const struct call *call, const struct rpc_method *method)
{
    bool is_piped = call->state && call->state->is_piped;
    if (!method->no_side_effects || is_piped || !peers_key(call->peers) || call->deadline_us == 0) {
        return NULL;
    }
    const struct peer *peer = peers_serving(call->peers, method->path);
    return peer && bundler_takes(peer_bundler(peer), method) ? peer : NULL;
}

/* A ride as it is sent. */
static Roost__Rpc__BundledCall *bundled(struct arena *arena, const struct ride *ride)
{
    Roost__Rpc__BundledCall *sent = message_new(arena, &roost__rpc__bundled_call__descriptor);
    int64_t left_us = ride->deadline_us - clock_monotonic_us();
    sent->method = (char *)(uintptr_t)ride->method->path;
    sent->assertion.data = (uint8_t *)(uintptr_t)ride->assertion;
    sent->assertion.len = ride->assertion_len;
    sent->request_id = (char *)(uintptr_t)(ride->trace_id ? ride->trace_id : "");
    sent->timeout_us = left_us > 0 ? left_us : 1;
    sent->request.len = protobuf_c_message_get_packed_size(ride->request);
    sent->request.data = arena_alloc(arena, sent->request.len + 1);
    protobuf_c_message_pack(ride->request, sent->request.data);
    return sent;
}

/* One call for all of them, which ends when the first of them has no more time. */
static const struct error *send(struct call *call, struct client_thread *thread,
                                const struct peer *peer, const struct ride *rides,
                                Roost__Rpc__BundleAnswer **ret_answer)
{
    Roost__Rpc__Bundle bundle = ROOST__RPC__BUNDLE__INIT;
    struct call own = *call;
    ProtobufCMessage *message = NULL;
    own.deadline_us = clock_monotonic_us() + MAX_BUNDLE_US;
    bundle.calls = arena_alloc(call->arena, BUNDLE_MAX_CALLS * sizeof(bundle.calls[0]));
    for (const struct ride *ride = rides; ride; ride = ride->next) {
        bundle.calls[bundle.n_calls++] = bundled(call->arena, ride);
        if (ride->deadline_us < own.deadline_us) {
            own.deadline_us = ride->deadline_us;
        }
    }
    struct attempt attempt = {
        .channel = peer_channel(peer),
        .method = &bundle_method,
        .request = &bundle.base,
    };
    const struct error *err = attempt_make(&own, thread, &attempt, &message);
    if (err) {
        return err;
    }
    *ret_answer = (Roost__Rpc__BundleAnswer *)message;
    if ((*ret_answer)->n_outcomes != bundle.n_calls) {
        return error_internal(call->arena, "a bundle came back incomplete");
    }
    return NULL;
}

/* Hands the others what came for them. */
static void hand_out(struct ride *others, const Roost__Rpc__BundleAnswer *answer)
{
    size_t i = 1;
    for (struct ride *ride = others, *next; ride; ride = next, i++) {
        void *data = NULL;
        size_t len = 0;
        next = ride->next; /* it may be gone when it has arrived */
        if (answer) {
            len = protobuf_c_message_get_packed_size(&answer->outcomes[i]->base);
            data = malloc(len + 1);
            check(data);
            protobuf_c_message_pack(&answer->outcomes[i]->base, data);
        }
        bundler_arrive(ride, data, len);
    }
}

/* Makes the call for this ride and those with it. NULL if it came to nothing. */
static const Roost__Rpc__BundledOutcome *lead(struct call *call, struct client_thread *thread,
                                              const struct peer *peer, const struct ride *rides)
{
    struct ride *others = rides->next;
    Roost__Rpc__BundleAnswer *answer = NULL;
    const struct error *err = send(call, thread, peer, rides, &answer);
    bundler_pass_on(peer_bundler(peer));
    hand_out(others, err ? NULL : answer);
    return err ? NULL : answer->outcomes[0];
}

static const Roost__Rpc__BundledOutcome *arrived(struct arena *arena, struct ride *ride)
{
    ProtobufCMessage *message = NULL;
    const struct error *err = NULL;
    if (ride->outcome) {
        err = message_unpack(arena, &roost__rpc__bundled_outcome__descriptor, ride->outcome,
                             ride->outcome_len, &message);
        free(ride->outcome);
    }
    return err ? NULL : (const Roost__Rpc__BundledOutcome *)message;
}

/* As attempt_make would have had it. */
static const struct error *unpack(struct call *call, const struct rpc_method *method,
                                  const Roost__Rpc__BundledOutcome *outcome,
                                  ProtobufCMessage **ret_response)
{
    if (outcome->code != ERROR_OK) {
        return status_unpack(call->arena, outcome->code, outcome->detail, outcome->details.data,
                             outcome->details.len);
    }
    const struct error *err = message_unpack(call->arena, method->response, outcome->response.data,
                                             outcome->response.len, ret_response);
    return err ? error_internal(call->arena, "%s: %s", method->path, err->detail) : NULL;
}

enum boarding bundle_call(struct call *call, struct client_thread *thread, const struct peer *peer,
                          const struct attempt *attempt, const struct error **ret_err,
                          ProtobufCMessage **ret_response)
{
    struct ride ride = {.method = attempt->method,
                        .request = attempt->request,
                        .assertion = thread->assertion,
                        .assertion_len = thread->signed_len,
                        .trace_id = call->trace_id,
                        .deadline_us = call->deadline_us,
                        .woken = &thread->woken};
    struct bundler *bundler = peer_bundler(peer);
    bool leads = bundler_board(bundler, &ride) == RIDE_LEADS;
    if (leads && !ride.next) {
        return RIDE_LEADS;
    }
    const Roost__Rpc__BundledOutcome *outcome =
        leads ? lead(call, thread, peer, &ride) : arrived(call->arena, &ride);
    if (!outcome || outcome->is_left_out) {
        bundler_avoid(bundler, attempt->method);
        return RIDE_ALONE;
    }
    *ret_err = unpack(call, attempt->method, outcome, ret_response);
    return RIDE_ARRIVED;
}
