/* One call from request to answer. Private to rpc. */
#pragma once

#include "services/common/rpc/lane.h"

/* Runs the call bound to this slot, answers it and releases the slot. */
void serve_call(struct worker *worker, struct slot *slot);
/* Answers without running it and releases the slot: the service has more work than it can take. */
void serve_overloaded(struct slot *slot);
