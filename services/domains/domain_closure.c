/* The accounts of a domain that is deleted and can still be restored: they are kept out. */
#include "google/protobuf/empty.pb-c.h"
#include "proto/roost/accounts/v1/accounts.client.h"
#include "services/domains/domain_store.h"
#include "services/domains/domain_write.h"

const struct error *domain_closure_begin(struct call *call, int64_t id, int64_t *ret_saga_id)
{
    Roost__Accounts__V1__SetDomainClosedRequest payload =
        ROOST__ACCOUNTS__V1__SET_DOMAIN_CLOSED_REQUEST__INIT;
    payload.domain_id = id;
    return saga_begin(call, &domain_saga_closure, id, &payload.base, 0, ret_saga_id);
}

/* Says what is so now, whoever began it; the version keeps what comes late from counting. */
static const struct error *tell_accounts(struct call *call, const ProtobufCMessage *payload)
{
    int64_t id = ((const Roost__Accounts__V1__SetDomainClosedRequest *)payload)->domain_id;
    Roost__Accounts__V1__SetDomainClosedRequest *closure;
    Google__Protobuf__Empty *empty;
    const struct error *err = domain_store_closure(call, id, &closure);
    if (err || !closure) {
        return err;
    }
    return accounts_internal_client_set_domain_closed(call, closure, &empty);
}

const struct error *domain_closure_end(struct call *call, int64_t id)
{
    Roost__Accounts__V1__SetDomainClosedRequest *closure;
    Google__Protobuf__Empty *empty;
    const struct error *err = domain_store_closure(call, id, &closure);
    if (err || !closure) {
        return err;
    }
    closure->closed = false;
    closure->version = INT64_MAX;
    return accounts_internal_client_set_domain_closed(call, closure, &empty);
}

const struct saga_kind domain_saga_closure = {
    .name = "close_domain",
    .payload = &roost__accounts__v1__set_domain_closed_request__descriptor,
    .step = tell_accounts,
};
