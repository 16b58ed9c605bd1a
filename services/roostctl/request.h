/* The words of a command line as a request message. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "services/common/error/error.h"
#include "services/roostctl/command.h"

/*
 * `words` follow noun and verb: the path's ids in order, then flags: --name VALUE or --name=VALUE
 * with REST names, dots for nested ones ("--mailbox.quota 50M"); --NAME-file FILE reads the value,
 * less a trailing newline, so that secrets stay out of the process list; --json FILE|- gives the
 * whole body. An update's mask holds what was given.
 */
MUST_USE const struct error *request_build(struct arena *arena, const struct command *command,
                                           size_t n_words, char *const *words,
                                           ProtobufCMessage **ret_request);
