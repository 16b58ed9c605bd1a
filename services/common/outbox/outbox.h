/*
 * Events. outbox_append writes one row into <schema>.outbox inside the caller's transaction, after
 * the change itself (the changed row's lock keeps the events of one object in order). The relay
 * publishes them.
 */
#pragma once

#include "services/common/pg/pg.h"
#include "services/common/rpc/call.h"

struct outbox_event {
    const char *type; /* "DomainCreated": the names of Modoboa's plugin API where it has one */
    /* "domain"; belongs to one service: the relays of two keep no order between them. */
    const char *object_type;
    int64_t object_id;
    /* The object before and after, NULL where it did not exist; secrets are left out. Rendered with
     * REST names. */
    const ProtobufCMessage *before;
    const ProtobufCMessage *after;
};

/* Takes actor and request id from the call. */
MUST_USE const struct error *outbox_append(struct call *call, const struct outbox_event *event);
