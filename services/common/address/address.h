/*
 * The one validator per kind of name: domain name, local part, address, host. Everything that takes
 * such a value uses these: gRPC, REST, the command line, map rendering. Pure, thread safe; results
 * live in the arena.
 */
#pragma once

#include <stdbool.h>

#include "services/common/error/error.h"

/* RFC 1035 / RFC 5890: canonical form is lower-case A-labels without trailing dot, at least two
 * labels, at most 253 bytes. U-labels are converted (IDNA 2008 with UTS 46 mapping). NULL with
 * *ret_fault set to a sentence if not valid. */
char *address_canonical_domain(struct arena *arena, const char *text, const char **ret_fault);
/* RFC 5321 dot-string of RFC 5322 atext or RFC 6531 UTF-8, at most 64 bytes, lower case, NFC.
 * Quoted strings, slashes and leading dots are refused: a local part can become a directory name.
 */
char *address_canonical_local_part(struct arena *arena, const char *text, const char **ret_fault);

struct address {
    char *local_part; /* "" for a catch-all "@domain" */
    char *domain;
    char *full; /* local_part@domain, at most 254 bytes */
};
/* One "@" only. allow_catch_all admits an empty local part. */
bool address_parse(struct arena *arena, const char *text, bool allow_catch_all,
                   struct address *ret_address, const char **ret_fault);
/* The beginning of a name or address as somebody types it into a search, in the form in which names
 * are stored: lower case, NFC. Any text is one; nothing is refused. */
char *address_fold(struct arena *arena, const char *text);
/* What keeps an alias, or a mailbox, from getting its mail under this canonical local part, as a
 * sentence; NULL if nothing does. */
const char *address_alias_fault(struct arena *arena, const char *local_part);
const char *address_mailbox_fault(struct arena *arena, const char *local_part);
/* The local part without "+extension". */
char *address_without_extension(struct arena *arena, const char *local_part);
