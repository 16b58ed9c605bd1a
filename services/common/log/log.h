/*
 * Structured log lines to standard error, JSON or logfmt. Thread safe. Values are escaped, so no
 * value can forge a line. Secrets are never passed to it.
 *
 * A line is written at once, with one write(2), unless the process gathers (log_gather_start).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_JSON, LOG_LOGFMT };

struct log_field {
    const char *key;
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_BOOL } kind;
    const char *text; /* NULL: the field is left out */
    int64_t number;
};

static inline struct log_field log_str(const char *key, const char *text)
{
    return (struct log_field){.key = key, .kind = LOG_FIELD_TEXT, .text = text};
}
static inline struct log_field log_int(const char *key, int64_t number)
{
    return (struct log_field){.key = key, .kind = LOG_FIELD_INT, .number = number};
}
static inline struct log_field log_bool(const char *key, bool value)
{
    return (struct log_field){.key = key, .kind = LOG_FIELD_BOOL, .number = value};
}

/* Once, from main, before any thread starts. `service` is on every line. */
void log_open(const char *service, enum log_level level, enum log_format format);
bool log_is_enabled(enum log_level level);
/* From now on lines that follow each other closely are written together, at the latest 20 ms after
 * the first of them: a process that is killed loses those. Warnings and errors are written at once,
 * after what has been gathered, and so is a line after a pause. Starts a thread. */
void log_gather_start(void);
/* Writes what is left, and ends the thread. Lines are written at once again. */
void log_gather_stop(void);
/* `event` is noun.past, for example "relay.started". */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t n_fields);

#define LOG_FIELDS_(...) ((const struct log_field[]){__VA_ARGS__})
#define log_at_(level, event, ...)                                                \
    (log_is_enabled(level)                                                        \
         ? log_write(level, event, LOG_FIELDS_(__VA_ARGS__),                      \
                     sizeof(LOG_FIELDS_(__VA_ARGS__)) / sizeof(struct log_field)) \
         : (void)0)
/* At least one field each. */
#define log_debug(event, ...) log_at_(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)  log_at_(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...)  log_at_(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_at_(LOG_ERROR, event, __VA_ARGS__)
