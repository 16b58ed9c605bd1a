/*
 * Configuration from the environment, declared in one table per program: parsing, ranges, defaults,
 * --help. All bad values are reported at once. A text field NAME may also be given as NAME_FILE:
 * the content of that file, less one trailing newline; secrets should come that way. Call from main
 * only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum config_kind {
    CONFIG_TEXT,   /* char * */
    CONFIG_SECRET, /* char *; never printed */
    CONFIG_INT,    /* int64_t, min..max */
    CONFIG_BOOL,   /* bool: true/false, yes/no, on/off, 1/0 */
    CONFIG_CHOICE, /* int: index into `choices`, a NULL-terminated list */
};

struct config_field {
    const char *name; /* "ROOST_LISTEN" */
    enum config_kind kind;
    size_t offset;             /* into the program's config struct */
    const char *default_value; /* NULL: must be given */
    int64_t min, max;          /* of an int; of a text: length in bytes, max 0: 4096 */
    const char *const *choices;
    const char *help; /* one sentence, with the unit */
};

/* Fills `config` from the environment. Prints every fault to `report` and returns false if there is
 * any. Strings are allocated for the life of the process. */
bool config_load(const struct config_field *fields, size_t n_fields, void *config, FILE *report);
/* The table as text for --help: name, default, range, help. */
void config_print_help(const struct config_field *fields, size_t n_fields, FILE *out);
