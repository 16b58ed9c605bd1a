#include "services/domains/field_mask.h"

#include <string.h>

#include "services/common/message/message.h"

const struct error *field_mask_read(struct arena *arena, const Google__Protobuf__FieldMask *mask,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    struct field_mask *ret_mask)
{
    struct field_mask found = {.paths = mask ? mask->paths : NULL,
                               .n_paths = mask ? mask->n_paths : 0};
    const struct error *err = message_check_mask(arena, descriptor, found.paths, found.n_paths);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < found.n_paths && !found.is_all; i++) {
        found.is_all = strcmp(found.paths[i], "*") == 0;
    }
    if (found.is_all) {
        found.n_paths = 0;
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
