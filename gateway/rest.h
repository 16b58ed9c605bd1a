/* The REST API: a route, a caller, a request message, a call, an answer. No code here knows an
 * operation. */
#pragma once

#include "gateway/gateway.h"
#include "gateway/url.h"

/* Answers a request whose path begins with /api/. */
void rest_serve(struct worker *worker, struct http_exchange *exchange, const struct url_path *path);
