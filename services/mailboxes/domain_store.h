/* What happens to all mailboxes and aliases of a domain, batch by batch, each batch a transaction.
 */
#pragma once

#include "proto/roost/mailboxes/v1/mailboxes_internal.pb-c.h"
#include "services/common/rpc/call.h"

enum { DOMAIN_BATCH_MAX = 1000 };

MUST_USE const struct error *domain_store_rewrite(
    struct call *call, const Roost__Mailboxes__V1__RewriteDomainRequest *req,
    Roost__Mailboxes__V1__RewriteDomainResponse *ret_resp);
MUST_USE const struct error *domain_store_remove(
    struct call *call, const Roost__Mailboxes__V1__RemoveDomainRequest *req,
    Roost__Mailboxes__V1__RemoveDomainResponse *ret_resp);
