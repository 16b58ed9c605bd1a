/* Dovecot's doveadm, run as a program, without a shell. */
#pragma once

#include <stdbool.h>

#include "services/common/arena/arena.h"

/* Who is logged in: one line per session, the user first; NULL if doveadm cannot tell. One question
 * for many users, because starting the program is what takes time. */
const char *doveadm_who(struct arena *arena, const char *command);
/* A user is an address, or everybody in a domain: "@example.com". */

/* Whether `user` is the first word of a line of `who`. */
bool doveadm_is_listed(const char *who, const char *user);
/* Ends the sessions of a user: "<command> kick <user>". Waits a few seconds at most. False, and a
 * line in the log, if they may be there still. An empty command does nothing, here as above. */
bool doveadm_kick(struct arena *arena, const char *command, const char *user);
