/* Whether the gateway, and what is behind it, can serve. */
#pragma once

#include "gateway/gateway.h"

/* /healthz: the process is up. */
void health_send_alive(struct http_exchange *exchange);
/* /readyz: every service says SERVING, and this process is not stopping. 503 otherwise. */
void health_send_ready(struct worker *worker, struct http_exchange *exchange);
