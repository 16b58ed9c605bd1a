/* One call from request to answer. Private to rpc. */
#pragma once

#include "services/common/rpc/lane.h"

/* Runs the call bound to this slot and answers it; the slot may be gone when it returns. */
void serve_call(struct worker *worker, struct slot *slot);
/* Answers without running it: the service has more work than it can take. Any thread. */
void serve_overloaded(struct slot *slot);
