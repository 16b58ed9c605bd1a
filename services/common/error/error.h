/*
 * One error type for everything that can happen. Fallible functions return `const struct error *`,
 * NULL for success. Errors live in the arena they were made in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/arena/arena.h"

/* The canonical gRPC status codes. */
enum error_code {
    ERROR_OK = 0,
    ERROR_CANCELLED = 1,
    ERROR_UNKNOWN = 2,
    ERROR_INVALID_ARGUMENT = 3,
    ERROR_DEADLINE_EXCEEDED = 4,
    ERROR_NOT_FOUND = 5,
    ERROR_ALREADY_EXISTS = 6,
    ERROR_PERMISSION_DENIED = 7,
    ERROR_RESOURCE_EXHAUSTED = 8,
    ERROR_FAILED_PRECONDITION = 9,
    ERROR_ABORTED = 10,
    ERROR_OUT_OF_RANGE = 11,
    ERROR_UNIMPLEMENTED = 12,
    ERROR_INTERNAL = 13,
    ERROR_UNAVAILABLE = 14,
    ERROR_DATA_LOSS = 15,
    ERROR_UNAUTHENTICATED = 16,
};

enum error_reason {
#define REASON(name, status) REASON_##name,
#include "services/common/error/error_reasons.def"
#undef REASON
    REASON_COUNT
};

/* What is wrong with one field of the request: a path of proto field names,
 * "account.mailbox.quota". */
struct error_field {
    const char *field;
    const char *message;
};

struct error {
    enum error_code code;
    const char
        *reason; /* stable UPPER_SNAKE; from a peer it may be one that this process does not know */
    const char *detail; /* one sentence that the caller may read */
    const char *cause;  /* for the log only; NULL if there is nothing to add */
    const char
        *constraint; /* the violated database constraint, NULL if none; never leaves the process */
    const struct error_field *fields;
    size_t n_fields;
    int64_t retry_after_ms; /* 0: nothing to say */
};

#define MUST_USE __attribute__((warn_unused_result))

const char *error_reason_name(enum error_reason reason);
enum error_code error_reason_code(enum error_reason reason);

/* An error with a reason and one sentence for the caller. */
const struct error *error_new(struct arena *arena, enum error_reason reason, const char *detail,
                              ...) __attribute__((returns_nonnull, format(printf, 3, 4)));
/* The same with one faulty field. `message` is also the detail. */
const struct error *error_on_field(struct arena *arena, enum error_reason reason, const char *field,
                                   const char *message, ...)
    __attribute__((returns_nonnull, format(printf, 4, 5)));
/* A copy of `err` with one field fault more. `err` may be NULL: then as error_on_field. Lets a
 * handler report all faults of a request at once. */
const struct error *error_add_field(struct arena *arena, const struct error *err,
                                    enum error_reason reason, const char *field,
                                    const char *message, ...)
    __attribute__((returns_nonnull, format(printf, 5, 6)));
/* A copy of `err` whose fields are prefixed with "prefix.". An error without fields is returned as
 * it is. */
const struct error *error_prefix_fields(struct arena *arena, const struct error *err,
                                        const char *prefix);
/* A copy of `err` without field faults but one: whatever was wrong, it is this field of the
 * caller's request. */
const struct error *error_as_field(struct arena *arena, const struct error *err, const char *field);
/* REASON_INTERNAL with a cause for the log. The caller reads a fixed sentence. */
const struct error *error_internal(struct arena *arena, const char *cause, ...)
    __attribute__((returns_nonnull, format(printf, 2, 3)));
/* A copy of `err` with a cause for the log, joined to an earlier cause by ": ". */
const struct error *error_with_cause(struct arena *arena, const struct error *err,
                                     const char *cause, ...) __attribute__((format(printf, 3, 4)));
const struct error *error_with_retry_after(struct arena *arena, const struct error *err,
                                           int64_t retry_after_ms);
bool error_is(const struct error *err, enum error_reason reason);

/* Aborts with a message when an impossible state is met. Not for things that happen. */
void check_failed(const char *file, int line, const char *expression) __attribute__((noreturn));
#define check(expression) ((expression) ? (void)0 : check_failed(__FILE__, __LINE__, #expression))
