#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/pg/pg_internal.h"

enum {
    CONNECT_TIMEOUT_US = 5000000,
    CANCEL_GRACE_US = 1000000, /* how long a canceled statement may take to say so */
    IDLE_CHECK_US = 2000,      /* a connection unused for longer is looked at before it is used */
    FIRST_SLOTS = 32,
};

/* libpq brings libldap, and that GnuTLS, which before main would get ready for TLS in every
 * process. Nobody here looks up connections in LDAP; GnuTLS asks this function first. */
int skip_gnutls_start(void) __asm__("_gnutls_global_init_skip");

int skip_gnutls_start(void)
{
    return 1;
}

enum wait_result { WAIT_READY, WAIT_TIMEOUT, WAIT_LOST };

static int64_t earlier(int64_t a_us, int64_t b_us)
{
    return a_us != 0 && a_us < b_us ? a_us : b_us;
}

/* Waits until the socket is ready or deadline_us (0: for ever). */
static enum wait_result wait_socket(const PGconn *conn, short events, int64_t deadline_us)
{
    struct pollfd fd = {.fd = PQsocket(conn), .events = events};

    if (fd.fd < 0) {
        return WAIT_LOST;
    }
    for (;;) {
        int timeout_ms = -1;
        int n;

        if (deadline_us != 0) {
            int64_t left_us = deadline_us - clock_monotonic_us();

            if (left_us <= 0) {
                return WAIT_TIMEOUT;
            }
            timeout_ms = left_us / 1000 >= INT_MAX ? INT_MAX : (int)(left_us / 1000) + 1;
        }
        n = poll(&fd, 1, timeout_ms);
        if (n > 0) {
            return WAIT_READY;
        }
        if (n < 0 && errno != EINTR) {
            return WAIT_LOST;
        }
    }
}

static void forget_prepared(struct pg *pg)
{
    for (size_t i = 0; i < pg->n_slots; i++) {
        struct pg_prepared *prepared = pg->prepared[i];

        while (prepared && prepared->mappings) {
            struct pg_mapping *mapping = prepared->mappings;

            prepared->mappings = mapping->next;
            free(mapping);
        }
        free(prepared);
    }
    free(pg->prepared);
    pg->prepared = NULL;
    pg->n_prepared = 0;
    pg->n_slots = 0;
}

void pg_connection_close(struct pg *pg)
{
    forget_prepared(pg);
    pg->is_stale = false;
    pg->is_pipelined = false;
    if (pg->conn) {
        PQfinish(pg->conn);
        pg->conn = NULL;
    }
}

static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

/* Session settings travel with the start-up packet, so that they cost no round trip. Those of the
 * URL come last and win. No statement of ours is worth the start of a parallel worker or of the
 * JIT compiler. */
static char *session_options(struct pg *pg)
{
    PQconninfoOption *parsed = PQconninfoParse(pg->url, NULL);
    const char *own = "";
    char *options;

    for (const PQconninfoOption *option = parsed; option && option->keyword; option++) {
        if (strcmp(option->keyword, "options") == 0 && option->val) {
            own = option->val;
        }
    }
    options = arena_printf(
        pg->arena,
        "-c search_path=%s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s "
        "-c jit=off -c max_parallel_workers_per_gather=0 %s",
        pg->schema, own);
    if (parsed) {
        PQconninfoFree(parsed);
    }
    return options;
}

static const struct error *finish_connecting(struct pg *pg, int64_t deadline_us)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    while (status != PGRES_POLLING_OK) {
        short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        enum wait_result waited = wait_socket(pg->conn, events, deadline_us);

        if (waited == WAIT_TIMEOUT && deadline_us == pg->deadline_us) {
            return pg_error_deadline(pg, "connect");
        }
        if (waited == WAIT_TIMEOUT) {
            return error_with_cause(pg->arena, pg_error_unavailable(pg, "connect"), "timed out");
        }
        if (waited == WAIT_LOST) {
            return pg_error_unavailable(pg, "connect");
        }
        status = PQconnectPoll(pg->conn);
        if (status == PGRES_POLLING_FAILED) {
            return pg_error_unavailable(pg, "connect");
        }
    }
    return NULL;
}

static const struct error *open_connection(struct pg *pg, int64_t now_us)
{
    /* Before dbname: what the URL may say otherwise. After it: what it may not. Kerberos encryption
     * is off because to find out that there is none costs each connect a look for credentials. */
    const char *const settings[][2] = {
        {"gssencmode", "disable"},
        {"keepalives_idle", "30"},
        {"keepalives_interval", "10"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "15000"},
        {"dbname", pg->url},
        {"application_name", pg->application_name},
        {"options", session_options(pg)},
        {"client_encoding", "UTF8"},
    };
    enum { N = sizeof(settings) / sizeof(settings[0]) };
    const char *keywords[N + 1] = {NULL};
    const char *values[N + 1] = {NULL};
    const struct error *err;

    for (size_t i = 0; i < N; i++) {
        keywords[i] = settings[i][0];
        values[i] = settings[i][1];
    }
    pg->conn = PQconnectStartParams(keywords, values, 1);
    if (!pg->conn || PQstatus(pg->conn) == CONNECTION_BAD) {
        err = pg_error_unavailable(pg, "connect");
        pg_connection_close(pg);
        return err;
    }
    PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
    err = finish_connecting(pg, earlier(pg->deadline_us, now_us + CONNECT_TIMEOUT_US));
    if (err) {
        pg_connection_close(pg);
        return err;
    }
    PQsetnonblocking(pg->conn, 1);
    return NULL;
}

/* Whether the server has hung up while nothing was asked of it. */
static bool is_dead(const struct pg *pg)
{
    struct pollfd fd = {.fd = PQsocket(pg->conn), .events = POLLIN};

    if (PQstatus(pg->conn) == CONNECTION_BAD) {
        return true;
    }
    /* The farewell message and the end of the stream are two reads. */
    for (int i = 0; i < 8 && poll(&fd, 1, 0) > 0; i++) {
        if (!PQconsumeInput(pg->conn) || PQstatus(pg->conn) == CONNECTION_BAD) {
            return true;
        }
        (void)PQisBusy(pg->conn);
    }
    return false;
}

const struct error *pg_connection_ready(struct pg *pg, const char *what)
{
    int64_t now_us = clock_monotonic_us();
    bool was_idle = now_us - pg->used_at_us > IDLE_CHECK_US;

    check(pg->arena);
    if (pg->wishes) {
        return pg_fetch_refuse(pg);
    }
    if (pg->deadline_us != 0 && now_us >= pg->deadline_us) {
        return pg_error_deadline(pg, what);
    }
    pg->used_at_us = now_us;
    if (pg->in_transaction) {
        return pg->conn ? NULL : pg_error_unavailable(pg, what);
    }
    if (pg->conn && (pg->is_stale || (was_idle && is_dead(pg)))) {
        pg_connection_close(pg);
    }
    return pg->conn ? NULL : open_connection(pg, now_us);
}

static enum wait_result flush(struct pg *pg, int64_t deadline_us)
{
    int left = PQflush(pg->conn);

    while (left == 1) {
        enum wait_result waited = wait_socket(pg->conn, POLLIN | POLLOUT, deadline_us);

        if (waited != WAIT_READY) {
            return waited;
        }
        if (!PQconsumeInput(pg->conn)) {
            return WAIT_LOST;
        }
        left = PQflush(pg->conn);
    }
    return left == 0 ? WAIT_READY : WAIT_LOST;
}

static enum wait_result wait_result(struct pg *pg, int64_t deadline_us)
{
    enum wait_result waited = flush(pg, deadline_us);

    while (waited == WAIT_READY && PQisBusy(pg->conn)) {
        waited = wait_socket(pg->conn, POLLIN, deadline_us);
        /* A failure here shows as an error result, with the server's last words if there were any.
         */
        if (waited == WAIT_READY && !PQconsumeInput(pg->conn)) {
            break;
        }
    }
    return waited;
}

void pg_connection_cancel(struct pg *pg)
{
    char ignored[256];
    PGcancel *handle = PQgetCancel(pg->conn);

    if (handle) {
        PQcancel(handle, ignored, sizeof(ignored));
        PQfreeCancel(handle);
    }
}

static bool is_error(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY;
}

/* What was sent has come to its end: after one result, or where the pipeline is in sync again. */
static bool is_end(struct pg *pg, PGresult *result)
{
    if (!pg->is_pipelined) {
        return !result;
    }
    if (!result) {
        return PQstatus(pg->conn) == CONNECTION_BAD;
    }
    if (PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
        return false;
    }
    PQclear(result);
    pg->is_pipelined = PQexitPipelineMode(pg->conn) != 1;
    return true;
}

static bool is_copy(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_COPY_IN || PQresultStatus(result) == PGRES_COPY_OUT;
}

/* All results up to the end of what was sent: the first error if there is one, else the last
 * result. NULL if there is no end: then the connection is of no use any more. */
static PGresult *collect(struct pg *pg, int64_t deadline_us, bool *ret_timeout)
{
    PGresult *kept = NULL;
    PGresult *result;

    *ret_timeout = false;
    for (;;) {
        enum wait_result waited = wait_result(pg, deadline_us);

        if (waited == WAIT_TIMEOUT && !*ret_timeout) {
            *ret_timeout = true;
            pg_connection_cancel(pg);
            deadline_us = clock_monotonic_us() + CANCEL_GRACE_US;
            continue;
        }
        if (waited != WAIT_READY) {
            PQclear(kept);
            return NULL;
        }
        result = PQgetResult(pg->conn);
        if (is_end(pg, result)) {
            return kept;
        }
        if (!result) {
            continue;
        }
        if (is_copy(result)) {
            PQclear(result);
            PQclear(kept);
            return NULL;
        }
        if (kept && is_error(kept)) {
            PQclear(result);
        } else {
            PQclear(kept);
            kept = result;
        }
    }
}

const struct error *pg_connection_await(struct pg *pg, const char *what, int64_t deadline_us,
                                        PGresult **ret_result)
{
    const struct error *err;
    bool is_timeout;
    PGresult *result = collect(pg, deadline_us, &is_timeout);

    if (!result || pg->is_pipelined) {
        PQclear(result);
        err = is_timeout ? pg_error_deadline(pg, what) : pg_error_unavailable(pg, what);
        pg_connection_close(pg);
        return err;
    }
    if (!is_error(result)) {
        *ret_result = result;
        return NULL;
    }
    err = pg_error_of_result(pg, what, result);
    PQclear(result);
    if (PQstatus(pg->conn) == CONNECTION_BAD) {
        pg_connection_close(pg);
    }
    return err;
}

static size_t slot_of(const struct pg *pg, const struct pg_statement *stmt)
{
    return ((uintptr_t)stmt >> 4) * 0x9e3779b97f4a7c15u >> 32 & (pg->n_slots - 1);
}

struct pg_prepared *pg_connection_find(const struct pg *pg, const struct pg_statement *stmt)
{
    if (pg->n_slots == 0) {
        return NULL;
    }
    for (size_t i = slot_of(pg, stmt); pg->prepared[i]; i = (i + 1) & (pg->n_slots - 1)) {
        if (pg->prepared[i]->stmt == stmt && pg->prepared[i]->sql == stmt->sql) {
            return pg->prepared[i];
        }
    }
    return NULL;
}

static void insert(struct pg *pg, struct pg_prepared *prepared)
{
    size_t i = slot_of(pg, prepared->stmt);

    while (pg->prepared[i]) {
        i = (i + 1) & (pg->n_slots - 1);
    }
    pg->prepared[i] = prepared;
}

static void make_room(struct pg *pg)
{
    struct pg_prepared **old = pg->prepared;
    size_t n_old = pg->n_slots;

    if (pg->n_prepared * 2 < pg->n_slots) {
        return;
    }
    pg->n_slots = n_old ? n_old * 2 : FIRST_SLOTS;
    pg->prepared = calloc(pg->n_slots, sizeof(*pg->prepared));
    check(pg->prepared);
    for (size_t i = 0; i < n_old; i++) {
        if (old[i]) {
            insert(pg, old[i]);
        }
    }
    free(old);
}

struct pg_prepared *pg_prepared_new(const struct pg *pg, const struct pg_statement *stmt)
{
    struct pg_prepared *prepared = calloc(1, sizeof(*prepared));

    check(prepared);
    prepared->stmt = stmt;
    prepared->sql = stmt->sql;
    snprintf(prepared->name, sizeof(prepared->name), "%zu_%s", pg->n_prepared, stmt->name);
    return prepared;
}

void pg_connection_keep(struct pg *pg, struct pg_prepared *prepared)
{
    make_room(pg);
    insert(pg, prepared);
    pg->n_prepared++;
}

const struct error *pg_connection_prepare(struct pg *pg, const struct pg_statement *stmt,
                                          struct pg_prepared **ret_prepared)
{
    struct pg_prepared *prepared = pg_prepared_new(pg, stmt);
    const struct error *err;
    PGresult *result;

    if (!PQsendPrepare(pg->conn, prepared->name, stmt->sql, 0, NULL)) {
        err = pg_error_unavailable(pg, stmt->name);
        free(prepared);
        pg_connection_close(pg);
        return err;
    }
    err = pg_connection_await(pg, stmt->name, pg->deadline_us, &result);
    if (err) {
        free(prepared);
        return err;
    }
    PQclear(result);
    pg_connection_keep(pg, prepared);
    *ret_prepared = prepared;
    return NULL;
}
