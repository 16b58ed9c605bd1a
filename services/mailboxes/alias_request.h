/* What a create or update request says about an alias: validated, its domains resolved. */
#pragma once

#include "services/common/rpc/call.h"
#include "services/mailboxes/alias_store.h"

enum { ALIAS_RECIPIENTS_MAX = 1000 };

/* Which fields an update's mask names. Names that are no fields of an alias are refused
 * (FIELD_INVALID). */
MUST_USE const struct error *alias_request_fields(struct call *call, char *const *paths, size_t n,
                                                  unsigned *ret_fields);
/* Fills address, domain and recipients of `write` from `alias` as far as write->fields says. All
 * faults are reported at once. */
MUST_USE const struct error *alias_request_resolve(struct call *call,
                                                   const Roost__Mailboxes__V1__Alias *alias,
                                                   struct alias_write *write);
