/*
 * Reads that came together in one call (bundle.proto). Each is served as a call of its own, with
 * its own identity, deadline, log line and place in the metrics, but only where it takes no worker;
 * what does is left out, so no read waits for another's worker. The answer goes out when the last
 * one has its outcome. Private to rpc.
 */
#pragma once

#include "services/common/rpc/bundle.pb-c.h"
#include "services/common/rpc/lane.h"

enum { BUNDLE_MAX_CALLS = 64 };

/* The method that carries bundles; no handler. */
extern const struct rpc_method bundle_method;

/* Whether it can be served: 1 to 64 calls, each with an assertion. */
MUST_USE const struct error *bundle_check(struct arena *arena, const Roost__Rpc__Bundle *request);
/* Serves the reads of the bundle that this slot's call carries, answers it and releases the slot.
 */
void bundle_serve(struct slot *carrier);
/* A read's outcome; its slot is gone then. */
void bundle_answer(struct slot *slot, struct arena *arena, const struct error *err,
                   const ProtobufCMessage *response);
/* A read that needs a worker; its slot is gone then. */
void bundle_leave_out(struct slot *slot);
