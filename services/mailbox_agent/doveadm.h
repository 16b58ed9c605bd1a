/* Dovecot's doveadm, run as a program, without a shell. */
#pragma once

#include "services/common/arena/arena.h"

/* Ends the sessions of a user: "<command> kick <user>". An empty command does nothing. Waits a few
 * seconds at most. A failure is only logged: sessions that are left find their files gone and end
 * by themselves. */
void doveadm_kick(struct arena *arena, const char *command, const char *user);
