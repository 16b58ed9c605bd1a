#include "gateway/rest_call.h"

#include <time.h>

#include "services/common/clock/clock.h"
#include "services/common/message/message.h"

enum { RETRIES_MAX = 2 };

static const int64_t pauses_us[RETRIES_MAX] = {20000, 150000};

static bool may_repeat(const struct rest_call *rest)
{
    const struct route *route = rest->route;
    return route->method == ROUTE_GET ||
           (route->request_id && message_has_field(rest->request, route->request_id));
}

static void pause_for(int64_t duration_us)
{
    nanosleep(&(struct timespec){.tv_nsec = duration_us * 1000}, NULL);
}

const struct error *rest_call(const struct rest_call *rest, struct arena *arena,
                              int64_t deadline_us, ProtobufCMessage **ret_response)
{
    for (int retry = 0;; retry++) {
        struct call call = {
            .arena = arena,
            .identity = rest->identity,
            .method = rest->route->template,
            .trace_id = rest->exchange->request_id,
            .deadline_us = deadline_us,
            .peers = rest->worker->gateway->peers,
        };
        const struct error *err = rpc_call(&call, rest->route->rpc, rest->request, ret_response);
        if (!err || err->code != ERROR_UNAVAILABLE || retry == RETRIES_MAX || !may_repeat(rest) ||
            clock_monotonic_us() + pauses_us[retry] >= deadline_us) {
            return err;
        }
        pause_for(pauses_us[retry]);
    }
}
