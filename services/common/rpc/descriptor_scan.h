/* Reads serialized descriptors in place, without unpacking them: what reflection needs. Pure.
 * Private to rpc. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes inside a serialized message; len 0 and data NULL where there is nothing. */
struct scan_bytes {
    const uint8_t *data;
    size_t len;
};

/* The next length-delimited field `number` in *rest, which moves past it. False at the end, or
 * where the bytes make no sense. */
bool scan_next(struct scan_bytes *rest, uint32_t number, struct scan_bytes *ret_value);
/* The last value of an integer field, 0 if it is absent. */
uint64_t scan_integer(struct scan_bytes message, uint32_t number);
bool scan_is(struct scan_bytes bytes, const char *text);

/* The name of a FileDescriptorProto. */
struct scan_bytes scan_file_name(struct scan_bytes file);
/* Whether the file defines this full name: a message, enum, value, field, service, method or
 * extension. */
bool scan_file_defines(struct scan_bytes file, const char *symbol);
/* Calls fn with the number of each extension of `type` ("google.protobuf.FieldOptions") that the
 * file defines; stops when fn returns false. */
void scan_extensions(struct scan_bytes file, const char *type,
                     bool (*fn)(void *ctx, int32_t number), void *ctx);
