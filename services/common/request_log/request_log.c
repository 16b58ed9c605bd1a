#include "services/common/request_log/request_log.h"

#include <openssl/evp.h>
#include <string.h>

#include "services/common/request_log/sql/request_log.sql.h"

enum { REQUEST_ID_MAX_BYTES = 64, HASH_BYTES = 32, EXPIRE_BATCH = 1000, RETRY_AFTER_MS = 1000 };

/* The key, as arguments of every statement. */
#define KEY_ARGS(call, id)                                                                   \
    pg_int64("account_id", (call)->identity->account_id), pg_text("method", (call)->method), \
        pg_text("request_id", (id))

static bool is_off(const char *request_id)
{
    return !request_id || !*request_id;
}

/* SHA-256 over the request without its request_id. */
static void hash_request(struct call *call, const ProtobufCMessage *request,
                         uint8_t hash[static HASH_BYTES])
{
    const ProtobufCMessageDescriptor *descriptor = request->descriptor;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(descriptor, "request_id");
    ProtobufCMessage *copy = arena_memdup(call->arena, request, descriptor->sizeof_message);
    uint8_t *packed;
    size_t len;

    if (field && field->type == PROTOBUF_C_TYPE_STRING) {
        *(char **)(void *)((char *)copy + field->offset) = NULL;
    }
    packed = arena_alloc(call->arena, protobuf_c_message_get_packed_size(copy));
    len = protobuf_c_message_pack(copy, packed);
    check(EVP_Digest(packed, len, hash, NULL, EVP_sha256(), NULL) == 1);
}

static const struct error *replay(struct call *call, const uint8_t *data, size_t len,
                                  const ProtobufCMessageDescriptor *response,
                                  ProtobufCMessage **ret_replayed)
{
    ProtobufCMessage *message =
        protobuf_c_message_unpack(response, arena_allocator(call->arena), len, data);

    if (!message) {
        return error_internal(call->arena, "the logged response is no %s", response->name);
    }
    *ret_replayed = message;
    return NULL;
}

/* Somebody has begun it and not ended it. */
static const struct error *take_over(struct call *call, const char *request_id)
{
    const struct error *err;
    int64_t n_rows = 0;

    err = pg_run(call->pg, &request_log_sql_request_take_over,
                 PG_ARGS(NULL, KEY_ARGS(call, request_id)), &n_rows);
    if (err || n_rows == 1) {
        return err;
    }
    err = error_new(call->arena, REASON_REQUEST_IN_PROGRESS,
                    "The same request is being carried out.");
    return error_with_retry_after(call->arena, err, RETRY_AFTER_MS);
}

static const struct error *answer_again(struct call *call, const char *request_id,
                                        const uint8_t *hash,
                                        const ProtobufCMessageDescriptor *response,
                                        ProtobufCMessage **ret_replayed)
{
    const struct error *err;
    struct pg_rows rows;
    const uint8_t *data;
    size_t len;

    err = pg_query(
        call->pg, &request_log_sql_request_find,
        PG_ARGS(NULL, KEY_ARGS(call, request_id), pg_bytes("request_hash", hash, HASH_BYTES)),
        &rows);
    if (err) {
        return err;
    }
    if (rows.n_rows == 0) {
        /* It expired or was forgotten between the two statements. */
        return error_new(call->arena, REASON_SERIALIZATION_FAILED,
                         "The change collided with another one; try again.");
    }
    if (!pg_value_bool(&rows, 0, 0)) {
        return error_on_field(call->arena, REASON_REQUEST_ID_REUSED, "request_id",
                              "This request_id was used for another request.");
    }
    if (!pg_value_bool(&rows, 0, 1)) {
        return take_over(call, request_id);
    }
    data = pg_value_bytes(call->pg, &rows, 0, 2, &len);
    return replay(call, data, len, response, ret_replayed);
}

const struct error *request_log_begin(struct call *call, const char *request_id,
                                      const ProtobufCMessage *request,
                                      const ProtobufCMessageDescriptor *response,
                                      ProtobufCMessage **ret_replayed)
{
    uint8_t hash[HASH_BYTES];
    const struct error *err;
    int64_t n_rows = 0;

    if (is_off(request_id)) {
        *ret_replayed = NULL;
        return NULL;
    }
    if (strlen(request_id) > REQUEST_ID_MAX_BYTES) {
        return error_on_field(call->arena, REASON_FIELD_TOO_LONG, "request_id",
                              "Must have at most %d bytes.", REQUEST_ID_MAX_BYTES);
    }
    hash_request(call, request, hash);
    /* Waits for a transaction that has inserted the same key, until that commits or rolls back. */
    err = pg_run(
        call->pg, &request_log_sql_request_insert,
        PG_ARGS(NULL, KEY_ARGS(call, request_id), pg_bytes("request_hash", hash, HASH_BYTES)),
        &n_rows);
    if (err) {
        return err;
    }
    *ret_replayed = NULL;
    return n_rows == 1 ? NULL : answer_again(call, request_id, hash, response, ret_replayed);
}

const struct error *request_log_end(struct call *call, const char *request_id,
                                    const ProtobufCMessage *response)
{
    const struct error *err;
    int64_t n_rows = 0;
    uint8_t *packed;
    size_t len;

    if (is_off(request_id)) {
        return NULL;
    }
    packed = arena_alloc(call->arena, protobuf_c_message_get_packed_size(response));
    len = protobuf_c_message_pack(response, packed);
    err = pg_run(call->pg, &request_log_sql_request_finish,
                 PG_ARGS(NULL, KEY_ARGS(call, request_id), pg_bytes("response", packed, len)),
                 &n_rows);
    if (!err && n_rows != 1) {
        return error_internal(call->arena, "request_log_end without request_log_begin");
    }
    return err;
}

const struct error *request_log_forget(struct call *call, const char *request_id)
{
    if (is_off(request_id)) {
        return NULL;
    }
    return pg_run(call->pg, &request_log_sql_request_forget,
                  PG_ARGS(NULL, KEY_ARGS(call, request_id)), NULL);
}

const struct error *request_log_expire(struct call *call)
{
    int64_t n_rows = EXPIRE_BATCH;

    while (n_rows == EXPIRE_BATCH && !call_is_cancelled(call)) {
        const struct error *err = pg_run(call->pg, &request_log_sql_request_expire, NULL, &n_rows);

        if (err) {
            return err;
        }
    }
    return NULL;
}
