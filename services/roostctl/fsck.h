/*
 * Looks for anything half done or contradictory between the schemas: rows that are not active,
 * sagas that have not ended, mailboxes without account, quotas without mailbox, address copies that
 * lag behind, counters that do not add up, events that were not published. Reads only.
 */
#pragma once

#include <stdio.h>

#include "services/common/error/error.h"

struct fsck_options {
    const char *database_url; /* the owner's */
    int wait_s;               /* looks again until it is clean or this many seconds have passed */
    FILE *out;
};

/* Prints one line per finding and a closing line; *ret_clean tells whether there was none. */
MUST_USE const struct error *fsck_run(struct arena *arena, const struct fsck_options *options,
                                      bool *ret_clean);
