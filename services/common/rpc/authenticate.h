/* Who makes a call, from its metadata. One for the server; any thread. Private to rpc. */
#pragma once

#include "services/common/rpc/server.h"

struct authenticator;

/* What the client has sent; a length of 0 where it sent nothing. */
struct credentials {
    const uint8_t *assertion;
    size_t assertion_len;
    const char *authorization; /* not NUL-terminated */
    size_t authorization_len;
};

struct authenticator *authenticator_new(const uint8_t *key, size_t key_len,
                                        rpc_authenticate_fn *ask);
void authenticator_free(struct authenticator *authenticator);

/* Sets call->identity and call->credential; `call` is complete otherwise. An assertion goes before
 * a token. Without credentials the identity is empty. For an anonymous method it is empty but for
 * the remote address that the gateway vouches for; without an assertion the connection's is the
 * server's to add. CREDENTIALS_INVALID if they are wrong, other errors if nobody can tell.
 * ret_must_ask: NULL, and a token that is not known is asked for, which may take its time; else
 * such a token sets it, and the outcome means nothing. */
MUST_USE const struct error *authenticate(struct authenticator *authenticator, struct call *call,
                                          const struct credentials *credentials, bool anonymous,
                                          bool *ret_must_ask);
