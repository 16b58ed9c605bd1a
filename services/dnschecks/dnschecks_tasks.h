/* The work beside the calls: keeping the list of domains and checking those that are due. */
#pragma once

#include "services/common/rpc/call.h"

/* One page of the list of domains: adds new ones, removes those that are gone. */
MUST_USE const struct error *dnschecks_sweep_task(struct call *call);
/* Checks up to 100 due domains. */
MUST_USE const struct error *dnschecks_check_task(struct call *call);
