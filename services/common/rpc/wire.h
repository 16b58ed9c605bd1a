/* Messages, metadata and text as gRPC's core holds them. Private to rpc. */
#pragma once

#include <grpc/grpc.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "services/common/error/error.h"

/* The largest message taken and the largest header block, in bytes. */
enum {
    WIRE_MAX_MESSAGE_BYTES = 1048576,
    WIRE_MAX_RESPONSE_BYTES = 16777216,
    WIRE_MAX_METADATA_BYTES = 16384
};

/* grpc_init, with what this process wants of the library. Undone by grpc_shutdown. */
void wire_init(void);

/* A new buffer with the packed message; the caller destroys it. */
grpc_byte_buffer *wire_pack(const ProtobufCMessage *message);
/* Unpacks and validates into the arena; `buffer` NULL is an empty message. The buffer stays the
 * caller's. */
MUST_USE const struct error *wire_unpack(struct arena *arena,
                                         const ProtobufCMessageDescriptor *descriptor,
                                         grpc_byte_buffer *buffer, ProtobufCMessage **ret_message);

/* The first value of this name; false if there is none. The bytes live as long as the array. */
bool wire_metadata_find(const grpc_metadata_array *metadata, const char *name,
                        const uint8_t **ret_data, size_t *ret_len);
/* One entry; both slices are new references that wire_metadata_done releases. */
grpc_metadata wire_metadata(const char *static_name, const void *value, size_t len);
void wire_metadata_done(grpc_metadata *entries, size_t n);

bool wire_slice_is(grpc_slice slice, const char *text);

/* The deadline of a call, monotonic microseconds, no later than `cap_us` from now; and back. */
int64_t wire_deadline_us(gpr_timespec deadline, int64_t cap_us);
gpr_timespec wire_deadline(int64_t deadline_us);
