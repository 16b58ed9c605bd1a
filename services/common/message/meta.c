#include "services/common/message/meta.h"

#include <string.h>

const struct message_meta *message_meta_find(const ProtobufCMessageDescriptor *descriptor)
{
    size_t low = 0;
    size_t high = n_message_metas;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct message_meta *meta = message_metas[middle];
        if (meta->descriptor == descriptor) {
            return meta;
        }
        if (strcmp(meta->descriptor->name, descriptor->name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
