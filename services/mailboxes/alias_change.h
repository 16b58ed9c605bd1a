/*
 * Aliases that change because something they name has changed. Inside a transaction: watch them,
 * change their recipients, settle. Settling removes aliases that were left empty, and what named
 * those, marks the others as modified and appends the events.
 */
#pragma once

#include <stdint.h>

#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"
#include "services/common/pg/pg.h"
#include "services/common/rpc/call.h"

struct watched_alias {
    Roost__Mailboxes__V1__Alias *before;
    bool is_removed;
};

struct alias_watch {
    struct watched_alias *items;
    size_t n;
};

/* Adds the aliases of one statement's first column, locked and with what they are now; those
 * already watched are left as they are. */
MUST_USE const struct error *alias_watch_query(struct call *call, struct alias_watch *watch,
                                               const struct pg_statement *stmt,
                                               const struct pg_args *args);
MUST_USE const struct error *alias_watch_ids(struct call *call, struct alias_watch *watch,
                                             const int64_t *ids, size_t n);
MUST_USE const struct error *alias_settle(struct call *call, struct alias_watch *watch);
/* Removes these aliases themselves, then settles. They are watched as a side effect. */
MUST_USE const struct error *alias_remove(struct call *call, struct alias_watch *watch,
                                          const int64_t *ids, size_t n);
/* After an UPDATE of mailboxes or aliases: the addresses of recipients that mean them follow.
 * `stmt` is one of recipient_follow_*; old_local_part NULL: the local part has not changed. */
MUST_USE const struct error *alias_follow(struct call *call, const struct pg_statement *stmt,
                                          const int64_t *ids, size_t n, const char *old_local_part);
