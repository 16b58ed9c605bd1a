/* What the parts of pg share. Nobody else includes this. */
#pragma once

/* libpq has an obsolete type of this name. */
#define pg_int64 libpq_int64
#include <postgresql/libpq-fe.h>
#undef pg_int64

#include "services/common/pg/pg.h"
#include "services/common/pg/pg_pipe.h"

enum { PG_MAX_PARAMS = 64, PG_MAX_GRANTED = 4 };

/* How one result column becomes one message field; worked out once per statement and descriptor. */
struct pg_column {
    /* False if the value does not fit the field. */
    bool (*decode)(struct arena *arena, const struct pg_column *column, const char *value, int len,
                   void *message);
    const ProtobufCFieldDescriptor *outer; /* of a column "mailbox.quota": mailbox; else NULL */
    const ProtobufCFieldDescriptor *field;
};

struct pg_mapping {
    struct pg_mapping *next;
    const ProtobufCMessageDescriptor *descriptor;
    int n_columns;
    struct pg_column columns[];
};

/* A statement as this connection knows it. */
struct pg_prepared {
    const struct pg_statement *stmt;
    const char *sql;
    struct pg_mapping *mappings;
    char name[80];
};

struct pg {
    char *url;
    char *application_name;
    char *schema;
    PGconn *conn; /* NULL: not connected */
    /* Open addressing by statement, a power of two; lives as long as the connection. */
    struct pg_prepared **prepared;
    size_t n_prepared;
    size_t n_slots;
    struct arena *arena;
    int64_t deadline_us;
    int64_t used_at_us; /* when the last statement was sent */
    bool in_transaction;
    bool begin_pending; /* BEGIN goes out with the transaction's first statement, in one round trip
                         */
    bool is_pipelined;  /* what was sent ends with a sync, not with one result */
    bool is_stale;      /* the schema has changed under a prepared statement: reopen before the next
                           transaction */
    struct pg_wishes *wishes; /* of pg_new_piped; else NULL */
};

/* Parameter values in the arena or borrowed from the arguments. */
struct pg_bound {
    const char *values[PG_MAX_PARAMS];
    int lengths[PG_MAX_PARAMS];
    int formats[PG_MAX_PARAMS];
};

/* One read on its way through a pipe. */
struct pg_read {
    void (*done)(struct pg_read *read); /* on the pipe's thread */
    struct pg *pg;                      /* of who asks */
    const struct pg_statement *stmt;
    const struct pg_bound *bound;
    size_t n_bytes; /* of the parameters' values */
    int64_t deadline_us;
    struct pg_prepared *prepared;
    PGresult *result; /* of who asks; NULL: it did not work out */
    struct pg_read *next;
};

/* A row that a handler asked for and now may have. */
struct pg_granted {
    const struct pg_statement *stmt;
    const ProtobufCMessageDescriptor *descriptor;
    struct pg_bound bound;     /* by what it was asked for */
    ProtobufCMessage *message; /* NULL: there is no such row */
};

/* What a handler has asked for that must not wait. */
struct pg_wishes {
    struct pg_pipe *pipe;
    int n_granted;
    int n_used; /* in this run of the handler */
    bool is_wanted;
    bool is_refused;
    bool is_broken;
    void (*arrived)(void *ctx);
    void *ctx;
    struct pg_granted granted[PG_MAX_GRANTED];
    struct pg_read read;
};

/* pg.c */
/* At most one row as a message; takes the result. */
const struct error *pg_decode_one(struct pg *pg, struct pg_prepared *prepared, PGresult *result,
                                  const ProtobufCMessageDescriptor *descriptor,
                                  ProtobufCMessage **ret_message) MUST_USE;

/* pg_fetch.c */
const struct error *pg_wishes_get(struct pg *pg, const struct pg_statement *stmt,
                                  const struct pg_args *args,
                                  const ProtobufCMessageDescriptor *descriptor,
                                  ProtobufCMessage **ret_message) MUST_USE;
void pg_wishes_reset(struct pg_wishes *wishes);

/* pg_pipe.c */
/* False if it cannot be sent now. */
bool pg_pipe_submit(struct pg_pipe *pipe, struct pg_read *read);

/* pg_connection.c */
/* Asks the server to stop what it does. */
void pg_connection_cancel(struct pg *pg);
/* A statement under a name of its own that is to be prepared, and one that has been. */
struct pg_prepared *pg_prepared_new(const struct pg *pg, const struct pg_statement *stmt);
void pg_connection_keep(struct pg *pg, struct pg_prepared *prepared);
/* Before anything is sent: there is time left and a connection. */
const struct error *pg_connection_ready(struct pg *pg, const char *what) MUST_USE;
void pg_connection_close(struct pg *pg);
/* Flushes what was sent and waits for the outcome. An error result is an error; the connection is
 * closed if it is lost or does not answer in time. `what` names the statement in the cause. */
const struct error *pg_connection_await(struct pg *pg, const char *what, int64_t deadline_us,
                                        PGresult **ret_result) MUST_USE;
/* The prepared statement of this connection; NULL if it must be prepared first. */
struct pg_prepared *pg_connection_find(const struct pg *pg, const struct pg_statement *stmt);
const struct error *pg_connection_prepare(struct pg *pg, const struct pg_statement *stmt,
                                          struct pg_prepared **ret_prepared) MUST_USE;

/* pg_error.c */
const struct error *pg_error_unavailable(struct pg *pg, const char *what);
const struct error *pg_error_deadline(struct pg *pg, const char *what);
const struct error *pg_error_of_result(struct pg *pg, const char *what, const PGresult *result);

/* pg_transact.c */
/* Sends a pending BEGIN by itself, if there is one. */
const struct error *pg_transact_begin_now(struct pg *pg) MUST_USE;
/* A transaction that was lost with its first statement has changed nothing: ready to send that
 * again. */
bool pg_transact_can_start_again(struct pg *pg, bool was_pending, const struct error *err);

/* pg_bind.c */
void pg_bind(struct arena *arena, const struct pg_statement *stmt, const struct pg_args *args,
             struct pg_bound *bound);

/* pg_decode.c */
const struct error *pg_mapping_make(struct pg *pg, const struct pg_statement *stmt,
                                    const PGresult *result,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    struct pg_mapping **ret_mapping) MUST_USE;
/* Strings and bytes of the message point into the result. */
const struct error *pg_decode_row(struct pg *pg, const struct pg_statement *stmt,
                                  const struct pg_mapping *mapping, const PGresult *result, int row,
                                  ProtobufCMessage *message) MUST_USE;
