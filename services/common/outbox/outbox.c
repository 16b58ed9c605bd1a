#include "services/common/outbox/outbox.h"

#include "services/common/message/message.h"
#include "services/common/outbox/sql/outbox.sql.h"

const struct error *outbox_append(struct call *call, const struct outbox_event *event)
{
    const Roost__Common__V1__Identity *identity = call->identity;
    const char *actor = identity->account_id != 0 ? identity->username : identity->service;
    const char *before = event->before ? message_to_json(call->arena, event->before) : NULL;
    const char *after = event->after ? message_to_json(call->arena, event->after) : NULL;

    return pg_run(
        call->pg, &outbox_sql_outbox_insert,
        PG_ARGS(NULL, pg_text("event_type", event->type),
                pg_text("object_type", event->object_type), pg_int64("object_id", event->object_id),
                pg_int64("actor_account_id", identity->account_id), pg_text("actor", actor),
                pg_text("request_id", call->trace_id ? call->trace_id : ""),
                pg_text("before", before), pg_text("after", after)),
        NULL);
}
