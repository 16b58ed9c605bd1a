#include "services/common/rpc/attempt.h"

#include <string.h>

#include "services/common/rpc/status.h"
#include "services/common/rpc/wire.h"

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

const struct error *attempt_make(struct call *call, struct client_thread *thread,
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
        client_thread_await(thread, grpc);
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
