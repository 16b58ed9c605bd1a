/* The rules of mailboxes and operations: directories, pauses, ranges. Pure; results live in the
 * arena. */
#pragma once

#include <stdint.h>

#include "services/common/arena/arena.h"

enum mailbox_layout { MAILBOX_LAYOUT_ID, MAILBOX_LAYOUT_ADDRESS };

/* "<domain>/<local part>": where layout `address` keeps a mailbox. */
char *mailbox_home_of_address(struct arena *arena, const char *domain, const char *local_part);

/* All addresses that begin with a prefix: from <= address < until, byte by byte. An empty or NULL
 * prefix gives the range of everything. The prefix is taken in lower case (ASCII). */
struct mailbox_range {
    const char *from;
    const char *until;
};
struct mailbox_range mailbox_range_of_prefix(struct arena *arena, const char *prefix);

/* How long a failed operation rests after its n-th attempt: first, 2 x first, 4 x first ... at most
 * max. */
int64_t mailbox_operation_pause_ms(int64_t attempts, int64_t first_ms, int64_t max_ms);

/* `address` with `extension` ("+list" or "") behind its local part. */
char *mailbox_address_with_extension(struct arena *arena, const char *address,
                                     const char *extension);
