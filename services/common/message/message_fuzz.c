/* Bytes from the wire are refused, or become a message whose strings are clean and that packs and
 * shows as JSON. The first byte chooses the message. */
#include <string.h>

#include "services/common/fuzz/fuzz.h"
#include "services/common/message/message.h"
#include "services/common/message/meta.h"
#include "services/common/message/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(16384);
    ProtobufCMessage *message = NULL;
    if (size > 0) {
        const struct message_meta *meta = message_metas[data[0] % n_message_metas];
        const struct error *err =
            message_unpack(arena, meta->descriptor, data + 1, size - 1, &message);
        check(err ? err->code == ERROR_INVALID_ARGUMENT : message != NULL);
    }
    if (message) {
        const char *json = message_to_json(arena, message);
        check(utf8_check(json, strlen(json)) == UTF8_OK);
        check(message_copy(arena, message));
        for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
            message_has_field(message, &message->descriptor->fields[i]);
        }
    }
    arena_free(arena);
    return 0;
}
