/* Tokens of direct gRPC callers, as the accounts service knows them. Private to the frame. */
#pragma once

#include "services/common/rpc/server.h"

/* Asks AccountsInternal.Authenticate. */
rpc_authenticate_fn token_ask_accounts;
