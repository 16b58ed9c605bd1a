/* Help, global options and error messages of roostctl. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "services/common/error/error.h"
#include "services/roostctl/command.h"
#include "services/roostctl/output.h"

/* Takes --output and --columns from the front; *first is then the first word of the command. False,
 * with a message, if they are wrong. */
bool usage_take_options(int argc, char **argv, int *first, struct output_options *options);
/* Everything, or one noun's commands. */
void usage_print(FILE *out, const char *noun);
void usage_unknown(FILE *out, const struct command *commands, size_t n, const char *noun);
/* Reason, sentence and faulty fields. Nothing for NULL. */
void usage_print_error(FILE *out, const struct error *err);
