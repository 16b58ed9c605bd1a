/* The field mask of an update request. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "google/protobuf/field_mask.pb-c.h"
#include "services/common/error/error.h"

struct field_mask {
    char *const *paths;
    size_t n_paths;
    bool is_all; /* "*" */
};

/* FIELD_INVALID on `update_mask` if a path names no field of the message. `mask` may be NULL. */
MUST_USE const struct error *field_mask_read(struct arena *arena,
                                             const Google__Protobuf__FieldMask *mask,
                                             const ProtobufCMessageDescriptor *descriptor,
                                             struct field_mask *ret_mask);
/* Whether a field is to be changed: the mask names it, or the mask is absent or "*" and the request
 * has the field. */
bool field_mask_has(const struct field_mask *mask, const char *path, bool is_present);
