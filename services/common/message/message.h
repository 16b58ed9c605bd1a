/* Generic work on protobuf-c messages. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "services/common/arena/arena.h"
#include "services/common/error/error.h"

/* A new initialised message in the arena. */
void *message_new(struct arena *arena, const ProtobufCMessageDescriptor *descriptor);
/* Unpacks into the arena; INVALID_ARGUMENT if the bytes are no such message, hold a string that is
 * not UTF-8 or has a NUL or other C0/C1 control characters other than tab and newline, or one over
 * its max_bytes. */
MUST_USE const struct error *message_unpack(struct arena *arena,
                                            const ProtobufCMessageDescriptor *descriptor,
                                            const uint8_t *data, size_t len,
                                            ProtobufCMessage **ret_message);
/* Packs into the arena. */
uint8_t *message_pack(struct arena *arena, const ProtobufCMessage *message, size_t *ret_len);
/* A deep copy by pack and unpack. */
ProtobufCMessage *message_copy(struct arena *arena, const ProtobufCMessage *message);
const ProtobufCFieldDescriptor *message_field(const ProtobufCMessageDescriptor *descriptor,
                                              const char *name);
/* Whether a field is set: presence for optional, oneof and message fields, non-default for others.
 */
bool message_has_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
/* Whether `mask` (NULL or empty: everything; "*": everything) names this proto field path or a
 * parent of it. */
bool message_mask_has(char *const *paths, size_t n_paths, const char *path);
/* FIELD_INVALID on `update_mask` if a path is neither "*" nor that of a field, or of a field of a
 * field and so on. */
MUST_USE const struct error *message_check_mask(struct arena *arena,
                                                const ProtobufCMessageDescriptor *descriptor,
                                                char *const *paths, size_t n_paths);
/* The message as JSON for events: REST names, no secrets. NUL-terminated. */
char *message_to_json(struct arena *arena, const ProtobufCMessage *message);
