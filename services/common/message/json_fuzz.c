/* Whatever is read is written again as JSON that reads back to the same message; nothing crashes.
 */
#include <string.h>

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"
#include "services/common/fuzz/fuzz.h"
#include "services/common/message/json.h"
#include "services/common/message/message.h"

static void try_message(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                        const struct json_source *source)
{
    struct json_paths paths = {0};
    ProtobufCMessage *message = message_new(arena, descriptor);
    const struct error *err = json_read(arena, source, message, &paths);
    if (err) {
        check(err->code == ERROR_INVALID_ARGUMENT && err->n_fields <= JSON_FAULTS_MAX);
        return;
    }
    size_t len;
    const uint8_t *packed = message_pack(arena, message, &len);
    ProtobufCMessage *unpacked = NULL;
    check(!message_unpack(arena, descriptor, packed, len, &unpacked));
    const char *text = message_to_json(arena, message);
    const struct json_source again = {.text = text, .len = strlen(text)};
    ProtobufCMessage *copy = message_new(arena, descriptor);
    err = json_read(arena, &again, copy, &paths);
    /* A required text that was not given is "" in the output, which the reader refuses. */
    check(err || strcmp(message_to_json(arena, copy), text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(16384);
    const struct json_source source = {.text = arena_strndup(arena, (const char *)data, size),
                                       .len = size};
    try_message(arena, &roost__accounts__v1__account__descriptor, &source);
    try_message(arena, &roost__mailboxes__v1__alias__descriptor, &source);
    arena_free(arena);
    return 0;
}
