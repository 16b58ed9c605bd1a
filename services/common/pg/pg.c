#include <stdlib.h>
#include <string.h>

#include "services/common/pg/pg_internal.h"

enum { FORMAT_TEXT = 0, FORMAT_BINARY = 1 };

static char *duplicate(const char *text)
{
    char *copy = strdup(text);

    check(copy);
    return copy;
}

struct pg *pg_new(const char *url, const char *application_name, const char *schema)
{
    struct pg *pg = calloc(1, sizeof(*pg));

    check(pg);
    pg->url = duplicate(url);
    pg->application_name = duplicate(application_name);
    pg->schema = duplicate(schema);
    return pg;
}

void pg_free(struct pg *pg)
{
    if (!pg) {
        return;
    }
    pg_connection_close(pg);
    free(pg->wishes);
    free(pg->url);
    free(pg->application_name);
    free(pg->schema);
    free(pg);
}

void pg_set_call(struct pg *pg, struct arena *arena, int64_t deadline_us)
{
    pg->arena = arena;
    pg->deadline_us = deadline_us;
    if (pg->wishes) {
        pg_wishes_reset(pg->wishes);
    }
}

struct arena *pg_arena(struct pg *pg)
{
    return pg->arena;
}

static const struct error *not_sent(struct pg *pg, const char *what)
{
    const struct error *err = pg_error_unavailable(pg, what);

    pg_connection_close(pg);
    return err;
}

static bool send_statement(struct pg *pg, const struct pg_prepared *prepared,
                           const struct pg_bound *bound, int format)
{
    int n_params = (int)prepared->stmt->n_params;

    if (!pg->begin_pending) {
        return PQsendQueryPrepared(pg->conn, prepared->name, n_params, bound->values,
                                   bound->lengths, bound->formats, format);
    }
    pg->begin_pending = false;
    pg->is_pipelined = true;
    return PQenterPipelineMode(pg->conn) &&
           PQsendQueryParams(pg->conn, "BEGIN", 0, NULL, NULL, NULL, NULL, 0) &&
           PQsendQueryPrepared(pg->conn, prepared->name, n_params, bound->values, bound->lengths,
                               bound->formats, format) &&
           PQpipelineSync(pg->conn);
}

static const struct error *prepare(struct pg *pg, const struct pg_statement *stmt,
                                   struct pg_prepared **ret_prepared)
{
    const struct error *err = pg_transact_begin_now(pg);

    return err ? err : pg_connection_prepare(pg, stmt, ret_prepared);
}

static const struct error *execute_once(struct pg *pg, const struct pg_statement *stmt,
                                        const struct pg_args *args, int format,
                                        struct pg_prepared **ret_prepared, PGresult **ret_result)
{
    const struct error *err = pg_connection_ready(pg, stmt->name);
    struct pg_prepared *prepared;
    struct pg_bound bound;

    if (err) {
        return err;
    }
    prepared = pg_connection_find(pg, stmt);
    if (!prepared) {
        err = prepare(pg, stmt, &prepared);
        if (err) {
            return err;
        }
    }
    pg_bind(pg->arena, stmt, args, &bound);
    if (!send_statement(pg, prepared, &bound, format)) {
        return not_sent(pg, stmt->name);
    }
    err = pg_connection_await(pg, stmt->name, pg->deadline_us, ret_result);
    if (err) {
        return err;
    }
    *ret_prepared = prepared;
    return NULL;
}

static const struct error *execute(struct pg *pg, const struct pg_statement *stmt,
                                   const struct pg_args *args, int format,
                                   struct pg_prepared **ret_prepared, PGresult **ret_result)
{
    bool was_pending = pg->begin_pending;
    const struct error *err = execute_once(pg, stmt, args, format, ret_prepared, ret_result);

    /* Refused before it ran; inside a transaction pg_transact starts again. */
    bool is_refused = err && pg->is_stale && !pg->in_transaction;

    if (is_refused || pg_transact_can_start_again(pg, was_pending, err)) {
        err = execute_once(pg, stmt, args, format, ret_prepared, ret_result);
    }
    return err;
}

static void clear_result(void *result)
{
    PQclear(result);
}

static const struct error *mapping_of(struct pg *pg, struct pg_prepared *prepared,
                                      const PGresult *result,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      const struct pg_mapping **ret_mapping)
{
    struct pg_mapping *mapping = prepared->mappings;
    const struct error *err;

    while (mapping && mapping->descriptor != descriptor) {
        mapping = mapping->next;
    }
    if (!mapping) {
        err = pg_mapping_make(pg, prepared->stmt, result, descriptor, &mapping);
        if (err) {
            return err;
        }
        mapping->next = prepared->mappings;
        prepared->mappings = mapping;
    }
    *ret_mapping = mapping;
    return NULL;
}

static const struct error *decode_rows(struct pg *pg, struct pg_prepared *prepared,
                                       const PGresult *result,
                                       const ProtobufCMessageDescriptor *descriptor,
                                       ProtobufCMessage **messages)
{
    /* Messages lie side by side, each aligned as any type. */
    size_t stride = (descriptor->sizeof_message + 15) & ~(size_t)15;
    const struct pg_mapping *mapping;
    const struct error *err;
    int n = PQntuples(result);
    char *block;

    err = mapping_of(pg, prepared, result, descriptor, &mapping);
    if (err) {
        return err;
    }
    block = arena_alloc(pg->arena, (size_t)n * stride);
    for (int i = 0; i < n; i++) {
        messages[i] = (ProtobufCMessage *)(void *)(block + (size_t)i * stride);
        protobuf_c_message_init(descriptor, messages[i]);
        err = pg_decode_row(pg, prepared->stmt, mapping, result, i, messages[i]);
        if (err) {
            return err;
        }
    }
    return NULL;
}

const struct error *pg_decode_one(struct pg *pg, struct pg_prepared *prepared, PGresult *result,
                                  const ProtobufCMessageDescriptor *descriptor,
                                  ProtobufCMessage **ret_message)
{
    ProtobufCMessage *message = NULL;
    const struct error *err;

    arena_defer(pg->arena, clear_result, result);
    if (PQntuples(result) > 1) {
        return error_internal(pg->arena, "%s: %d rows where one was expected", prepared->stmt->name,
                              PQntuples(result));
    }
    if (PQntuples(result) == 1) {
        err = decode_rows(pg, prepared, result, descriptor, &message);
        if (err) {
            return err;
        }
    }
    *ret_message = message;
    return NULL;
}

const struct error *pg_get(struct pg *pg, const struct pg_statement *stmt,
                           const struct pg_args *args, const ProtobufCMessageDescriptor *descriptor,
                           ProtobufCMessage **ret_message)
{
    struct pg_prepared *prepared;
    const struct error *err;
    PGresult *result;

    if (pg->wishes) {
        return pg_wishes_get(pg, stmt, args, descriptor, ret_message);
    }
    err = execute(pg, stmt, args, FORMAT_BINARY, &prepared, &result);
    return err ? err : pg_decode_one(pg, prepared, result, descriptor, ret_message);
}

const struct error *pg_all(struct pg *pg, const struct pg_statement *stmt,
                           const struct pg_args *args, const ProtobufCMessageDescriptor *descriptor,
                           size_t *ret_n, ProtobufCMessage ***ret_messages)
{
    ProtobufCMessage **messages;
    struct pg_prepared *prepared;
    const struct error *err;
    PGresult *result;
    size_t n;

    err = execute(pg, stmt, args, FORMAT_BINARY, &prepared, &result);
    if (err) {
        return err;
    }
    arena_defer(pg->arena, clear_result, result);
    n = (size_t)PQntuples(result);
    messages = arena_alloc(pg->arena, (n + 1) * sizeof(*messages));
    if (n > 0) {
        err = decode_rows(pg, prepared, result, descriptor, messages);
        if (err) {
            return err;
        }
    }
    *ret_n = n;
    *ret_messages = messages;
    return NULL;
}

const struct error *pg_run(struct pg *pg, const struct pg_statement *stmt,
                           const struct pg_args *args, int64_t *ret_rows)
{
    struct pg_prepared *prepared;
    const struct error *err;
    PGresult *result;

    err = execute(pg, stmt, args, FORMAT_BINARY, &prepared, &result);
    if (err) {
        return err;
    }
    if (ret_rows) {
        *ret_rows = strtoll(PQcmdTuples(result), NULL, 10);
    }
    PQclear(result);
    return NULL;
}

const struct error *pg_query(struct pg *pg, const struct pg_statement *stmt,
                             const struct pg_args *args, struct pg_rows *ret_rows)
{
    struct pg_prepared *prepared;
    const struct error *err;
    PGresult *result;

    err = execute(pg, stmt, args, FORMAT_TEXT, &prepared, &result);
    if (err) {
        return err;
    }
    arena_defer(pg->arena, clear_result, result);
    *ret_rows = (struct pg_rows){.result = result, .n_rows = PQntuples(result)};
    return NULL;
}

bool pg_is_null(const struct pg_rows *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column);
}

const char *pg_value(const struct pg_rows *rows, int row, int column)
{
    const char *value = PQgetvalue(rows->result, row, column);

    return value ? value : "";
}

int64_t pg_value_int64(const struct pg_rows *rows, int row, int column)
{
    return strtoll(pg_value(rows, row, column), NULL, 10);
}

bool pg_value_bool(const struct pg_rows *rows, int row, int column)
{
    return pg_value(rows, row, column)[0] == 't';
}

static unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

const uint8_t *pg_value_bytes(struct pg *pg, const struct pg_rows *rows, int row, int column,
                              size_t *ret_len)
{
    const char *text = pg_value(rows, row, column);
    size_t len = strlen(text);
    uint8_t *bytes;

    /* The server's hex format: \x, then two lower-case digits for each byte. */
    *ret_len = len >= 2 ? (len - 2) / 2 : 0;
    bytes = arena_alloc(pg->arena, *ret_len + 1);
    for (size_t i = 0; i < *ret_len; i++) {
        bytes[i] = (uint8_t)(hex_digit(text[2 + 2 * i]) << 4 | hex_digit(text[3 + 2 * i]));
    }
    return bytes;
}

char *pg_prefix_pattern(struct arena *arena, const char *text)
{
    char *pattern;
    char *at;

    if (!text || !*text) {
        return NULL;
    }
    pattern = arena_alloc(arena, strlen(text) * 2 + 2);
    at = pattern;
    for (; *text; text++) {
        if (*text == '%' || *text == '_' || *text == '\\') {
            *at++ = '\\';
        }
        *at++ = *text;
    }
    *at = '%';
    return pattern;
}

static const struct error *execute_sql_once(struct pg *pg, const char *sql)
{
    const struct error *err = pg_connection_ready(pg, "sql");
    PGresult *result;

    if (err) {
        return err;
    }
    err = pg_transact_begin_now(pg);
    if (err) {
        return err;
    }
    if (!PQsendQuery(pg->conn, sql)) {
        return not_sent(pg, "sql");
    }
    err = pg_connection_await(pg, "sql", pg->deadline_us, &result);
    if (err) {
        return err;
    }
    PQclear(result);
    return NULL;
}

const struct error *pg_execute_sql(struct pg *pg, const char *sql)
{
    bool was_pending = pg->begin_pending;
    const struct error *err = execute_sql_once(pg, sql);

    return pg_transact_can_start_again(pg, was_pending, err) ? execute_sql_once(pg, sql) : err;
}
