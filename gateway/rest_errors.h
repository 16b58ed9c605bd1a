/*
 * The one place that turns errors into answers. In DRF's shape: {"field": ["message"]} where fields
 * are at fault, by their REST names and nested as in the body, {"detail": "message"} otherwise. As
 * application/problem+json (RFC 9457) for those who accept that. Causes and text of failures inside
 * never leave.
 */
#pragma once

#include "gateway/http.h"
#include "gateway/route.h"
#include "services/common/error/error.h"

/* The HTTP status of an error. */
int rest_errors_status(const struct error *err);
/* Answers with the error. `route` gives the names of fields; NULL if there is none. */
void rest_errors_send(struct http_exchange *exchange, const struct route *route,
                      const struct error *err);
/* Answers with a status and one sentence: faults of HTTP itself. */
void rest_errors_send_fault(struct http_exchange *exchange, const struct http_fault *fault);
