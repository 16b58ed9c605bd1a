/* Bulk changes of domains. */
#pragma once

#include "proto/roost/domains/v1/domains.pb-c.h"
#include "services/common/rpc/call.h"

MUST_USE const struct error *domain_bulk(struct call *call,
                                         const Roost__Domains__V1__BulkChangeDomainsRequest *req,
                                         Roost__Domains__V1__BulkChangeDomainsResponse **ret_resp);
