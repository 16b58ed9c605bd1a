/* Bulk changes of aliases. */
#pragma once

#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"
#include "services/common/rpc/call.h"

MUST_USE const struct error *alias_bulk(struct call *call,
                                        const Roost__Mailboxes__V1__BulkChangeAliasesRequest *req,
                                        Roost__Mailboxes__V1__BulkChangeAliasesResponse **ret_resp);
