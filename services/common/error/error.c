#include "services/common/error/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum error_code code;
} reasons[REASON_COUNT] = {
#define REASON(name, status) [REASON_##name] = {#name, ERROR_##status},
#include "services/common/error/error_reasons.def"
#undef REASON
};

const char *error_reason_name(enum error_reason reason)
{
    check(reason < REASON_COUNT);
    return reasons[reason].name;
}

enum error_code error_reason_code(enum error_reason reason)
{
    check(reason < REASON_COUNT);
    return reasons[reason].code;
}

static struct error *make(struct arena *arena, enum error_reason reason, const char *detail)
{
    struct error *err = arena_alloc(arena, sizeof(*err));

    err->code = error_reason_code(reason);
    err->reason = error_reason_name(reason);
    err->detail = detail;
    return err;
}

static void set_field(struct arena *arena, struct error *err, const char *field,
                      const char *message)
{
    struct error_field *fields = arena_alloc(arena, sizeof(*fields));

    fields[0].field = arena_strdup(arena, field);
    fields[0].message = message;
    err->fields = fields;
    err->n_fields = 1;
}

const struct error *error_new(struct arena *arena, enum error_reason reason, const char *detail,
                              ...)
{
    va_list args;
    char *text;

    va_start(args, detail);
    text = arena_vprintf(arena, detail, args);
    va_end(args);
    return make(arena, reason, text);
}

const struct error *error_on_field(struct arena *arena, enum error_reason reason, const char *field,
                                   const char *message, ...)
{
    struct error *err;
    va_list args;
    char *text;

    va_start(args, message);
    text = arena_vprintf(arena, message, args);
    va_end(args);
    err = make(arena, reason, text);
    set_field(arena, err, field, text);
    return err;
}

const struct error *error_add_field(struct arena *arena, const struct error *err,
                                    enum error_reason reason, const char *field,
                                    const char *message, ...)
{
    struct error_field *fields;
    struct error *copy;
    va_list args;
    char *text;

    va_start(args, message);
    text = arena_vprintf(arena, message, args);
    va_end(args);
    if (!err) {
        copy = make(arena, reason, text);
        set_field(arena, copy, field, text);
        return copy;
    }
    copy = arena_memdup(arena, err, sizeof(*err));
    fields = arena_alloc(arena, (err->n_fields + 1) * sizeof(*fields));
    if (err->n_fields > 0) {
        memcpy(fields, err->fields, err->n_fields * sizeof(*fields));
    }
    fields[err->n_fields].field = arena_strdup(arena, field);
    fields[err->n_fields].message = text;
    copy->fields = fields;
    copy->n_fields = err->n_fields + 1;
    return copy;
}

const struct error *error_prefix_fields(struct arena *arena, const struct error *err,
                                        const char *prefix)
{
    struct error_field *fields;
    struct error *copy;

    if (!err || err->n_fields == 0) {
        return err;
    }
    copy = arena_memdup(arena, err, sizeof(*err));
    fields = arena_memdup(arena, err->fields, err->n_fields * sizeof(*fields));
    for (size_t i = 0; i < err->n_fields; i++) {
        fields[i].field = arena_printf(arena, "%s.%s", prefix, fields[i].field);
    }
    copy->fields = fields;
    return copy;
}

const struct error *error_as_field(struct arena *arena, const struct error *err, const char *field)
{
    struct error *copy = arena_memdup(arena, err, sizeof(*err));

    set_field(arena, copy, field, err->n_fields > 0 ? err->fields[0].message : err->detail);
    return copy;
}

const struct error *error_internal(struct arena *arena, const char *cause, ...)
{
    struct error *err = make(arena, REASON_INTERNAL, "An internal error occurred.");
    va_list args;

    va_start(args, cause);
    err->cause = arena_vprintf(arena, cause, args);
    va_end(args);
    return err;
}

const struct error *error_with_cause(struct arena *arena, const struct error *err,
                                     const char *cause, ...)
{
    struct error *copy = arena_memdup(arena, err, sizeof(*err));
    va_list args;
    char *text;

    va_start(args, cause);
    text = arena_vprintf(arena, cause, args);
    va_end(args);
    copy->cause = err->cause ? arena_printf(arena, "%s: %s", text, err->cause) : text;
    return copy;
}

const struct error *error_with_retry_after(struct arena *arena, const struct error *err,
                                           int64_t retry_after_ms)
{
    struct error *copy = arena_memdup(arena, err, sizeof(*err));

    copy->retry_after_ms = retry_after_ms;
    return copy;
}

bool error_is(const struct error *err, enum error_reason reason)
{
    return err && strcmp(err->reason, error_reason_name(reason)) == 0;
}

void check_failed(const char *file, int line, const char *expression)
{
    fprintf(stderr, "%s:%d: check failed: %s\n", file, line, expression);
    abort();
}
