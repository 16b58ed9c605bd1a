/*
 * The relay: publishes a schema's outbox to the Redis Stream `roost:events`, one entry per event
 * with the single field `event`: CloudEvents 1.0 JSON {specversion, id "<service>-<n>", source
 * "/roost/<service>", type "roost.<Type>.v1", subject "<object_type>/<id>", time, datacontenttype,
 * roostactor, roostrequestid, data {before, after}}. One relay is active per service (advisory
 * lock). At least once, in order per object. When Redis has lost its data (the marker key
 * roost:relay:<service> is gone) everything still retained in the outbox is published again.
 * Published rows are kept for 7 days.
 */
#pragma once

#include "services/common/rpc/call.h"

/* One round: waits for work up to the task's patience, publishes what there is. Runs as a service
 * task. */
MUST_USE const struct error *outbox_relay_run(struct call *call);
