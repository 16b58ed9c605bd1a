/* Steps of mail_tree: opening, listing and removing directories relative to descriptors. */
#pragma once

#include <dirent.h>
#include <stdbool.h>

#include "services/mailbox_agent/mail_tree.h"

/* Sets the fault "<what> <name>: <errno>" and returns false. A fault of the layout (a symbolic
 * link, a file in the place of a directory, another file system, no permission) is permanent. */
bool mail_dir_fail(struct mail_work *work, const char *what, const char *name);
bool mail_dir_is_late(struct mail_work *work);
/* The entry `name` as a directory, no symbolic link; -1 with errno set. */
int mail_dir_open_at(int dir, const char *name);
/* The directory that holds the last part of `path`. *ret_fd is -1 if it is missing and not to be
 * made. */
bool mail_dir_open_parent(struct mail_work *work, const struct mail_path *path, bool create,
                          int *ret_fd);
/* All names but . and ..; a snapshot, so that entries can be moved away meanwhile. */
bool mail_dir_list(struct mail_work *work, int dir, const char *what, char ***ret_names,
                   size_t *ret_n);
/* Removes dir/name with all that is in it. Missing is success. */
bool mail_dir_remove_at(struct mail_work *work, int dir, const char *name);
/* Removes the directories above path's last part as long as they are empty. */
void mail_dir_prune(const struct mail_work *work, const struct mail_path *path);
