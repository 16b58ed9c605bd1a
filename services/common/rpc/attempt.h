/* One try to have a call answered, without a second one. Private to rpc. */
#pragma once

#include <grpc/grpc.h>

#include "services/common/rpc/client_thread.h"
#include "services/common/rpc/method.h"

/* What is sent. */
struct attempt {
    grpc_channel *channel;
    const struct rpc_method *method;
    const ProtobufCMessage *request;
    grpc_metadata *metadata; /* stays the caller's */
    size_t n_metadata;
    bool not_sent; /* out: the peer could not be reached, so it cannot have seen the request */
};

/* Blocks until the answer or the call's deadline. */
MUST_USE const struct error *attempt_make(struct call *call, struct client_thread *thread,
                                          struct attempt *attempt, ProtobufCMessage **ret_response);
