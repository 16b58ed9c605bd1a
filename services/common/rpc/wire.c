#include "services/common/rpc/wire.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/support/time.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/message/message.h"

/* A client that waits for no answer does not read: gRPC looks after its connections in the
 * background, by itself every 5 s. For so long a server that wants to stop would wait until the
 * client has heard of it, and a lost connection would pass for a good one. */
static void set_background_poll(void)
{
    check(setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "250", false) == 0);
}

void wire_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    check(pthread_once(&once, set_background_poll) == 0);
    grpc_init();
}

grpc_byte_buffer *wire_pack(const ProtobufCMessage *message)
{
    grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

const struct error *wire_unpack(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                                grpc_byte_buffer *buffer, ProtobufCMessage **ret_message)
{
    if (!buffer) {
        return message_unpack(arena, descriptor, NULL, 0, ret_message);
    }
    grpc_byte_buffer_reader reader;
    if (!grpc_byte_buffer_reader_init(&reader, buffer)) {
        return error_new(arena, REASON_REQUEST_INVALID,
                         "The message is compressed in an unknown way.");
    }
    /* One slice is the common case and is read in place. */
    grpc_slice *first = NULL;
    grpc_slice all;
    if (grpc_byte_buffer_reader_peek(&reader, &first) &&
        GRPC_SLICE_LENGTH(*first) == grpc_byte_buffer_length(reader.buffer_out)) {
        all = grpc_slice_ref(*first);
    } else {
        grpc_byte_buffer_reader_destroy(&reader);
        if (!grpc_byte_buffer_reader_init(&reader, buffer)) {
            return error_new(arena, REASON_REQUEST_INVALID,
                             "The message is compressed in an unknown way.");
        }
        all = grpc_byte_buffer_reader_readall(&reader);
    }
    const struct error *err = message_unpack(arena, descriptor, GRPC_SLICE_START_PTR(all),
                                             GRPC_SLICE_LENGTH(all), ret_message);
    grpc_slice_unref(all);
    grpc_byte_buffer_reader_destroy(&reader);
    return err;
}

bool wire_metadata_find(const grpc_metadata_array *metadata, const char *name,
                        const uint8_t **ret_data, size_t *ret_len)
{
    for (size_t i = 0; i < metadata->count; i++) {
        if (wire_slice_is(metadata->metadata[i].key, name)) {
            *ret_data = GRPC_SLICE_START_PTR(metadata->metadata[i].value);
            *ret_len = GRPC_SLICE_LENGTH(metadata->metadata[i].value);
            return true;
        }
    }
    return false;
}

grpc_metadata wire_metadata(const char *static_name, const void *value, size_t len)
{
    return (grpc_metadata){
        .key = grpc_slice_from_static_string(static_name),
        .value = grpc_slice_from_copied_buffer(value, len),
    };
}

void wire_metadata_done(grpc_metadata *entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        grpc_slice_unref(entries[i].key);
        grpc_slice_unref(entries[i].value);
    }
}

bool wire_slice_is(grpc_slice slice, const char *text)
{
    size_t len = strlen(text);
    return GRPC_SLICE_LENGTH(slice) == len && memcmp(GRPC_SLICE_START_PTR(slice), text, len) == 0;
}

int64_t wire_deadline_us(gpr_timespec deadline, int64_t cap_us)
{
    int64_t now_us = clock_monotonic_us();
    gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
    if (left.tv_sec > cap_us / 1000000) {
        return now_us + cap_us;
    }
    int64_t left_us = left.tv_sec * 1000000 + left.tv_nsec / 1000;
    return now_us + (left_us < cap_us ? left_us : cap_us);
}

gpr_timespec wire_deadline(int64_t deadline_us)
{
    int64_t left_us = deadline_us - clock_monotonic_us();
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                        gpr_time_from_micros(left_us > 0 ? left_us : 0, GPR_TIMESPAN));
}
