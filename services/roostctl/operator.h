/* The commands that work on the database and on files of this machine instead of calling a service.
 */
#pragma once

#include <stdbool.h>

#include "services/roostctl/roostctl_config.h"

bool operator_has_command(const char *name);
/* argv[0] is the command. Returns the exit status. */
int operator_run(const struct roostctl_config *config, int argc, char **argv);
