/*
 * Commands are derived from the REST routes, so a new RPC is a new command without code here: the
 * noun is the collection, the verb list, get, create, update, delete, or the name of a custom
 * action. "GET /api/v1/domains/{pk}/" is `roostctl domains get PK`; "POST
 * /api/v1/mailboxoperations/{pk}/retry/" is `roostctl mailboxoperations retry PK`.
 */
#pragma once

#include <stdio.h>

#include "gateway/route.h"
#include "services/common/arena/arena.h"

struct command {
    const char *noun;
    const char *verb;
    const struct route *route;
};

/* All commands, in the order of the routes; *ret_n of them. */
const struct command *commands_all(struct arena *arena, size_t *ret_n);
/* NULL if there is none. */
const struct command *command_find(const struct command *commands, size_t n, const char *noun,
                                   const char *verb);
/* One line per command; with a noun only its commands, with a command its flags. */
void commands_print(FILE *out, const struct command *commands, size_t n, const char *noun);
void command_print_flags(FILE *out, struct arena *arena, const struct command *command);
