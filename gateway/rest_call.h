/* Calls of the services. */
#pragma once

#include "gateway/gateway.h"
#include "gateway/route.h"

struct rest_call {
    struct worker *worker;
    struct http_exchange *exchange;
    const struct route *route;
    const Roost__Common__V1__Identity *identity;
    ProtobufCMessage *request;
};

/* Calls, with everything in `arena`. What only reads or carries a request id is tried again, twice
 * at most, while its service is unavailable and the deadline allows. */
MUST_USE const struct error *rest_call(const struct rest_call *rest, struct arena *arena,
                                       int64_t deadline_us, ProtobufCMessage **ret_response);
