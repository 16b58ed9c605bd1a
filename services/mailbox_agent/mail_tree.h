/*
 * Work on directories below the mail root. Everything goes through directory descriptors and never
 * follows a symbolic link, so nothing outside the root can be reached, whatever a mailbox's owner
 * has put into it. Every function can be killed at any point and called again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "services/mailbox_agent/mail_path.h"

/* One piece of work. On failure functions return false and leave the sentence here. */
struct mail_work {
    struct arena *arena;
    int root;            /* descriptor of the mail root */
    int64_t deadline_us; /* monotonic: longer work stops with a fault that is not permanent */
    const char *fault;
    bool is_permanent; /* it will not go away by itself */
};

/* A missing source is success: nothing was ever delivered, or an earlier try has moved it. Where
 * the destination exists, the two are merged and no message is lost. Empty directories above the
 * source are removed. */
bool mail_tree_move(struct mail_work *work, const struct mail_path *from,
                    const struct mail_path *to);
/* Moves the directory into the trash at once and removes it from there; what does not get finished
 * before the deadline stays in the trash for mail_tree_purge. A missing directory is success. */
bool mail_tree_remove(struct mail_work *work, const struct mail_path *path, const char *trash_name);
/* Removes from the trash until it is empty (*ret_is_empty) or the deadline has come. */
bool mail_tree_purge(struct mail_work *work, bool *ret_is_empty);
/* Whether the directory is there. */
bool mail_tree_exists(struct mail_work *work, const struct mail_path *path, bool *ret_exists);
