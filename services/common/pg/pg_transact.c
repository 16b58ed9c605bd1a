#include <poll.h>
#include <string.h>
#include <time.h>

#include "services/common/clock/clock.h"
#include "services/common/pg/pg_internal.h"

enum {
    MAX_ATTEMPTS = 5,
    FIRST_PAUSE_US = 2000,
    COMMIT_GRACE_US =
        5000000, /* a COMMIT once sent gets at least this, whatever the deadline says */
    ROLLBACK_GRACE_US = 1000000,
};

static const struct error *begin(struct pg *pg)
{
    const struct error *err = pg_connection_ready(pg, "BEGIN");

    if (!err) {
        pg->in_transaction = true;
        pg->begin_pending = true;
    }
    return err;
}

const struct error *pg_transact_begin_now(struct pg *pg)
{
    const struct error *err;
    PGresult *result;

    if (!pg->begin_pending) {
        return NULL;
    }
    pg->begin_pending = false;
    if (!PQsendQuery(pg->conn, "BEGIN")) {
        err = pg_error_unavailable(pg, "BEGIN");
        pg_connection_close(pg);
        return err;
    }
    err = pg_connection_await(pg, "BEGIN", pg->deadline_us, &result);
    if (err) {
        return err;
    }
    PQclear(result);
    return NULL;
}

bool pg_transact_can_start_again(struct pg *pg, bool was_pending, const struct error *err)
{
    if (!was_pending || pg->conn || !error_is(err, REASON_DATABASE_UNAVAILABLE)) {
        return false;
    }
    pg->in_transaction = false;
    /* If that fails too, the transaction stays lost. */
    if (begin(pg)) {
        pg->in_transaction = true;
        return false;
    }
    return true;
}

/* Without an answer in time the connection is closed, which rolls back as well. */
static void roll_back(struct pg *pg)
{
    PGresult *result;

    pg->in_transaction = false;
    if (!pg->conn || pg->begin_pending) {
        pg->begin_pending = false;
        return;
    }
    if (!PQsendQuery(pg->conn, "ROLLBACK") ||
        pg_connection_await(pg, "ROLLBACK", clock_monotonic_us() + ROLLBACK_GRACE_US, &result)) {
        pg_connection_close(pg);
        return;
    }
    PQclear(result);
}

static const struct error *uncertain(struct pg *pg, const struct error *err)
{
    const struct error *outcome =
        error_new(pg->arena, REASON_COMMIT_UNCERTAIN,
                  "The connection to the database was lost while the change was being stored; it "
                  "may or may not have been made.");

    return error_with_cause(pg->arena, outcome, "%s", err->cause ? err->cause : err->detail);
}

static const struct error *commit(struct pg *pg)
{
    int64_t now_us = clock_monotonic_us();
    int64_t limit_us = pg->deadline_us;
    const struct error *err;
    PGresult *result;

    if (pg->begin_pending || !pg->conn) {
        err = pg->begin_pending ? NULL : pg_error_unavailable(pg, "transaction");
        pg->begin_pending = false;
        pg->in_transaction = false;
        return err;
    }
    if (PQtransactionStatus(pg->conn) != PQTRANS_INTRANS) {
        roll_back(pg);
        return error_internal(pg->arena,
                              "a failed statement's error was dropped inside a transaction");
    }
    if (limit_us != 0 && now_us >= limit_us) {
        roll_back(pg);
        return pg_error_deadline(pg, "COMMIT");
    }
    if (limit_us != 0 && limit_us < now_us + COMMIT_GRACE_US) {
        limit_us = now_us + COMMIT_GRACE_US;
    }
    pg->in_transaction = false;
    if (!PQsendQuery(pg->conn, "COMMIT")) {
        err = pg_error_unavailable(pg, "COMMIT");
        pg_connection_close(pg);
        return err;
    }
    err = pg_connection_await(pg, "COMMIT", limit_us, &result);
    if (err) {
        return pg->conn ? err : uncertain(pg, err);
    }
    PQclear(result);
    return NULL;
}

static void pause_before_retry(struct pg *pg, int attempt)
{
    int64_t us = (int64_t)FIRST_PAUSE_US << attempt;
    struct timespec pause;

    /* Two that collided must not collide again in step. */
    us += clock_monotonic_us() % us;
    if (pg->deadline_us != 0 && clock_monotonic_us() + us > pg->deadline_us) {
        return;
    }
    pause = (struct timespec){.tv_nsec = us * 1000};
    nanosleep(&pause, NULL);
}

const struct error *pg_transact(struct pg *pg, const struct error *(*fn)(struct pg *pg, void *ctx),
                                void *ctx)
{
    const struct error *err = NULL;

    check(!pg->in_transaction);
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        err = begin(pg);
        if (err) {
            return err;
        }
        err = fn(pg, ctx);
        if (err) {
            roll_back(pg);
        } else {
            err = commit(pg);
        }
        if (!error_is(err, REASON_SERIALIZATION_FAILED)) {
            return err;
        }
        pause_before_retry(pg, attempt);
    }
    return err;
}

static bool take_notification(struct pg *pg)
{
    PGnotify *notify = PQnotifies(pg->conn);
    bool is_notified = notify != NULL;

    while (notify) {
        PQfreemem(notify);
        notify = PQnotifies(pg->conn);
    }
    return is_notified;
}

const struct error *pg_wait_notify(struct pg *pg, int timeout_ms, bool *ret_notified)
{
    const struct error *err;
    struct pollfd fd;

    check(!pg->in_transaction);
    err = pg_connection_ready(pg, "wait");
    if (err) {
        return err;
    }
    *ret_notified = take_notification(pg);
    if (*ret_notified) {
        return NULL;
    }
    fd = (struct pollfd){.fd = PQsocket(pg->conn), .events = POLLIN};
    if (poll(&fd, 1, timeout_ms) > 0 && !PQconsumeInput(pg->conn)) {
        err = pg_error_unavailable(pg, "wait");
        pg_connection_close(pg);
        return err;
    }
    *ret_notified = take_notification(pg);
    return NULL;
}
