#include "services/common/rpc/status.h"

#include <string.h>

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "services/common/message/message.h"
#include "services/common/rpc/error_info.pb-c.h"

#define ERROR_DOMAIN     "roost"
#define ERROR_INFO_TYPE  "type.googleapis.com/google.rpc.ErrorInfo"
#define BAD_REQUEST_TYPE "type.googleapis.com/google.rpc.BadRequest"
#define RETRY_INFO_TYPE  "type.googleapis.com/google.rpc.RetryInfo"

enum {
    MAX_FIELD_BYTES =
        4096, /* of all field faults in one status: a client takes 8 KiB of trailers by default */
    MAX_DETAILS = 16,
    MAX_RETRY_AFTER_S = 86400,
};

const char *status_code_name(enum error_code code)
{
    static const char *const names[] = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };
    return (unsigned)code < sizeof(names) / sizeof(names[0]) ? names[code] : "UNKNOWN";
}

static Google__Protobuf__Any *any_new(struct arena *arena, const char *type_url,
                                      const ProtobufCMessage *message)
{
    Google__Protobuf__Any *any = message_new(arena, &google__protobuf__any__descriptor);
    any->type_url = (char *)type_url;
    any->value.data = message_pack(arena, message, &any->value.len);
    return any;
}

static Google__Protobuf__Any *error_info_new(struct arena *arena, const struct error *err)
{
    Roost__Rpc__ErrorInfo info = ROOST__RPC__ERROR_INFO__INIT;
    info.reason = (char *)err->reason;
    info.domain = ERROR_DOMAIN;
    return any_new(arena, ERROR_INFO_TYPE, &info.base);
}

static Google__Protobuf__Any *bad_request_new(struct arena *arena, const struct error *err)
{
    Google__Rpc__BadRequest bad = GOOGLE__RPC__BAD_REQUEST__INIT;
    bad.field_violations = arena_alloc(arena, err->n_fields * sizeof(*bad.field_violations));
    size_t bytes = 0;
    for (size_t i = 0; i < err->n_fields; i++) {
        bytes += strlen(err->fields[i].field) + strlen(err->fields[i].message) + 8;
        if (bytes > MAX_FIELD_BYTES) {
            break;
        }
        Google__Rpc__BadRequest__FieldViolation *violation =
            message_new(arena, &google__rpc__bad_request__field_violation__descriptor);
        violation->field = (char *)err->fields[i].field;
        violation->description = (char *)err->fields[i].message;
        bad.field_violations[bad.n_field_violations++] = violation;
    }
    return any_new(arena, BAD_REQUEST_TYPE, &bad.base);
}

static Google__Protobuf__Any *retry_info_new(struct arena *arena, const struct error *err)
{
    Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;
    delay.seconds = err->retry_after_ms / 1000;
    delay.nanos = (int32_t)(err->retry_after_ms % 1000 * 1000000);
    Google__Rpc__RetryInfo info = GOOGLE__RPC__RETRY_INFO__INIT;
    info.retry_delay = &delay;
    return any_new(arena, RETRY_INFO_TYPE, &info.base);
}

uint8_t *status_pack(struct arena *arena, const struct error *err, size_t *ret_len)
{
    Google__Protobuf__Any *details[3];
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    status.code = (int32_t)err->code;
    status.message = (char *)err->detail;
    status.details = details;
    details[status.n_details++] = error_info_new(arena, err);
    if (err->n_fields > 0) {
        details[status.n_details++] = bad_request_new(arena, err);
    }
    if (err->retry_after_ms > 0) {
        details[status.n_details++] = retry_info_new(arena, err);
    }
    return message_pack(arena, &status.base, ret_len);
}

static void take_bad_request(struct arena *arena, const Google__Rpc__BadRequest *bad,
                             struct error *err)
{
    struct error_field *fields = arena_alloc(arena, bad->n_field_violations * sizeof(*fields));
    for (size_t i = 0; i < bad->n_field_violations; i++) {
        fields[i].field = bad->field_violations[i]->field;
        fields[i].message = bad->field_violations[i]->description;
    }
    err->fields = fields;
    err->n_fields = bad->n_field_violations;
}

static void take_detail(struct arena *arena, const Google__Protobuf__Any *any, struct error *err)
{
    static const struct {
        const char *type_url;
        const ProtobufCMessageDescriptor *descriptor;
    } kinds[] = {
        {ERROR_INFO_TYPE, &roost__rpc__error_info__descriptor},
        {BAD_REQUEST_TYPE, &google__rpc__bad_request__descriptor},
        {RETRY_INFO_TYPE, &google__rpc__retry_info__descriptor},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        ProtobufCMessage *message;
        if (strcmp(any->type_url, kinds[i].type_url) != 0 ||
            message_unpack(arena, kinds[i].descriptor, any->value.data, any->value.len, &message)) {
            continue;
        }
        if (i == 0) {
            err->reason = ((const Roost__Rpc__ErrorInfo *)message)->reason;
        } else if (i == 1) {
            take_bad_request(arena, (const Google__Rpc__BadRequest *)message, err);
        } else {
            const Google__Protobuf__Duration *delay =
                ((const Google__Rpc__RetryInfo *)message)->retry_delay;
            if (delay && delay->seconds >= 0 && delay->seconds <= MAX_RETRY_AFTER_S) {
                err->retry_after_ms = delay->seconds * 1000 + delay->nanos / 1000000;
            }
        }
    }
}

static enum error_reason reason_of_code(int code, const char *message)
{
    switch (code) {
    case ERROR_CANCELLED:
        return REASON_CANCELLED;
    case ERROR_DEADLINE_EXCEEDED:
        return REASON_DEADLINE_EXCEEDED;
    case ERROR_RESOURCE_EXHAUSTED:
        /* Only gRPC's words tell its own limit from the peer's. */
        return strstr(message, "larger than max") ? REASON_MESSAGE_TOO_LARGE : REASON_OVERLOADED;
    case ERROR_UNIMPLEMENTED:
        return REASON_METHOD_UNKNOWN;
    case ERROR_UNAVAILABLE:
        return REASON_SERVICE_UNAVAILABLE;
    case ERROR_UNAUTHENTICATED:
        return REASON_CREDENTIALS_INVALID;
    default:
        return REASON_INTERNAL;
    }
}

static const struct error *error_of_code(struct arena *arena, int code, const char *message)
{
    static const struct {
        enum error_reason reason;
        const char *detail;
    } sentences[] = {
        {REASON_CANCELLED, "The call was cancelled."},
        {REASON_DEADLINE_EXCEEDED, "The call took longer than its deadline."},
        {REASON_OVERLOADED, "A service has more work than it can take at the moment."},
        {REASON_MESSAGE_TOO_LARGE, "The message is too large."},
        {REASON_METHOD_UNKNOWN, "A service does not know this method."},
        {REASON_SERVICE_UNAVAILABLE, "A service is not available at the moment."},
        {REASON_CREDENTIALS_INVALID, "The credentials are not valid."},
    };
    enum error_reason reason = reason_of_code(code, message);
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (sentences[i].reason == reason) {
            const struct error *err = error_new(arena, reason, "%s", sentences[i].detail);
            return error_with_cause(arena, err, "%s", message);
        }
    }
    return error_internal(arena, "peer answered %s: %s", status_code_name(code), message);
}

const struct error *status_unpack(struct arena *arena, int code, const char *message,
                                  const uint8_t *details, size_t len)
{
    ProtobufCMessage *unpacked;
    if (len == 0 ||
        message_unpack(arena, &google__rpc__status__descriptor, details, len, &unpacked)) {
        return error_of_code(arena, code, message);
    }
    const Google__Rpc__Status *status = (const Google__Rpc__Status *)unpacked;
    struct error *err = arena_alloc(arena, sizeof(*err));
    err->code =
        code > ERROR_OK && code <= ERROR_UNAUTHENTICATED ? (enum error_code)code : ERROR_UNKNOWN;
    err->detail = status->message;
    for (size_t i = 0; i < status->n_details && i < MAX_DETAILS; i++) {
        take_detail(arena, status->details[i], err);
    }
    return err->reason && *err->reason ? err : error_of_code(arena, code, message);
}
