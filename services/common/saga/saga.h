/*
 * Writes that cross services. A saga is a row in <schema>.saga, written in the same transaction as
 * the change that started it: what remains to be done, as a message. The handler tries it at once
 * (saga_run); the finisher task does it again and again, with growing pauses up to 5 s, until it
 * succeeds. Steps must be idempotent. A step runs under the identity and trace_id of the call that
 * began the saga, for 12 s at most; one process at a time has it (a lease of 15 s).
 */
#pragma once

#include "services/common/pg/pg.h"
#include "services/common/rpc/call.h"

struct saga_kind {
    const char *name;
    const ProtobufCMessageDescriptor *payload;
    /* Does what remains, outside any transaction. NULL: done, the row is deleted. */
    const struct error *(*step)(struct call *call, const ProtobufCMessage *payload);
};

/* Inside a transaction: records that `kind` must run for `object_id`, not before delay_ms from now
 * unless saga_run does it. */
MUST_USE const struct error *saga_begin(struct call *call, const struct saga_kind *kind,
                                        int64_t object_id, const ProtobufCMessage *payload,
                                        int64_t delay_ms, int64_t *ret_saga_id);
/* Inside a transaction: it is no longer needed. */
MUST_USE const struct error *saga_cancel(struct call *call, int64_t saga_id);
/* Inside a transaction: takes back what was begun to run later (a deletion that can be undone).
 * *ret_done is false if there is none, or anybody has begun to run it: then it runs to its end. */
MUST_USE const struct error *saga_withdraw(struct call *call, const struct saga_kind *kind,
                                           int64_t object_id, bool *ret_done);
/* Outside a transaction, after the commit: claims and runs one saga now. Its error leaves the row
 * to the finisher. Success if it was done already; REQUEST_IN_PROGRESS if the finisher has it. */
MUST_USE const struct error *saga_run(struct call *call, const struct saga_kind *kind,
                                      int64_t saga_id);
/* Service task: runs the due ones of the kinds given by saga_register. */
MUST_USE const struct error *saga_finish_due(struct call *call);
/* Whether any kinds are registered. */
bool saga_is_used(void);
/* In main, before the service starts; the array must outlive it. */
void saga_register(const struct saga_kind *kinds, size_t n_kinds);
