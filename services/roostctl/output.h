/* What roostctl prints: tables for people, JSON for scripts. Secrets are never printed. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdio.h>

#include "services/common/arena/arena.h"

enum output_format { OUTPUT_TABLE, OUTPUT_JSON };

/* Prints a list page by page. The column widths are those of the first page. */
struct output_list {
    FILE *out;
    enum output_format format;
    size_t n_printed;
    size_t *widths;
};

/* One object: `name: value` lines, or JSON. */
void output_message(FILE *out, enum output_format format, struct arena *arena,
                    const ProtobufCMessage *message);
/* Begin with a zero output_list with out and format set; `arena` must live until output_list_end
 * for the first page. */
void output_list_page(struct output_list *list, struct arena *arena,
                      ProtobufCMessage *const *messages, size_t n);
void output_list_end(struct output_list *list);
