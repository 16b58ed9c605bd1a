#include "services/common/rpc/builtin.h"

#include <grpc/grpc.h>
#include <stdlib.h>
#include <string.h>

#include "grpc/health/v1/health.pb-c.h"
#include "services/common/message/message.h"
#include "services/common/rpc/builtin_descriptors.h"
#include "services/common/rpc/reflection.h"
#include "services/common/rpc/server_state.h"
#include "services/common/rpc/status.h"
#include "services/common/rpc/wire.h"

enum {
    REQUESTS = 4,     /* outstanding */
    MAX_STREAMS = 64, /* watches and reflections open at once; more are refused */
    MAX_CHECKS = 256, /* health checks and streams */
    MAX_SERVICES = 16,
    ARENA_BYTES = 8192,
};

enum stream_kind { STREAM_UNKNOWN, STREAM_CHECK, STREAM_WATCH, STREAM_REFLECTION };

/* One call. All under the lock. */
struct stream {
    struct builtin *builtin;
    struct loop_tag requested, received_tag, sent, closed, ended;
    struct stream *next, *previous; /* of the open ones */
    enum stream_kind kind;
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_byte_buffer *received;
    int cancelled;
    int batches; /* in flight; none: the stream is freed */
    bool watches_close;
    bool has_sent; /* the initial metadata are out */
    bool is_sending;
    bool has_ended; /* the status is out, or nobody is there to read it */
    char *service;  /* of a watch */
    int told;       /* the status that a watcher knows */
};

struct builtin {
    struct rpc_server *server;
    struct arena *arena; /* of whoever holds the lock */
    struct reflection_source source;
    const char *services[MAX_SERVICES];
    pthread_mutex_t lock;
    struct stream *streams;
    int n_streams;
    bool is_serving;
    bool is_draining;
};

static const char health_name[] = "grpc.health.v1.Health";
static const char reflection_name[] = "grpc.reflection.v1.ServerReflection";
static const char reflection_alpha_name[] = "grpc.reflection.v1alpha.ServerReflection";

static void fire_requested(struct loop_tag *tag, bool ok);
static void fire_received(struct loop_tag *tag, bool ok);
static void fire_sent(struct loop_tag *tag, bool ok);
static void fire_closed(struct loop_tag *tag, bool ok);
static void fire_ended(struct loop_tag *tag, bool ok);

static void request_next(struct builtin *builtin)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    check(stream);
    stream->builtin = builtin;
    stream->requested = (struct loop_tag){.fire = fire_requested, .owner = stream};
    stream->received_tag = (struct loop_tag){.fire = fire_received, .owner = stream};
    stream->sent = (struct loop_tag){.fire = fire_sent, .owner = stream};
    stream->closed = (struct loop_tag){.fire = fire_closed, .owner = stream};
    stream->ended = (struct loop_tag){.fire = fire_ended, .owner = stream};
    grpc_call_details_init(&stream->details);
    grpc_metadata_array_init(&stream->metadata);
    check(grpc_server_request_call(builtin->server->grpc, &stream->call, &stream->details,
                                   &stream->metadata, builtin->server->loop.queue,
                                   builtin->server->loop.queue,
                                   &stream->requested) == GRPC_CALL_OK);
}

static void stream_free(struct stream *stream)
{
    grpc_call_details_destroy(&stream->details);
    grpc_metadata_array_destroy(&stream->metadata);
    grpc_byte_buffer_destroy(stream->received);
    if (stream->call) {
        grpc_call_unref(stream->call);
    }
    free(stream->service);
    free(stream);
}

static void batch(struct stream *stream, const grpc_op *ops, size_t n, struct loop_tag *tag)
{
    stream->batches++;
    check(grpc_call_start_batch(stream->call, ops, n, tag, NULL) == GRPC_CALL_OK);
}

static void batch_done(struct builtin *builtin, struct stream *stream)
{
    if (--stream->batches > 0) {
        return;
    }
    if (stream->previous) {
        stream->previous->next = stream->next;
    } else {
        builtin->streams = stream->next;
    }
    if (stream->next) {
        stream->next->previous = stream->previous;
    }
    builtin->n_streams--;
    stream_free(stream);
    server_call_ended(builtin->server);
}

static void receive(struct stream *stream)
{
    const grpc_op op = {.op = GRPC_OP_RECV_MESSAGE,
                        .data.recv_message.recv_message = &stream->received};
    batch(stream, &op, 1, &stream->received_tag);
}

static void watch_close(struct stream *stream)
{
    const grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
                        .data.recv_close_on_server.cancelled = &stream->cancelled};
    stream->watches_close = true;
    batch(stream, &op, 1, &stream->closed);
}

static size_t add_message(struct stream *stream, grpc_op *ops, grpc_byte_buffer *buffer)
{
    size_t n = 0;
    if (!stream->has_sent) {
        stream->has_sent = true;
        ops[n++].op = GRPC_OP_SEND_INITIAL_METADATA;
    }
    if (buffer) {
        ops[n].op = GRPC_OP_SEND_MESSAGE;
        ops[n++].data.send_message.send_message = buffer;
    }
    return n;
}

static void send_message(struct stream *stream, const ProtobufCMessage *message)
{
    grpc_op ops[2] = {{0}};
    grpc_byte_buffer *buffer = wire_pack(message);
    stream->is_sending = true;
    batch(stream, ops, add_message(stream, ops, buffer), &stream->sent);
    grpc_byte_buffer_destroy(buffer);
}

/* The last batch: an optional message, then the status. Not while a message is being sent. */
static void end(struct builtin *builtin, struct stream *stream, const ProtobufCMessage *message,
                const struct error *err)
{
    grpc_op ops[4] = {{0}};
    grpc_byte_buffer *buffer = message ? wire_pack(message) : NULL;
    grpc_metadata trailer = {0};
    grpc_slice text = grpc_empty_slice();
    size_t n = add_message(stream, ops, buffer);
    ops[n].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    if (err) {
        size_t len;
        const uint8_t *details = status_pack(builtin->arena, err, &len);
        trailer = wire_metadata(STATUS_DETAILS_KEY, details, len);
        text = grpc_slice_from_copied_string(err->detail);
        ops[n].data.send_status_from_server.status = (grpc_status_code)err->code;
        ops[n].data.send_status_from_server.status_details = &text;
        ops[n].data.send_status_from_server.trailing_metadata_count = 1;
        ops[n].data.send_status_from_server.trailing_metadata = &trailer;
    }
    n++;
    if (!stream->watches_close) {
        ops[n].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
        ops[n++].data.recv_close_on_server.cancelled = &stream->cancelled;
    }
    stream->has_ended = true;
    batch(stream, ops, n, &stream->ended);
    grpc_byte_buffer_destroy(buffer);
    grpc_slice_unref(text);
    wire_metadata_done(&trailer, err ? 1 : 0);
}

static bool is_known_service(const struct builtin *builtin, const char *name)
{
    bool known = name[0] == '\0';
    for (size_t i = 0; !known && i < builtin->source.n_services; i++) {
        known = strcmp(builtin->services[i], name) == 0;
    }
    return known;
}

static int status_of(const struct builtin *builtin, const char *service)
{
    if (!is_known_service(builtin, service)) {
        return GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN;
    }
    return builtin->is_serving
               ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
               : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
}

/* Tells a watcher what has changed; when the server drains, for the last time. */
static void watch_continue(struct builtin *builtin, struct stream *stream)
{
    if (stream->has_ended || stream->is_sending || !stream->service) {
        return;
    }
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    int status = status_of(builtin, stream->service);
    response.status = (Grpc__Health__V1__HealthCheckResponse__ServingStatus)status;
    bool is_news = status != stream->told;
    stream->told = status;
    if (builtin->is_draining) {
        end(builtin, stream, is_news ? &response.base : NULL,
            error_new(builtin->arena, REASON_SERVICE_UNAVAILABLE, "The service is stopping."));
    } else if (is_news) {
        send_message(stream, &response.base);
    }
}

static void take_health_request(struct builtin *builtin, struct stream *stream)
{
    ProtobufCMessage *message;
    const struct error *err =
        wire_unpack(builtin->arena, &grpc__health__v1__health_check_request__descriptor,
                    stream->received, &message);
    if (err) {
        end(builtin, stream, NULL, err);
        return;
    }
    const char *service = ((const Grpc__Health__V1__HealthCheckRequest *)message)->service;
    if (stream->kind == STREAM_WATCH) {
        stream->service = strdup(service);
        check(stream->service);
        watch_continue(builtin, stream);
    } else if (!is_known_service(builtin, service)) {
        /* The health protocol asks for NOT_FOUND; the reason is the nearest of ours. */
        struct error unknown =
            *error_new(builtin->arena, REASON_METHOD_UNKNOWN, "No such service.");
        unknown.code = ERROR_NOT_FOUND;
        end(builtin, stream, NULL, &unknown);
    } else {
        Grpc__Health__V1__HealthCheckResponse response =
            GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
        response.status =
            (Grpc__Health__V1__HealthCheckResponse__ServingStatus)status_of(builtin, service);
        end(builtin, stream, &response.base, NULL);
    }
}

static void take_reflection_request(struct builtin *builtin, struct stream *stream)
{
    ProtobufCMessage *message;
    const struct error *err =
        wire_unpack(builtin->arena, &grpc__reflection__v1__server_reflection_request__descriptor,
                    stream->received, &message);
    if (err) {
        end(builtin, stream, NULL, err);
        return;
    }
    send_message(stream,
                 &reflection_answer(builtin->arena, &builtin->source,
                                    (const Grpc__Reflection__V1__ServerReflectionRequest *)message)
                      ->base);
}

static void on_received(struct builtin *builtin, struct stream *stream)
{
    if (!stream->has_ended && !stream->is_sending) {
        if (!stream->received && stream->kind == STREAM_REFLECTION) {
            end(builtin, stream, NULL, NULL);
        } else if (!stream->received) {
            end(builtin, stream, NULL,
                error_new(builtin->arena, REASON_REQUEST_INVALID,
                          "The request message is missing."));
        } else if (stream->kind == STREAM_REFLECTION) {
            take_reflection_request(builtin, stream);
        } else {
            take_health_request(builtin, stream);
        }
    }
    grpc_byte_buffer_destroy(stream->received);
    stream->received = NULL;
}

static void on_sent(struct builtin *builtin, struct stream *stream, bool ok)
{
    stream->is_sending = false;
    if (!ok) {
        stream->has_ended = true;
    } else if (stream->kind == STREAM_WATCH) {
        watch_continue(builtin, stream);
    } else if (builtin->is_draining && !stream->has_ended) {
        end(builtin, stream, NULL,
            error_new(builtin->arena, REASON_SERVICE_UNAVAILABLE, "The service is stopping."));
    } else if (!stream->has_ended) {
        receive(stream);
    }
}

static enum stream_kind kind_of(grpc_slice method)
{
    static const struct {
        const char *method;
        enum stream_kind kind;
    } kinds[] = {
        {"/grpc.health.v1.Health/Check", STREAM_CHECK},
        {"/grpc.health.v1.Health/Watch", STREAM_WATCH},
        {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", STREAM_REFLECTION},
        {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", STREAM_REFLECTION},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (wire_slice_is(method, kinds[i].method)) {
            return kinds[i].kind;
        }
    }
    return STREAM_UNKNOWN;
}

static void on_requested(struct builtin *builtin, struct stream *stream)
{
    server_call_begun(builtin->server);
    if (!builtin->is_draining) {
        request_next(builtin);
    }
    stream->next = builtin->streams;
    if (stream->next) {
        stream->next->previous = stream;
    }
    builtin->streams = stream;
    builtin->n_streams++;
    stream->kind = kind_of(stream->details.method);
    if (stream->kind == STREAM_UNKNOWN) {
        end(builtin, stream, NULL,
            error_new(builtin->arena, REASON_METHOD_UNKNOWN, "This service has no such method."));
    } else if (builtin->is_draining && stream->kind != STREAM_CHECK) {
        end(builtin, stream, NULL,
            error_new(builtin->arena, REASON_SERVICE_UNAVAILABLE, "The service is stopping."));
    } else if (builtin->n_streams > (stream->kind == STREAM_CHECK ? MAX_CHECKS : MAX_STREAMS)) {
        end(builtin, stream, NULL,
            error_new(builtin->arena, REASON_OVERLOADED, "Too many streams are open."));
    } else {
        watch_close(stream);
        receive(stream);
    }
}

static struct builtin *enter(struct loop_tag *tag)
{
    struct builtin *builtin = ((struct stream *)tag->owner)->builtin;
    pthread_mutex_lock(&builtin->lock);
    return builtin;
}

static void leave(struct builtin *builtin)
{
    arena_reset(builtin->arena);
    pthread_mutex_unlock(&builtin->lock);
}

static void fire_requested(struct loop_tag *tag, bool ok)
{
    struct builtin *builtin = enter(tag);
    if (ok) {
        on_requested(builtin, tag->owner);
    } else {
        stream_free(tag->owner);
    }
    leave(builtin);
}

static void fire_received(struct loop_tag *tag, bool ok)
{
    (void)ok;
    struct builtin *builtin = enter(tag);
    on_received(builtin, tag->owner);
    batch_done(builtin, tag->owner);
    leave(builtin);
}

static void fire_sent(struct loop_tag *tag, bool ok)
{
    struct builtin *builtin = enter(tag);
    on_sent(builtin, tag->owner, ok);
    batch_done(builtin, tag->owner);
    leave(builtin);
}

static void fire_closed(struct loop_tag *tag, bool ok)
{
    (void)ok;
    struct builtin *builtin = enter(tag);
    /* The client went away, or the status has been delivered: nothing more can be sent. */
    ((struct stream *)tag->owner)->has_ended = true;
    batch_done(builtin, tag->owner);
    leave(builtin);
}

static void fire_ended(struct loop_tag *tag, bool ok)
{
    (void)ok;
    struct builtin *builtin = enter(tag);
    batch_done(builtin, tag->owner);
    leave(builtin);
}

struct builtin *builtin_new(struct rpc_server *server)
{
    struct builtin *builtin = calloc(1, sizeof(*builtin));
    check(builtin);
    builtin->server = server;
    builtin->arena = arena_new(ARENA_BYTES);
    check(pthread_mutex_init(&builtin->lock, NULL) == 0);
    const struct rpc_server_config *config = &server->config;
    size_t n = 0;
    for (size_t i = 0; config->services[i]; i++) {
        check(n < MAX_SERVICES - 3);
        builtin->services[n++] = config->services[i]->name;
    }
    builtin->services[n++] = health_name;
    builtin->services[n++] = reflection_name;
    builtin->services[n++] = reflection_alpha_name;
    builtin->source.sets[0] =
        (struct reflection_set){config->descriptor_set, config->descriptor_set_len};
    builtin->source.sets[1] =
        (struct reflection_set){builtin_descriptor_set, builtin_descriptor_set_len};
    builtin->source.services = builtin->services;
    builtin->source.n_services = n;
    return builtin;
}

void builtin_start(struct builtin *builtin)
{
    for (int i = 0; i < REQUESTS; i++) {
        request_next(builtin);
    }
}

static void tell_watchers(struct builtin *builtin)
{
    for (struct stream *stream = builtin->streams; stream; stream = stream->next) {
        if (stream->kind == STREAM_WATCH) {
            watch_continue(builtin, stream);
        }
    }
}

void builtin_set_serving(struct builtin *builtin, bool serving)
{
    pthread_mutex_lock(&builtin->lock);
    builtin->is_serving = serving && !builtin->is_draining;
    tell_watchers(builtin);
    leave(builtin);
}

void builtin_drain(struct builtin *builtin)
{
    pthread_mutex_lock(&builtin->lock);
    builtin->is_serving = false;
    builtin->is_draining = true;
    tell_watchers(builtin);
    for (struct stream *stream = builtin->streams; stream; stream = stream->next) {
        if (stream->kind == STREAM_REFLECTION && !stream->has_ended && !stream->is_sending) {
            end(builtin, stream, NULL,
                error_new(builtin->arena, REASON_SERVICE_UNAVAILABLE, "The service is stopping."));
        }
    }
    leave(builtin);
}

void builtin_free(struct builtin *builtin)
{
    pthread_mutex_destroy(&builtin->lock);
    arena_free(builtin->arena);
    free(builtin);
}
