#include "services/common/rpc/serve.h"

#include <grpc/support/alloc.h>
#include <inttypes.h>
#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/log/log.h"
#include "services/common/message/message.h"
#include "services/common/pg/pg.h"
#include "services/common/rpc/access.h"
#include "services/common/rpc/authenticate.h"
#include "services/common/rpc/bundle.h"
#include "services/common/rpc/call_state.h"
#include "services/common/rpc/peer_address.h"
#include "services/common/rpc/server_state.h"
#include "services/common/rpc/status.h"
#include "services/common/rpc/tally.h"
#include "services/common/rpc/wire.h"

enum {
    MAX_CALL_US = 30000000,
    MAX_TRACE_ID_BYTES = 64,
    OVERLOADED_RETRY_AFTER_MS = 500,
    REFUSAL_ARENA_BYTES = 1024,
};

/* Asked for by few handlers, so the batch that notices a client going away is started by the first
 * question. gRPC writes `cancelled` from whichever thread polls, before it queues the event. */
static bool is_cancelled(const struct call_state *state)
{
    struct slot *slot = state->ctx;
    if (slot->part) {
        return false; /* it has not long to go */
    }
    if (!slot->watches_close) {
        slot->watches_close = true;
        const grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
                            .data.recv_close_on_server.cancelled = &slot->cancelled};
        slot_start_batch(slot, &op, 1, &slot->closed);
    }
    return __atomic_load_n(&slot->cancelled, __ATOMIC_ACQUIRE) != 0;
}

/* splitmix64: ids have to differ, not to be secret. */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static bool is_trace_id(const uint8_t *text, size_t len)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:";
    if (len == 0 || len > MAX_TRACE_ID_BYTES) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\0' || !strchr(allowed, text[i])) {
            return false;
        }
    }
    return true;
}

static const char *trace_id_of(struct worker *worker, const grpc_metadata_array *metadata)
{
    const uint8_t *given;
    size_t len;
    if (wire_metadata_find(metadata, "x-request-id", &given, &len) && is_trace_id(given, len)) {
        return arena_strndup(worker->arena, (const char *)given, len);
    }
    uint64_t high = next_random(&worker->trace_seed);
    uint64_t low = next_random(&worker->trace_seed);
    return arena_printf(worker->arena, "%016" PRIx64 "%016" PRIx64, high, low);
}

static void begin(struct worker *worker, struct slot *slot)
{
    const struct rpc_server_config *config = &worker->lane->server->config;
    worker->slot = slot;
    worker->request = NULL;
    worker->taken_us = slot->taken_us;
    worker->state = (struct call_state){
        .is_cancelled = is_cancelled, .ctx = slot, .is_piped = worker->is_piped};
    worker->call = (struct call){
        .arena = worker->arena,
        .pg = worker->pg,
        .redis = worker->redis,
        .method = slot->endpoint->method->path + 1,
        .trace_id = trace_id_of(worker, &slot->metadata),
        .deadline_us = wire_deadline_us(slot->deadline, MAX_CALL_US),
        .service = config->service,
        .peers = config->peers,
        .state = &worker->state,
    };
    if (worker->pg) {
        pg_set_call(worker->pg, worker->arena, worker->call.deadline_us);
    }
}

/* For who does not come by the gateway, which would have said where from. */
static const Roost__Common__V1__Identity *from_connection(
    struct arena *arena, const Roost__Common__V1__Identity *identity, grpc_call *call)
{
    Roost__Common__V1__Identity *located = arena_memdup(arena, identity, sizeof(*identity));
    char *peer = grpc_call_get_peer(call);
    located->remote_address = (char *)peer_address(arena, peer);
    gpr_free(peer);
    return located;
}

static const struct error *authorise(struct worker *worker, bool *ret_must_ask)
{
    struct slot *slot = worker->slot;
    struct call *call = &worker->call;
    const struct rpc_access *access = &slot->endpoint->method->access;
    struct credentials credentials = {0};
    const uint8_t *authorization = NULL;
    wire_metadata_find(&slot->metadata, "roost-assertion-bin", &credentials.assertion,
                       &credentials.assertion_len);
    wire_metadata_find(&slot->metadata, "authorization", &authorization,
                       &credentials.authorization_len);
    credentials.authorization = (const char *)authorization;
    const struct error *err = authenticate(worker->lane->server->authenticator, call, &credentials,
                                           access->anonymous, ret_must_ask);
    if (err || (ret_must_ask && *ret_must_ask)) {
        return err;
    }
    /* No read asks for it. */
    bool may_ask = access->anonymous || !slot->endpoint->method->no_side_effects;
    if (may_ask && credentials.assertion_len == 0) {
        call->identity = from_connection(call->arena, call->identity, slot->call);
    }
    return access_check(call->arena, access, call->identity);
}

static const struct error *too_late(struct arena *arena)
{
    return error_new(arena, REASON_DEADLINE_EXCEEDED, "The call took longer than its deadline.");
}

/* Everything before the handler. ret_must_ask as in authenticate. */
static const struct error *prepare(struct worker *worker, bool *ret_must_ask)
{
    struct slot *slot = worker->slot;
    struct call *call = &worker->call;
    if (clock_monotonic_us() >= call->deadline_us) {
        return too_late(call->arena);
    }
    if (slot->has_waited && call_is_cancelled(call)) {
        return error_new(call->arena, REASON_CANCELLED, "The call was cancelled.");
    }
    const struct error *err = authorise(worker, ret_must_ask);
    if (err) {
        return err;
    }
    return wire_unpack(call->arena, slot->endpoint->method->request, slot->payload,
                       &worker->request);
}

static const struct error *run_handler(struct worker *worker, ProtobufCMessage **ret_response)
{
    struct call *call = &worker->call;
    ProtobufCMessage *response = NULL;
    const struct error *err =
        worker->slot->endpoint->method->handler(call, worker->request, &response);
    if (!err && !response) {
        return error_internal(call->arena, "the handler made no response");
    }
    /* Handlers ask call_is_cancelled, which does not tell why. */
    if (error_is(err, REASON_CANCELLED) && clock_monotonic_us() >= call->deadline_us) {
        return too_late(call->arena);
    }
    *ret_response = response;
    return err;
}

void serve_answer(struct slot *slot, struct arena *arena, const char *trace_id,
                  const struct error *err, const ProtobufCMessage *response)
{
    grpc_metadata initial = {0};
    grpc_metadata trailer = {0};
    grpc_slice text = grpc_empty_slice();
    grpc_byte_buffer *buffer = NULL;
    grpc_op ops[4] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}};
    size_t n = 1;
    if (trace_id) {
        initial = wire_metadata("x-request-id", trace_id, strlen(trace_id));
        ops[0].data.send_initial_metadata.count = 1;
        ops[0].data.send_initial_metadata.metadata = &initial;
    }
    if (!err) {
        buffer = wire_pack(response);
        ops[n].op = GRPC_OP_SEND_MESSAGE;
        ops[n++].data.send_message.send_message = buffer;
    }
    ops[n].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    if (err) {
        size_t len;
        const uint8_t *details = status_pack(arena, err, &len);
        trailer = wire_metadata(STATUS_DETAILS_KEY, details, len);
        text = grpc_slice_from_copied_string(err->detail);
        ops[n].data.send_status_from_server.status = (grpc_status_code)err->code;
        ops[n].data.send_status_from_server.status_details = &text;
        ops[n].data.send_status_from_server.trailing_metadata_count = 1;
        ops[n].data.send_status_from_server.trailing_metadata = &trailer;
    }
    n++;
    if (!slot->watches_close) {
        ops[n].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
        ops[n++].data.recv_close_on_server.cancelled = &slot->cancelled;
    }
    struct loop *loop = &slot->lane->server->loop;
    loop_before_batch(loop);
    slot_start_batch(slot, ops, n, &slot->answered);
    loop_after_batch(loop);
    grpc_byte_buffer_destroy(buffer);
    grpc_slice_unref(text);
    wire_metadata_done(&initial, trace_id ? 1 : 0);
    wire_metadata_done(&trailer, err ? 1 : 0);
    slot_release(slot);
}

static enum log_level level_of(const struct error *err)
{
    if (!err) {
        return LOG_INFO;
    }
    switch (err->code) {
    case ERROR_INTERNAL:
    case ERROR_UNKNOWN:
    case ERROR_DATA_LOSS:
        return LOG_ERROR;
    case ERROR_UNAVAILABLE:
        return LOG_WARN;
    default:
        return LOG_INFO;
    }
}

static void log_call(const struct call *call, const struct error *err, int64_t duration_us)
{
    enum log_level level = level_of(err);
    if (!log_is_enabled(level)) {
        return;
    }
    const Roost__Common__V1__Identity *identity = call->identity;
    const struct log_field fields[] = {
        log_str("rpc", call->method),
        log_str("code", status_code_name(err ? err->code : ERROR_OK)),
        log_str("reason", err ? err->reason : NULL),
        log_int("duration_us", duration_us),
        log_str("trace_id", call->trace_id),
        log_str("caller", identity && identity->username[0] ? identity->username : NULL),
        log_str("caller_service", identity && identity->service[0] ? identity->service : NULL),
        log_str("cause", err ? err->cause : NULL),
    };
    log_write(level, "rpc.finished", fields, sizeof(fields) / sizeof(fields[0]));
}

/* Answers the call; its slot belongs to another one then. */
static void finish(struct worker *worker, const struct error *err, const ProtobufCMessage *response)
{
    size_t index = worker->slot->endpoint->index;
    if (worker->slot->part) {
        bundle_answer(worker->slot, worker->arena, err, response);
    } else {
        serve_answer(worker->slot, worker->arena, worker->call.trace_id, err, response);
    }
    int64_t duration_us = clock_monotonic_us() - worker->taken_us;
    if (worker->is_piped) {
        tally_count_piped(worker->lane->tally, index);
    }
    tally_count(worker->lane->tally, index, err ? err->code : ERROR_OK, duration_us);
    log_call(&worker->call, err, duration_us);
}

void serve_call(struct worker *worker, struct slot *slot)
{
    ProtobufCMessage *response = NULL;
    begin(worker, slot);
    const struct error *err = prepare(worker, NULL);
    if (!err) {
        err = run_handler(worker, &response);
    }
    finish(worker, err, response);
    arena_reset(worker->arena);
}

static void on_arrived(void *ctx);

/* Runs the handler as far as it gets. False if the call needs a worker that may wait. */
static bool go_on(struct worker *worker)
{
    ProtobufCMessage *response = NULL;
    const struct error *err = run_handler(worker, &response);
    switch (pg_fetch(worker->pg, on_arrived, worker)) {
    case PG_FETCH_NOTHING:
        finish(worker, err, response);
        lane_unpark(worker);
        return true;
    case PG_FETCH_STARTED:
        return true; /* and perhaps over by now */
    case PG_FETCH_REFUSED:
        atomic_store(&worker->slot->endpoint->must_wait, true);
        return false;
    default:
        return false;
    }
}

static void on_arrived(void *ctx)
{
    struct worker *worker = ctx;
    if (!go_on(worker)) {
        lane_hand_over(worker);
    }
}

bool serve_piped(struct worker *worker, struct slot *slot)
{
    bool must_ask = false;
    begin(worker, slot);
    const struct error *err = prepare(worker, &must_ask);
    if (must_ask) {
        return false;
    }
    if (!err) {
        return go_on(worker);
    }
    finish(worker, err, NULL);
    lane_unpark(worker);
    return true;
}

void serve_overloaded(struct slot *slot)
{
    struct arena *arena = arena_new(REFUSAL_ARENA_BYTES);
    const struct error *err = error_new(
        arena, REASON_OVERLOADED, "The service has more work than it can take at the moment.");
    serve_answer(slot, arena, NULL, error_with_retry_after(arena, err, OVERLOADED_RETRY_AFTER_MS),
                 NULL);
    arena_free(arena);
}
