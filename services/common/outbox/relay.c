#include "services/common/outbox/relay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services/common/log/log.h"
#include "services/common/metrics/metrics.h"
#include "services/common/outbox/sql/outbox.sql.h"
#include "services/common/pg/pg.h"
#include "services/common/redis/redis.h"

#define STREAM             "roost:events"
#define MARKER             "roost:relay:"
#define STREAM_MAX_ENTRIES "1000000"

enum {
    BATCH = 500,
    REPUBLISH_BATCH = 20000,
    LOOKS_PER_ROUND = 10, /* a round checks the marker once, then only looks into the outbox */
    LOOK_PAUSE_MS = 100,
    XADD_ARGS = 8,
};

/* The marker in Redis is the number of the last batch that was published. Redis stores in order, so
 * where it has lost data, it has lost what came after its marker: then the marker is behind the
 * outbox, or gone. It is moved on only from the value that was seen, so a loss in the middle of a
 * batch is not covered up. */
static const char move_marker[] =
    "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end "
    "redis.call('SET', KEYS[1], ARGV[2]) return 1";

static struct metrics_value published = {
    .name = "roost_outbox_published_total",
    .kind = METRICS_COUNTER,
    .help = "Events published to the stream, those published again included.",
};
static struct metrics_value republished = {
    .name = "roost_outbox_republished_total",
    .kind = METRICS_COUNTER,
    .help = "Events taken back for publishing again, because Redis had lost them.",
};

struct round {
    struct call *call;
    const char *service;
    const char *marker_key;
    const char *marker; /* as Redis has it, "" if it is gone */
    int64_t last_batch; /* as the outbox has it */
    bool is_active;     /* this relay holds the lock */
    bool is_behind;     /* Redis has lost something */
    int64_t n_published;
    int64_t n_republished;
    int64_t taken_back_id; /* up to here */
};

static const struct error *read_number(struct pg *pg, const struct pg_statement *stmt,
                                       int64_t *ret_number)
{
    struct pg_rows rows;
    const struct error *err = pg_query(pg, stmt, NULL, &rows);

    if (!err) {
        *ret_number = pg_value_int64(&rows, 0, 0);
    }
    return err;
}

static const struct error *take_lock(struct pg *pg, struct round *round)
{
    struct pg_rows rows;
    const struct error *err = pg_query(pg, &outbox_sql_outbox_lock, NULL, &rows);

    if (!err) {
        round->is_active = pg_value_bool(&rows, 0, 0);
    }
    return err;
}

/* Compares what Redis has with what was published. */
static const struct error *compare(struct pg *pg, struct round *round)
{
    const struct error *err = read_number(pg, &outbox_sql_outbox_last_batch, &round->last_batch);
    struct redis_reply reply;

    if (err) {
        return err;
    }
    err = REDIS_COMMAND(round->call->redis, &reply, "GET", round->marker_key);
    if (err) {
        return err;
    }
    round->marker = reply.kind == REDIS_TEXT ? reply.text : "";
    round->is_behind =
        round->marker[0] == '\0' || strtoll(round->marker, NULL, 10) != round->last_batch;
    return NULL;
}

static const struct error *set_marker(struct round *round, int64_t batch)
{
    const char *number = arena_printf(round->call->arena, "%" PRId64, batch);
    struct redis_reply reply;

    return REDIS_COMMAND(round->call->redis, &reply, "EVAL", move_marker, "1", round->marker_key,
                         round->marker, number);
}

/* Takes back, oldest first, that rows were published. Nothing is published before all are taken
 * back: the order of an object's events would break. */
static const struct error *take_back(struct pg *pg, void *ctx)
{
    struct round *round = ctx;
    const struct error *err = take_lock(pg, round);
    struct pg_rows rows;

    if (err || !round->is_active) {
        return err;
    }
    err = compare(pg, round);
    if (err || !round->is_behind) {
        return err;
    }
    err = pg_query(pg, &outbox_sql_outbox_republish,
                   PG_ARGS(NULL, pg_int64("marker", strtoll(round->marker, NULL, 10)),
                           pg_int64("after_id", round->taken_back_id),
                           pg_int64("limit", REPUBLISH_BATCH)),
                   &rows);
    if (err) {
        return err;
    }
    if (pg_value_int64(&rows, 0, 0) == 0) {
        return set_marker(round, round->last_batch);
    }
    round->n_republished += pg_value_int64(&rows, 0, 0);
    round->taken_back_id = pg_value_int64(&rows, 0, 1);
    return NULL;
}

static const struct error *send_batch(struct round *round, const struct pg_rows *rows,
                                      int64_t batch)
{
    struct arena *arena = round->call->arena;
    size_t n = (size_t)rows->n_rows;
    struct redis_batch_item *items = arena_alloc(arena, (n + 1) * sizeof(*items));
    struct redis_reply *replies = arena_alloc(arena, (n + 1) * sizeof(*replies));
    const char *const move[] = {"EVAL",        move_marker,
                                "1",           round->marker_key,
                                round->marker, arena_printf(arena, "%" PRId64, batch)};
    const struct error *err;

    for (size_t i = 0; i < n; i++) {
        const char *const args[XADD_ARGS] = {"XADD",
                                             STREAM,
                                             "MAXLEN",
                                             "~",
                                             STREAM_MAX_ENTRIES,
                                             "*",
                                             "event",
                                             pg_value(rows, (int)i, 1)};

        items[i].n_args = XADD_ARGS;
        items[i].args = arena_memdup(arena, args, sizeof(args));
    }
    items[n].n_args = sizeof(move) / sizeof(move[0]);
    items[n].args = move;
    err = redis_batch(round->call->redis, items, n + 1, replies);
    if (err) {
        return err;
    }
    for (size_t i = 0; i <= n; i++) {
        if (replies[i].kind == REDIS_REPLY_ERROR) {
            return error_internal(arena, "redis refused an event: %s", replies[i].text);
        }
    }
    if (replies[n].kind != REDIS_INTEGER || replies[n].integer != 1) {
        return error_new(arena, REASON_REDIS_UNAVAILABLE,
                         "The event store has just lost its data.");
    }
    return NULL;
}

static const struct error *mark_published(struct pg *pg, const struct pg_rows *rows, int64_t batch)
{
    int64_t ids[BATCH];

    for (int i = 0; i < rows->n_rows; i++) {
        ids[i] = pg_value_int64(rows, i, 0);
    }
    return pg_run(
        pg, &outbox_sql_outbox_published,
        PG_ARGS(NULL, pg_int64("batch", batch), pg_int64s("ids", ids, (size_t)rows->n_rows)), NULL);
}

/* Redis first, then the rows: a crash between the two publishes again, never not at all. */
static const struct error *publish(struct pg *pg, void *ctx)
{
    struct round *round = ctx;
    const struct error *err = take_lock(pg, round);
    struct pg_rows rows;
    int64_t batch;

    round->n_published = 0;
    if (err || !round->is_active) {
        return err;
    }
    err = compare(pg, round);
    if (err || round->is_behind) {
        return err;
    }
    err = pg_query(pg, &outbox_sql_outbox_unpublished,
                   PG_ARGS(NULL, pg_text("service", round->service), pg_int64("limit", BATCH)),
                   &rows);
    if (err || rows.n_rows == 0) {
        return err;
    }
    err = read_number(pg, &outbox_sql_outbox_next_batch, &batch);
    if (err) {
        return err;
    }
    err = send_batch(round, &rows, batch);
    if (err) {
        return err;
    }
    err = mark_published(pg, &rows, batch);
    if (!err) {
        round->n_published = rows.n_rows;
    }
    return err;
}

static const struct error *repair(struct round *round)
{
    bool was_found = false;

    while (round->is_active && round->is_behind && !call_is_cancelled(round->call)) {
        const struct error *err;
        int64_t n_before = round->n_republished;

        err = pg_transact(round->call->pg, take_back, round);
        if (err) {
            return err;
        }
        was_found = was_found || round->n_republished > n_before;
        if (round->n_republished == n_before) {
            break;
        }
    }
    if (was_found) {
        metrics_add(&republished, round->n_republished);
        log_warn("relay.republished", log_str("marker", round->marker),
                 log_int("events", round->n_republished));
    }
    return NULL;
}

static const struct error *look(struct call *call, bool *ret_has_work, bool *ret_has_old)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, &outbox_sql_outbox_probe, NULL, &rows);

    if (!err) {
        *ret_has_work = pg_value_bool(&rows, 0, 0);
        *ret_has_old = pg_value_bool(&rows, 0, 1);
    }
    return err;
}

/* Looks again and again, because a NOTIFY in every write would make all commits queue behind each
 * other. */
static const struct error *wait_for_work(struct call *call, bool *ret_has_work)
{
    const struct timespec pause = {.tv_nsec = LOOK_PAUSE_MS * 1000000L};
    bool has_old = false;

    *ret_has_work = false;
    for (int i = 0; i < LOOKS_PER_ROUND && !*ret_has_work && !call_is_cancelled(call); i++) {
        const struct error *err = look(call, ret_has_work, &has_old);

        if (err) {
            return err;
        }
        if (!*ret_has_work) {
            nanosleep(&pause, NULL);
        }
    }
    return has_old ? pg_run(call->pg, &outbox_sql_outbox_expire, NULL, NULL) : NULL;
}

const struct error *outbox_relay_run(struct call *call)
{
    struct round round = {
        .call = call,
        .service = call->identity->service,
        .marker_key = arena_printf(call->arena, MARKER "%s", call->identity->service),
    };
    const struct error *err = pg_transact(call->pg, publish, &round);
    bool has_work;

    if (err) {
        return err;
    }
    err = repair(&round);
    if (err) {
        return err;
    }
    if (round.n_published > 0) {
        metrics_add(&published, round.n_published);
    }
    has_work = round.n_published > 0 || round.n_republished > 0;
    if (!has_work) {
        err = wait_for_work(call, &has_work);
    }
    /* Where another relay is active, this one takes its time. */
    if (has_work && round.is_active) {
        call_run_again(call);
    }
    return err;
}
