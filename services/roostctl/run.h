/* Runs one derived command: builds the request, calls, follows the pages of a list, prints. */
#pragma once

#include "services/roostctl/command.h"
#include "services/roostctl/output.h"
#include "services/roostctl/session.h"

MUST_USE const struct error *run_command(struct session *session, const struct command *command,
                                         size_t n_words, char *const *words,
                                         const struct output_options *options);
