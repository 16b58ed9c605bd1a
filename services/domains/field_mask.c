#include "services/domains/field_mask.h"

#include <string.h>

#include "services/common/message/message.h"

const struct error *field_mask_read(struct arena *arena, const Google__Protobuf__FieldMask *mask,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    struct field_mask *ret_mask)
{
    struct field_mask found = {.paths = NULL};
    for (size_t i = 0; mask && i < mask->n_paths; i++) {
        if (strcmp(mask->paths[i], "*") == 0) {
            found.is_all = true;
        } else if (!message_field(descriptor, mask->paths[i])) {
            return error_on_field(arena, REASON_FIELD_INVALID, "update_mask",
                                  "There is no field \"%s\".", mask->paths[i]);
        }
    }
    if (mask && !found.is_all) {
        found.paths = mask->paths;
        found.n_paths = mask->n_paths;
    }
    *ret_mask = found;
    return NULL;
}

bool field_mask_has(const struct field_mask *mask, const char *path, bool is_present)
{
    if (mask->n_paths == 0) {
        return is_present;
    }
    return message_mask_has(mask->paths, mask->n_paths, path);
}
