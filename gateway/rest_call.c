#include "gateway/rest_call.h"

#include "gateway/retry.h"
#include "services/common/message/message.h"

static bool may_repeat(const struct rest_call *rest)
{
    const struct route *route = rest->route;
    return route->method == ROUTE_GET ||
           (route->request_id && message_has_field(rest->request, route->request_id));
}

const struct error *rest_call(const struct rest_call *rest, struct arena *arena,
                              int64_t deadline_us, ProtobufCMessage **ret_response)
{
    const struct error *err;
    int tries = 0;
    do {
        struct call call = {
            .arena = arena,
            .identity = rest->identity,
            .method = rest->route->template,
            .trace_id = rest->exchange->request_id,
            .deadline_us = deadline_us,
            .peers = rest->worker->gateway->peers,
        };
        err = rpc_call(&call, rest->route->rpc, rest->request, ret_response);
    } while (err && may_repeat(rest) && retry_after(err, &tries, deadline_us));
    return err;
}
