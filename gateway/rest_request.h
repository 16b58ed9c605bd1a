/* HTTP to a request message, by the route. */
#pragma once

#include "gateway/http.h"
#include "gateway/route.h"
#include "gateway/session.h"
#include "gateway/url.h"
#include "services/common/error/error.h"

struct rest_request {
    const struct route *route;
    const struct url_path *path;
    const struct url_query *query;
    const struct session_caller *caller;
    struct json_source body; /* where the route takes one */
};

/* Fills the path's fields of `message`. False: a value does not fit, so there is no such object. */
bool rest_request_set_path(struct arena *arena, const struct rest_request *request,
                           ProtobufCMessage *message);
/* All the rest: body, query, update mask, Idempotency-Key, If-Match and what the gateway knows
 * itself. Faulty fields are reported at once, by proto path from `message`. */
MUST_USE const struct error *rest_request_fill(struct http_exchange *exchange,
                                               const struct rest_request *request,
                                               ProtobufCMessage *message);
bool rest_request_takes_body(const struct route *route);
