#include "services/common/config/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_TEXT_MAX_BYTES = 4096 };

static bool fault(FILE *report, const struct config_field *field, const char *what)
{
    fprintf(report, "%s: %s\n", field->name, what);
    return false;
}

static size_t max_bytes(const struct config_field *field)
{
    return field->max > 0 ? (size_t)field->max : CONFIG_TEXT_MAX_BYTES;
}

static char *duplicate(const char *text)
{
    char *copy = strdup(text);

    if (!copy) {
        abort();
    }
    return copy;
}

/* The content of the file less one trailing newline; NULL after a report. */
static char *read_file(const struct config_field *field, const char *path, FILE *report)
{
    size_t size = max_bytes(field) + 2;
    char *text;
    size_t len;
    FILE *file = fopen(path, "r");

    if (!file) {
        fprintf(report, "%s_FILE: cannot open %s: %s\n", field->name, path, strerror(errno));
        return NULL;
    }
    text = calloc(1, size + 1);
    if (!text) {
        abort();
    }
    len = fread(text, 1, size, file);
    if (ferror(file)) {
        fprintf(report, "%s_FILE: cannot read %s: %s\n", field->name, path, strerror(errno));
        free(text);
        text = NULL;
    } else if (memchr(text, '\0', len)) {
        fprintf(report, "%s_FILE: %s holds a NUL byte\n", field->name, path);
        free(text);
        text = NULL;
    } else if (len > 0 && text[len - 1] == '\n') {
        text[len - 1] = '\0';
    }
    fclose(file);
    return text;
}

static bool parse_text(const struct config_field *field, const char *value, char **ret_text,
                       FILE *report)
{
    size_t len = strlen(value);

    if (len < (size_t)field->min || len > max_bytes(field)) {
        fprintf(report, "%s: must have %" PRId64 " to %zu bytes\n", field->name, field->min,
                max_bytes(field));
        return false;
    }
    *ret_text = duplicate(value);
    return true;
}

static bool parse_int(const struct config_field *field, const char *value, int64_t *ret_number,
                      FILE *report)
{
    char *end;
    int64_t number;

    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno != 0 || *end != '\0' || end == value || strchr(" \t\n\v\f\r+", value[0]) ||
        number < field->min || number > field->max) {
        fprintf(report, "%s: must be a whole number from %" PRId64 " to %" PRId64 ", not '%s'\n",
                field->name, field->min, field->max, value);
        return false;
    }
    *ret_number = number;
    return true;
}

static bool parse_bool(const struct config_field *field, const char *value, bool *ret_bool,
                       FILE *report)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(value, words[i]) == 0) {
            *ret_bool = i % 2 == 1;
            return true;
        }
    }
    fprintf(report, "%s: must be true or false, not '%s'\n", field->name, value);
    return false;
}

static bool parse_choice(const struct config_field *field, const char *value, int *ret_index,
                         FILE *report)
{
    for (int i = 0; field->choices[i]; i++) {
        if (strcmp(value, field->choices[i]) == 0) {
            *ret_index = i;
            return true;
        }
    }
    fprintf(report, "%s: must be one of", field->name);
    for (int i = 0; field->choices[i]; i++) {
        fprintf(report, " %s", field->choices[i]);
    }
    fprintf(report, ", not '%s'\n", value);
    return false;
}

static bool parse(const struct config_field *field, const char *value, void *target, FILE *report)
{
    switch (field->kind) {
    case CONFIG_TEXT:
    case CONFIG_SECRET:
        return parse_text(field, value, target, report);
    case CONFIG_INT:
        return parse_int(field, value, target, report);
    case CONFIG_BOOL:
        return parse_bool(field, value, target, report);
    case CONFIG_CHOICE:
        return parse_choice(field, value, target, report);
    }
    return fault(report, field, "has an unknown kind");
}

static bool is_text(const struct config_field *field)
{
    return field->kind == CONFIG_TEXT || field->kind == CONFIG_SECRET;
}

static const char *file_variable(const struct config_field *field)
{
    char name[256];

    if (!is_text(field)) {
        return NULL;
    }
    snprintf(name, sizeof(name), "%s_FILE", field->name);
    return getenv(name);
}

static bool load_field(const struct config_field *field, void *target, FILE *report)
{
    const char *value = getenv(field->name);
    const char *path = file_variable(field);
    char *content;
    bool is_good;

    if (path && *path) {
        if (value && *value) {
            return fault(report, field, "given twice, also as a file");
        }
        content = read_file(field, path, report);
        if (content && !*content && !field->default_value) {
            free(content);
            return fault(report, field, "the file is empty");
        }
        is_good = content && parse(field, content, target, report);
        free(content);
        return is_good;
    }
    /* Empty is as good as absent, but for a text that may be empty. */
    if (value && !*value && (!is_text(field) || !field->default_value)) {
        value = NULL;
    }
    if (!value) {
        value = field->default_value;
    }
    if (!value) {
        return fault(report, field, "must be given");
    }
    return parse(field, value, target, report);
}

bool config_load(const struct config_field *fields, size_t n_fields, void *config, FILE *report)
{
    bool is_good = true;

    for (size_t i = 0; i < n_fields; i++) {
        if (!load_field(&fields[i], (char *)config + fields[i].offset, report)) {
            is_good = false;
        }
    }
    return is_good;
}

static void print_range(const struct config_field *field, FILE *out)
{
    switch (field->kind) {
    case CONFIG_TEXT:
    case CONFIG_SECRET:
        fprintf(out, "text, at most %zu bytes, or %s_FILE", max_bytes(field), field->name);
        return;
    case CONFIG_INT:
        fprintf(out, "%" PRId64 " to %" PRId64, field->min, field->max);
        return;
    case CONFIG_BOOL:
        fputs("true or false", out);
        return;
    case CONFIG_CHOICE:
        for (int i = 0; field->choices[i]; i++) {
            fprintf(out, "%s%s", i > 0 ? " | " : "", field->choices[i]);
        }
        return;
    }
}

void config_print_help(const struct config_field *fields, size_t n_fields, FILE *out)
{
    for (size_t i = 0; i < n_fields; i++) {
        const struct config_field *field = &fields[i];

        fprintf(out, "  %s\n      %s\n      ", field->name, field->help);
        print_range(field, out);
        if (!field->default_value) {
            fputs("; required", out);
        } else if (*field->default_value && field->kind != CONFIG_SECRET) {
            fprintf(out, "; default %s", field->default_value);
        }
        fputc('\n', out);
    }
}
