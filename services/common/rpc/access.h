/* Who may call what: pure, deny by default. The server asks before each call, the gateway before it
 * looks at a request. */
#pragma once

#include "services/common/rpc/method.h"

/* CREDENTIALS_MISSING if `identity` names nobody where somebody is needed, ROLE_NOT_ALLOWED if it
 * is the wrong one. Public methods are for accounts: a service acting on its own behalf has the
 * internal ones. */
MUST_USE const struct error *access_check(struct arena *arena, const struct rpc_access *access,
                                          const Roost__Common__V1__Identity *identity);
