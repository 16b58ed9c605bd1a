/* One call from request to answer. Private to rpc. */
#pragma once

#include "services/common/rpc/lane.h"

/* Runs the call bound to this slot, answers it and releases the slot. */
void serve_call(struct worker *worker, struct slot *slot);
/* The same with a piped worker, which is parked while rows are fetched and free again when the call
 * is answered. False if the call needs a worker that may wait: nothing has happened yet. */
bool serve_piped(struct worker *worker, struct slot *slot);
/* Answers without running it and releases the slot: the service has more work than it can take. */
void serve_overloaded(struct slot *slot);
/* Starts the last batch of the call and releases the slot, which may be bound to another call when
 * this returns. */
void serve_answer(struct slot *slot, struct arena *arena, const char *trace_id,
                  const struct error *err, const ProtobufCMessage *response);
