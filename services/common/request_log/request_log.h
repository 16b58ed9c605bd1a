/*
 * Idempotent writes. Inside a write transaction: request_log_begin at its start, request_log_end
 * before its commit. The key is (caller's account, method, request_id); an empty request_id
 * switches all of it off. The same key with the same request answers again what was answered; with
 * another request it is REQUEST_ID_REUSED; two at once execute once (the second waits for the
 * first). Kept for 24 h, the response in clear: not for responses that hold a secret.
 */
#pragma once

#include "services/common/pg/pg.h"
#include "services/common/rpc/call.h"

/* *ret_replayed is the stored response, or NULL: go ahead. The request is hashed without its
 * request_id. */
MUST_USE const struct error *request_log_begin(struct call *call, const char *request_id,
                                               const ProtobufCMessage *request,
                                               const ProtobufCMessageDescriptor *response,
                                               ProtobufCMessage **ret_replayed);
MUST_USE const struct error *request_log_end(struct call *call, const char *request_id,
                                             const ProtobufCMessage *response);
/* Inside a transaction: the write was begun in an earlier one and then refused, so the key is free
 * again. A write that is begun in one transaction and ended in a later one answers
 * REQUEST_IN_PROGRESS in between; if its process dies, the next request with the key takes it over
 * after a minute. */
MUST_USE const struct error *request_log_forget(struct call *call, const char *request_id);
/* Service task: deletes what is older than 24 h. */
MUST_USE const struct error *request_log_expire(struct call *call);
