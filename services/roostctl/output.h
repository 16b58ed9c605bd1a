/* What roostctl prints: tables for people, JSON for scripts. Secrets are never printed. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdio.h>

#include "services/common/arena/arena.h"
#include "services/common/error/error.h"

enum output_format { OUTPUT_TABLE, OUTPUT_JSON };

struct output_options {
    FILE *out;
    FILE *notes; /* what is no part of the output; NULL: nowhere */
    enum output_format format;
    const char *columns; /* of a table of a list: "pk,name", "all"; NULL: as many as fit */
    size_t width;        /* of the terminal; 0: there is none, everything fits */
};

/* Prints a list page by page. Begin with a zero output_list with the options set. The widths of a
 * table are those that its first page wants. */
struct output_list {
    struct output_options options;
    size_t n_printed;
    struct output_table *table;
};

/* One object: `name: value` lines, or JSON. */
void output_message(const struct output_options *options, struct arena *arena,
                    const ProtobufCMessage *message);
/* `item` is what the list consists of; `arena` must live until output_list_end. REQUEST_INVALID if
 * it has no such column. */
MUST_USE const struct error *output_list_begin(struct output_list *list, struct arena *arena,
                                               const ProtobufCMessageDescriptor *item);
void output_list_page(struct output_list *list, struct arena *arena,
                      ProtobufCMessage *const *messages, size_t n);
void output_list_end(struct output_list *list);
