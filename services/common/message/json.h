/*
 * JSON <-> message, by the descriptor and its meta: no tree, no copy of the document. Strict RFC
 * 8259.
 *
 * How types look: int64 and int32 are numbers (input also takes a decimal string; a `megabytes`
 * field also "500M", "10G", "1T"), google.protobuf.Timestamp is an RFC 3339 string, FieldMask a
 * string of comma-separated paths, an enum its name, an absent optional field or sub-message null,
 * all else as expected. Floating point and bytes are not supported; no API of ours has them, and a
 * test holds that.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/arena/arena.h"
#include "services/common/error/error.h"

enum { JSON_DEPTH_MAX = 32, JSON_KEYS_MAX = 128, JSON_FAULTS_MAX = 64 };

struct json_source {
    const char *text;
    size_t len;
    bool check_required; /* `required` fields must be there: for create and replace */
};

/* The fields that were present, as proto paths ("mailbox.quota"), in the order of the document;
 * also those given as null. What an update mask holds. */
struct json_paths {
    char **paths;
    size_t n_paths;
};

/*
 * Reads one object into `message`, which is initialised. null leaves a field absent; unknown keys
 * and fields that only the server sets are skipped. A document that is no JSON is REQUEST_INVALID
 * without fields; otherwise all faulty fields are reported at once, by proto path. Strings are
 * copied into the arena.
 */
MUST_USE const struct error *json_read(struct arena *arena, const struct json_source *source,
                                       ProtobufCMessage *message, struct json_paths *ret_paths);
/* Sets one scalar field from text, as found in a path or a query: FIELD_INVALID on the field if it
 * does not fit. A repeated field is appended to. */
MUST_USE const struct error *json_set_from_text(struct arena *arena, ProtobufCMessage *message,
                                                const ProtobufCFieldDescriptor *field,
                                                const char *text);

/* Writes JSON into a buffer that grows in an arena; commas are its business. A zero writer with the
 * arena set is ready. */
struct json_writer {
    struct arena *arena;
    char *data;
    size_t len;
    size_t capacity;
    bool comma; /* the next value follows another */
};

void json_object_begin(struct json_writer *writer);
void json_object_end(struct json_writer *writer);
void json_array_begin(struct json_writer *writer);
void json_array_end(struct json_writer *writer);
void json_key(struct json_writer *writer, const char *key);
void json_string(struct json_writer *writer, const char *text);
void json_int(struct json_writer *writer, int64_t number);
void json_uint(struct json_writer *writer, uint64_t number);
void json_bool(struct json_writer *writer, bool value);
void json_null(struct json_writer *writer);
/* Bytes as they are: no escape, no comma. */
void json_raw(struct json_writer *writer, const char *data, size_t len);
/* Without secrets and without fields that travel as a cookie. */
void json_write(struct json_writer *writer, const ProtobufCMessage *message);
