/* Two directories become one, without losing a message. */
#pragma once

#include "services/mailbox_agent/mail_tree.h"

/* Moves everything in `from` into `to`, entry by entry. Messages of the same name get another one.
 * Where both hold Dovecot's own files, those of the older mailbox are kept (by its UIDVALIDITY,
 * which is the time of its creation), so that the larger part keeps its message numbers; Dovecot
 * numbers the rest as new. `from` is left empty. */
bool mail_merge(struct mail_work *work, int from, int to);
