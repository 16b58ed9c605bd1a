/* Who the bearer of a token or session is. */
#pragma once

#include "proto/roost/common/v1/identity.pb-c.h"
#include "services/common/rpc/call.h"

/* rpc_authenticate_fn: how this service knows direct gRPC callers, by the key of an API token or,
 * for clients that log in for a few calls, the session that Login gave. Not cached here: a revoked
 * token must stop working on the next request. CREDENTIALS_INVALID, ACCOUNT_DISABLED. */
MUST_USE const struct error *authentication_by_token(
    struct call *call, const char *token, const Roost__Common__V1__Identity **ret_identity);
/* The same for the value of the cookie, with the session's CSRF token. */
MUST_USE const struct error *authentication_by_session(
    struct call *call, const char *cookie, const Roost__Common__V1__Identity **ret_identity,
    const char **ret_csrf_token);
