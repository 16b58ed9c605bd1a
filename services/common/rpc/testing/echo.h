/* The service of echo.proto, for tests of rpc. */
#pragma once

#include <stdatomic.h>

#include "services/common/rpc/method.h"
#include "services/common/rpc/server.h"
#include "services/common/rpc/testing/echo.pb-c.h"

extern const struct rpc_service echo_service;
extern const struct rpc_service echo_internal_service;
/* As a client calls them. */
extern const struct rpc_method echo_methods[6];
extern const struct rpc_method echo_internal_methods[1];
enum echo_method { ECHO_OPEN, ECHO_ECHO, ECHO_MANAGE, ECHO_FORGOTTEN, ECHO_FAIL, ECHO_FORWARD };

/* How many handlers have begun, how many of them saw their call cancelled. */
extern atomic_int echo_n_begun;
extern atomic_int echo_n_cancelled;

/* Knows the token "good" (account 7, "bob", SimpleUsers) and "admin" (account 1, SuperAdmins), and
 * counts questions. */
rpc_authenticate_fn echo_authenticate;
extern atomic_int echo_n_asked;
