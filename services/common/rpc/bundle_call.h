/* The caller's side of bundles: who comes together by bundler.h asks the peer with one call
 * (bundle.proto). Private to rpc. */
#pragma once

#include "services/common/rpc/attempt.h"
#include "services/common/rpc/bundler.h"
#include "services/common/rpc/peers.h"

/* The peer that this call goes to; NULL if it is not to be bundled: it may change something, nobody
 * has signed for it, or the method was left out a moment ago. */
const struct peer *bundle_call_peer(const struct call *call, const struct rpc_method *method);
/* Makes the call together with others that want something of the peer now; client_thread_sign has
 * been called. RIDE_ARRIVED: it is answered, by *ret_err or *ret_response. RIDE_LEADS: nobody else
 * was there; make the call as usual, and bundler_pass_on after it. RIDE_ALONE: nothing has
 * happened; make the call as usual. */
enum boarding bundle_call(struct call *call, struct client_thread *thread, const struct peer *peer,
                          const struct attempt *attempt, const struct error **ret_err,
                          ProtobufCMessage **ret_response);
