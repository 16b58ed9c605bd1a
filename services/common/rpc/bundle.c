#include "services/common/rpc/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/rpc/bundle.pb-c.h"
#include "services/common/rpc/serve.h"
#include "services/common/rpc/server_state.h"
#include "services/common/rpc/status.h"
#include "services/common/rpc/tally.h"
#include "services/common/rpc/wire.h"

enum { ARENA_BYTES = 8192, MAX_CALL_US = 30000000 };

/* One read. */
struct part {
    struct slot slot;
    struct bundle *bundle;
    grpc_metadata metadata[2];
    Roost__Rpc__BundledOutcome outcome; /* its bytes and texts are malloc's */
};

struct bundle {
    struct slot *carrier;
    struct arena *arena;
    struct part *parts;
    size_t n_parts;
    atomic_size_t n_open; /* parts without an outcome, and one for whoever hands them out */
};

const struct rpc_method bundle_method = {
    .path = "/roost.rpc.Bundles/Run",
    .request = &roost__rpc__bundle__descriptor,
    .response = &roost__rpc__bundle_answer__descriptor,
};

static void part_done(struct part *part)
{
    grpc_byte_buffer_destroy(part->slot.payload);
    free(part->outcome.response.data);
    free(part->outcome.details.data);
    if (part->outcome.code != ERROR_OK) {
        free(part->outcome.detail);
    }
}

/* All have their outcome. */
static void send(struct bundle *bundle)
{
    struct slot *carrier = bundle->carrier;
    struct tally *tally = carrier->lane->tally;
    size_t index = carrier->endpoint->index;
    int64_t began_us = carrier->taken_us;
    Roost__Rpc__BundleAnswer answer = ROOST__RPC__BUNDLE_ANSWER__INIT;
    answer.n_outcomes = bundle->n_parts;
    answer.outcomes = arena_alloc(bundle->arena, bundle->n_parts * sizeof(answer.outcomes[0]));
    for (size_t i = 0; i < bundle->n_parts; i++) {
        answer.outcomes[i] = &bundle->parts[i].outcome;
    }
    serve_answer(carrier, bundle->arena, NULL, NULL, &answer.base);
    tally_count(tally, index, ERROR_OK, clock_monotonic_us() - began_us);
    for (size_t i = 0; i < bundle->n_parts; i++) {
        part_done(&bundle->parts[i]);
    }
    arena_free(bundle->arena);
}

static void close_one(struct bundle *bundle)
{
    if (atomic_fetch_sub(&bundle->n_open, 1) == 1) {
        send(bundle);
    }
}

static void *copy(const void *data, size_t len)
{
    void *mine = malloc(len + 1);
    check(mine);
    memcpy(mine, data, len);
    return mine;
}

void bundle_answer(struct slot *slot, struct arena *arena, const struct error *err,
                   const ProtobufCMessage *response)
{
    struct part *part = slot->part;
    Roost__Rpc__BundledOutcome *outcome = &part->outcome;
    if (err) {
        const uint8_t *details = status_pack(arena, err, &outcome->details.len);
        outcome->code = (int)err->code;
        outcome->detail = copy(err->detail, strlen(err->detail) + 1);
        outcome->details.data = copy(details, outcome->details.len);
    } else {
        outcome->response.len = protobuf_c_message_get_packed_size(response);
        outcome->response.data = malloc(outcome->response.len + 1);
        check(outcome->response.data);
        protobuf_c_message_pack(response, outcome->response.data);
    }
    close_one(part->bundle);
}

void bundle_leave_out(struct slot *slot)
{
    struct part *part = slot->part;
    part->outcome.is_left_out = true;
    close_one(part->bundle);
}

static grpc_metadata borrowed(const char *name, const void *data, size_t len)
{
    return (grpc_metadata){.key = grpc_slice_from_static_string(name),
                           .value = grpc_slice_from_static_buffer(data, len)};
}

static void part_init(struct part *part, struct bundle *bundle, const Roost__Rpc__BundledCall *call)
{
    struct slot *carrier = bundle->carrier;
    grpc_slice request = grpc_slice_from_static_buffer(call->request.data, call->request.len);
    roost__rpc__bundled_outcome__init(&part->outcome);
    part->bundle = bundle;
    part->metadata[0] = borrowed("roost-assertion-bin", call->assertion.data, call->assertion.len);
    part->metadata[1] = borrowed("x-request-id", call->request_id, strlen(call->request_id));
    part->slot = (struct slot){
        .part = part,
        .deadline = carrier->deadline,
        .taken_us = carrier->taken_us,
        .metadata = {.count = 2, .capacity = 2, .metadata = part->metadata},
        .payload = grpc_raw_byte_buffer_create(&request, 1),
    };
    if (call->timeout_us > 0 && call->timeout_us < MAX_CALL_US) {
        gpr_timespec own = wire_deadline(carrier->taken_us + call->timeout_us);
        part->slot.deadline =
            gpr_time_min(gpr_convert_clock_type(carrier->deadline, own.clock_type), own);
    }
}

static void serve_part(struct rpc_server *server, struct part *part, const char *method)
{
    if (!lane_serve_bundled(&server->public_calls, &part->slot, method) &&
        !lane_serve_bundled(&server->internal_calls, &part->slot, method)) {
        bundle_leave_out(&part->slot);
    }
}

const struct error *bundle_check(struct arena *arena, const Roost__Rpc__Bundle *request)
{
    if (request->n_calls == 0 || request->n_calls > BUNDLE_MAX_CALLS) {
        return error_new(arena, REASON_REQUEST_INVALID, "A bundle has 1 to 64 calls.");
    }
    for (size_t i = 0; i < request->n_calls; i++) {
        if (request->calls[i]->assertion.len == 0) {
            return error_new(arena, REASON_CREDENTIALS_MISSING,
                             "Each call of a bundle needs its caller's assertion.");
        }
    }
    return NULL;
}

static const struct error *read_calls(struct arena *arena, struct slot *carrier,
                                      const Roost__Rpc__Bundle **ret_request)
{
    ProtobufCMessage *message;
    const struct error *err = wire_unpack(arena, bundle_method.request, carrier->payload, &message);
    if (err) {
        return err;
    }
    *ret_request = (const Roost__Rpc__Bundle *)message;
    return bundle_check(arena, *ret_request);
}

static void refuse(struct slot *carrier, struct arena *arena, const struct error *err)
{
    tally_count(carrier->lane->tally, carrier->endpoint->index, err->code,
                clock_monotonic_us() - carrier->taken_us);
    serve_answer(carrier, arena, NULL, err, NULL);
    arena_free(arena);
}

static void serve_parts(struct bundle *bundle, const Roost__Rpc__Bundle *request)
{
    struct rpc_server *server = bundle->carrier->lane->server;
    for (size_t i = 0; i < bundle->n_parts; i++) {
        part_init(&bundle->parts[i], bundle, request->calls[i]);
    }
    if (server->pipe) {
        pg_pipe_hold(server->pipe);
    }
    for (size_t i = 0; i < bundle->n_parts; i++) {
        serve_part(server, &bundle->parts[i], request->calls[i]->method);
    }
    if (server->pipe) {
        pg_pipe_send(server->pipe);
    }
}

void bundle_serve(struct slot *carrier)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    const Roost__Rpc__Bundle *request = NULL;
    const struct error *err = read_calls(arena, carrier, &request);
    if (err) {
        refuse(carrier, arena, err);
        return;
    }
    struct bundle *bundle = arena_alloc(arena, sizeof(*bundle));
    *bundle = (struct bundle){.carrier = carrier, .arena = arena, .n_parts = request->n_calls};
    bundle->parts = arena_alloc(arena, bundle->n_parts * sizeof(bundle->parts[0]));
    atomic_store(&bundle->n_open, bundle->n_parts + 1);
    serve_parts(bundle, request);
    close_one(bundle);
}
