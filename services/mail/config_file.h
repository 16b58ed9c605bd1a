/*
 * A set of configuration files in one directory that this program writes and an administrator may
 * edit: what was edited is left alone. A list beside them holds the checksum that each file had
 * when it was written.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "services/common/arena/arena.h"

struct config_files {
    struct arena *arena;
    const char *directory;
    const char *list_name; /* "roost-postfix-maps.chk" */
    const char
        *group; /* who may read the files beside root; ignored where there is no such group */
    bool force_overwrite;
    FILE *report;
    char *list; /* private: the lines of the list */
};

/* Reads the list. False after a report if the directory cannot be used. */
bool config_files_open(struct config_files *files);
/* The content of a file, NULL if there is none. False after a report if it cannot be read. */
bool config_files_read(struct config_files *files, const char *name, char **ret_text);
/* Whether the file may be written: it is new, or as it was written, or force_overwrite. Reports it
 * if not. */
bool config_files_may_write(struct config_files *files, const char *name, const char *present);
/* Replaces the file in one step, mode 0640. False after a report. */
bool config_files_write(struct config_files *files, const char *name, const char *text);
/* Writes the list. */
bool config_files_close(struct config_files *files);
/* The value of "key = value" in text, NULL if there is none. */
char *config_files_value(struct arena *arena, const char *text, const char *key);
/* Whether a value can stand behind "key = ": no control characters, no blanks at its ends. */
bool config_files_is_value(const char *text);
