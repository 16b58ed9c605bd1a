/* The open IMAP sessions of a domain whose people may not log in any more, or not by its name. */
#include "google/protobuf/empty.pb-c.h"
#include "proto/roost/mailboxes/v1/mailboxes.client.h"
#include "services/domains/domain_write.h"

const struct error *domain_sessions_begin(struct call *call, int64_t id, const char *name,
                                          int64_t *ret_saga_id)
{
    Roost__Mailboxes__V1__EndSessionsRequest payload =
        ROOST__MAILBOXES__V1__END_SESSIONS_REQUEST__INIT;
    payload.domain = arena_strdup(call->arena, name);
    return saga_begin(call, &domain_saga_sessions, id, &payload.base, 0, ret_saga_id);
}

void domain_sessions_end(struct call *call, int64_t saga_id)
{
    if (saga_id) {
        /* Whatever comes of it: the finisher does what this leaves. */
        const struct error *later = saga_run(call, &domain_saga_sessions, saga_id);
        (void)later;
    }
}

static const struct error *tell_mailboxes(struct call *call, const ProtobufCMessage *payload)
{
    Google__Protobuf__Empty *empty;
    return mailboxes_internal_client_end_sessions(
        call, (const Roost__Mailboxes__V1__EndSessionsRequest *)payload, &empty);
}

const struct saga_kind domain_saga_sessions = {
    .name = "end_domain_sessions",
    .payload = &roost__mailboxes__v1__end_sessions_request__descriptor,
    .step = tell_mailboxes,
};
