#include <string.h>

#include "services/common/pg/pg_internal.h"

/* libpq's messages end in a newline and may have several lines. */
static const char *one_line(struct arena *arena, const char *message)
{
    size_t len = strlen(message);
    char *text;

    while (len > 0 && message[len - 1] == '\n') {
        len--;
    }
    text = arena_strndup(arena, message, len);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            text[i] = ' ';
        }
    }
    return text;
}

const struct error *pg_error_unavailable(struct pg *pg, const char *what)
{
    const struct error *err =
        error_new(pg->arena, REASON_DATABASE_UNAVAILABLE, "The database is not available.");
    const char *cause =
        pg->conn ? one_line(pg->arena, PQerrorMessage(pg->conn)) : "connection lost";

    return error_with_cause(pg->arena, err, "%s: %s", what, cause);
}

const struct error *pg_error_deadline(struct pg *pg, const char *what)
{
    const struct error *err = error_new(pg->arena, REASON_DEADLINE_EXCEEDED,
                                        "The request took longer than its deadline allows.");

    return error_with_cause(pg->arena, err, "%s", what);
}

static bool is_class(const char *sqlstate, const char *class)
{
    return strncmp(sqlstate, class, 2) == 0;
}

static bool is_one_of(const char *sqlstate, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(sqlstate, *list) == 0) {
            return true;
        }
    }
    return false;
}

static const struct error *constraint_violated(struct arena *arena, const PGresult *result)
{
    const char *name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    const char *column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
    struct error *err = arena_memdup(arena,
                                     error_new(arena, REASON_CONSTRAINT_VIOLATED,
                                               "The change conflicts with what is stored already."),
                                     sizeof(*err));

    /* A NOT NULL violation names its column only. */
    err->constraint = arena_strdup(arena, name ? name : column ? column : "");
    return err;
}

static const struct error *by_sqlstate(struct pg *pg, const char *sqlstate, const PGresult *result)
{
    static const char *const retryable[] = {"40001", "40P01", NULL};
    /* Text that is not UTF-8 or holds NUL, numbers and times out of range: input that no validator
     * caught. */
    static const char *const bad_input[] = {"22001", "22003", "22007", "22008",
                                            "22021", "22P05", NULL};
    static const char *const unavailable[] = {"57P01", "57P02", "57P03", "57P05",
                                              "25006", "25P03", NULL};

    if (is_class(sqlstate, "23")) {
        return constraint_violated(pg->arena, result);
    }
    if (is_one_of(sqlstate, retryable)) {
        return error_new(pg->arena, REASON_SERIALIZATION_FAILED,
                         "The change collided with another one; try again.");
    }
    /* "cached plan must not change result type": a migration has run beside us. */
    if (strcmp(sqlstate, "0A000") == 0) {
        pg->is_stale = true;
        return error_new(pg->arena, REASON_SERIALIZATION_FAILED,
                         "The change collided with another one; try again.");
    }
    if (strcmp(sqlstate, "57014") == 0) {
        return pg_error_deadline(pg, "canceled by the server");
    }
    if (is_class(sqlstate, "08") || is_class(sqlstate, "53") || is_one_of(sqlstate, unavailable)) {
        return error_new(pg->arena, REASON_DATABASE_UNAVAILABLE, "The database is not available.");
    }
    if (is_one_of(sqlstate, bad_input)) {
        return error_new(pg->arena, REASON_REQUEST_INVALID,
                         "The request holds a value that cannot be stored.");
    }
    return error_internal(pg->arena, "SQLSTATE %s", sqlstate);
}

const struct error *pg_error_of_result(struct pg *pg, const char *what, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (!sqlstate) {
        return pg_error_unavailable(pg, what);
    }
    /* Not the detail: it quotes the row, which may hold a password hash. */
    return error_with_cause(pg->arena, by_sqlstate(pg, sqlstate, result), "%s: %s", what,
                            message ? one_line(pg->arena, message) : sqlstate);
}

const struct error *pg_explain(struct arena *arena, const struct error *err,
                               const struct pg_constraint *constraints, size_t n_constraints)
{
    if (!err || !err->constraint) {
        return err;
    }
    for (size_t i = 0; i < n_constraints; i++) {
        const struct pg_constraint *known = &constraints[i];
        const struct error *explained;

        if (strcmp(known->name, err->constraint) != 0) {
            continue;
        }
        explained = known->field
                        ? error_on_field(arena, known->reason, known->field, "%s", known->detail)
                        : error_new(arena, known->reason, "%s", known->detail);
        return err->cause ? error_with_cause(arena, explained, "%s", err->cause) : explained;
    }
    return err;
}
