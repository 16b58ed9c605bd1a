/* Looks at packed bytes before they are unpacked: what protobuf-c does not check, or can no longer
 * see afterwards. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "services/common/arena/arena.h"
#include "services/common/error/error.h"

enum { WIRE_DEPTH_MAX = 32 };

/* REQUEST_INVALID if the bytes are no message or nest deeper than WIRE_DEPTH_MAX; FIELD_INVALID or
 * FIELD_TOO_LONG for the first string that is not clean UTF-8 or longer than its max_bytes. */
MUST_USE const struct error *wire_check(struct arena *arena,
                                        const ProtobufCMessageDescriptor *descriptor,
                                        const uint8_t *data, size_t len);
