/* Errors on the wire: a gRPC status with google.rpc.Status in the metadata grpc-status-details-bin.
 * Private to rpc. */
#pragma once

#include "services/common/error/error.h"

#define STATUS_DETAILS_KEY "grpc-status-details-bin"

/* "NOT_FOUND" for ERROR_NOT_FOUND; "UNKNOWN" for a number that is no code. */
const char *status_code_name(enum error_code code);
/* google.rpc.Status with ErrorInfo, BadRequest and RetryInfo as far as `err` has them, packed into
 * the arena. Field faults that would make it too large for a trailer are left out. */
uint8_t *status_pack(struct arena *arena, const struct error *err, size_t *ret_len);
/* The error that a peer sent. Without readable details the reason follows from the code, and
 * `message` becomes the cause: it may be text of the transport, which is not for callers. */
const struct error *status_unpack(struct arena *arena, int code, const char *message,
                                  const uint8_t *details, size_t len);
