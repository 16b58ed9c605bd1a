#include "services/common/pg/pg_pipe.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "services/common/clock/busy_poll.h"
#include "services/common/clock/clock.h"
#include "services/common/log/log.h"
#include "services/common/pg/pg_internal.h"

enum {
    MAX_ENTRIES = 512, /* a power of two */
    ARENA_BYTES = 4096,
    CONNECT_US = 2000000,
    CONNECT_PAUSE_US = 200000, /* between two attempts */
    STALL_US = 2000000,        /* a read that takes longer is given up, and the connection */
    PACKET_BYTES = 480,        /* four reads or so: more at once keep too many waiting */
    LARGE_BYTES = 7168,        /* libpq begins to write by itself at 8192 */
    MESSAGE_BYTES = 128,       /* of a read, without its parameters */
};

enum entry_kind { ENTRY_PREPARE, ENTRY_READ, ENTRY_SYNC };

/* What PostgreSQL has been told and is going to answer, in this order. */
struct entry {
    enum entry_kind kind;
    struct pg_prepared *prepared;
    struct pg_read *read; /* NULL: nobody waits for it any more */
    PGresult *result;     /* come, but not yet at its end */
    bool has_failed;
    int64_t sent_us; /* or since when it is the first */
};

struct pg_pipe {
    struct pg *pg; /* the connection; libpq's part of it is used under the lock */
    struct arena *arena;
    pthread_t thread;
    int wake_fd;
    pthread_mutex_t lock;
    bool is_up;
    bool is_wanted; /* somebody found it down */
    bool is_ending;
    bool is_clogged; /* PostgreSQL does not read as fast as is written */
    int64_t connect_at_us;
    int64_t wakes_at_us; /* by when the thread looks after its reads unasked; 0: never */
    size_t unsent_bytes; /* about, since the last packet went out; 0: all is sent */
    struct busy_poll busy_poll;
    int n_holding;             /* how many have more reads for the packet */
    unsigned first, n_entries; /* a ring */
    struct entry entries[MAX_ENTRIES];
};

static struct entry *entry_at(struct pg_pipe *pipe, unsigned i)
{
    return &pipe->entries[(pipe->first + i) & (MAX_ENTRIES - 1)];
}

static void push(struct pg_pipe *pipe, enum entry_kind kind, struct pg_prepared *prepared,
                 struct pg_read *read)
{
    *entry_at(pipe, pipe->n_entries++) = (struct entry){
        .kind = kind, .prepared = prepared, .read = read, .sent_us = clock_monotonic_us()};
}

static void rouse(struct pg_pipe *pipe)
{
    uint64_t one = 1;
    ssize_t ignored = write(pipe->wake_fd, &one, sizeof(one));

    (void)ignored; /* it fails only when the thread has been roused often enough */
}

static bool send_read(struct pg_pipe *pipe, struct pg_read *read)
{
    struct pg *pg = pipe->pg;
    struct pg_prepared *prepared = pg_connection_find(pg, read->stmt);

    if (!prepared) {
        prepared = pg_prepared_new(pg, read->stmt);
        pg_connection_keep(pg, prepared);
        if (!PQsendPrepare(pg->conn, prepared->name, read->stmt->sql, 0, NULL)) {
            return false;
        }
        push(pipe, ENTRY_PREPARE, prepared, NULL);
        pipe->unsent_bytes += strlen(read->stmt->sql);
    }
    if (!PQsendQueryPrepared(pg->conn, prepared->name, (int)read->stmt->n_params,
                             read->bound->values, read->bound->lengths, read->bound->formats, 1)) {
        return false;
    }
    push(pipe, ENTRY_READ, prepared, read);
    return true;
}

/* Ends the packet. libpq reads what has come when it cannot write, and the socket does not tell of
 * that any more: so after a large packet the thread looks. */
static void send_off(struct pg_pipe *pipe)
{
    bool is_large = pipe->unsent_bytes >= LARGE_BYTES;
    int left;

    pipe->unsent_bytes = 0;
    push(pipe, ENTRY_SYNC, NULL, NULL);
    left = PQpipelineSync(pipe->pg->conn) ? PQflush(pipe->pg->conn) : -1;
    if (left < 0) {
        pipe->is_up = false;
        rouse(pipe);
    } else if (left > 0 || is_large) {
        pipe->is_clogged = true;
        rouse(pipe);
    }
}

/* The thread has to be up when this read is late. */
static void set_alarm(struct pg_pipe *pipe, const struct pg_read *read)
{
    int64_t limit_us = clock_monotonic_us() + STALL_US;

    if (read->deadline_us != 0 && read->deadline_us < limit_us) {
        limit_us = read->deadline_us;
    }
    if (pipe->wakes_at_us == 0 || limit_us < pipe->wakes_at_us) {
        pipe->wakes_at_us = limit_us;
        rouse(pipe);
    }
}

bool pg_pipe_submit(struct pg_pipe *pipe, struct pg_read *read)
{
    bool is_sent = false;

    read->result = NULL;
    pthread_mutex_lock(&pipe->lock);
    bool is_idle = pipe->n_entries == 0;

    if (!pipe->is_up) {
        if (!pipe->is_wanted) {
            pipe->is_wanted = true;
            rouse(pipe);
        }
    } else if (pipe->n_entries + 3 <= MAX_ENTRIES) {
        is_sent = send_read(pipe, read);
        if (!is_sent) {
            pipe->is_up = false; /* half a command is out: the thread cleans up */
            rouse(pipe);
        } else {
            pipe->unsent_bytes += MESSAGE_BYTES + read->n_bytes;
            set_alarm(pipe, read);
            if (pipe->n_holding > 0 ? pipe->unsent_bytes >= LARGE_BYTES
                                    : is_idle || pipe->unsent_bytes >= PACKET_BYTES) {
                send_off(pipe);
            }
        }
    }
    pthread_mutex_unlock(&pipe->lock);
    return is_sent;
}

void pg_pipe_hold(struct pg_pipe *pipe)
{
    pthread_mutex_lock(&pipe->lock);
    pipe->n_holding++;
    pthread_mutex_unlock(&pipe->lock);
}

void pg_pipe_send(struct pg_pipe *pipe)
{
    pthread_mutex_lock(&pipe->lock);
    pipe->n_holding--;
    if (pipe->is_up && pipe->unsent_bytes > 0) {
        send_off(pipe);
    }
    pthread_mutex_unlock(&pipe->lock);
}

/* Done reads, to be told of without the lock. */
struct done {
    struct pg_read *first;
    struct pg_read **end;
};

static void add_done(struct done *done, struct pg_read *read)
{
    if (read) {
        read->next = NULL;
        *done->end = read;
        done->end = &read->next;
    }
}

static void tell(struct done *done)
{
    struct pg_read *read = done->first;

    while (read) {
        struct pg_read *next = read->next;

        read->done(read);
        read = next;
    }
    *done = (struct done){.end = &done->first};
}

/* Nothing that was sent is going to be answered. The connection stays until the rows that came are
 * decoded: they need to know its statements. */
static void give_up(struct pg_pipe *pipe, struct done *done)
{
    for (; pipe->n_entries > 0; pipe->n_entries--, pipe->first++) {
        struct entry *entry = entry_at(pipe, 0);

        PQclear(entry->result);
        add_done(done, entry->read);
    }
    pipe->is_up = false;
    pipe->is_wanted = false;
    pipe->is_clogged = false;
    pipe->unsent_bytes = 0;
    pipe->connect_at_us = clock_monotonic_us() + CONNECT_PAUSE_US;
}

static void pop(struct pg_pipe *pipe, struct done *done)
{
    struct entry *entry = entry_at(pipe, 0);

    if (entry->read) {
        entry->read->prepared = entry->prepared;
        entry->read->result = entry->result;
        add_done(done, entry->read);
    } else {
        PQclear(entry->result);
    }
    pipe->first++;
    pipe->n_entries--;
    entry_at(pipe, 0)->sent_us = clock_monotonic_us(); /* now it is its turn */
}

/* A value that PostgreSQL refuses concerns its own read and those of the same packet. After any
 * other error the connection may not be what it was. */
static bool is_of_the_read(const struct entry *entry, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return entry->kind == ENTRY_READ && state && strncmp(state, "22", 2) == 0;
}

/* One step of PostgreSQL's answer. False if it makes no sense or is an error: then the blocking way
 * finds out what is wrong. */
static bool take_result(struct pg_pipe *pipe, PGresult *result, struct done *done)
{
    struct entry *entry = entry_at(pipe, 0);

    if (!result) {
        bool is_end = entry->result != NULL || entry->has_failed;

        if (is_end) {
            pop(pipe, done);
        }
        return is_end;
    }
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        if (entry->kind != ENTRY_SYNC) {
            return false;
        }
        pop(pipe, done);
        return true;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        if (entry->kind != ENTRY_SYNC && !entry->result) {
            entry->result = result;
            return true;
        }
        break;
    case PGRES_FATAL_ERROR:
        entry->has_failed = is_of_the_read(entry, result);
        break;
    case PGRES_PIPELINE_ABORTED:
        entry->has_failed = entry->kind == ENTRY_READ;
        break;
    default:
        break;
    }
    PQclear(result);
    return entry->has_failed;
}

static bool take_results(struct pg_pipe *pipe, struct done *done)
{
    if (!PQconsumeInput(pipe->pg->conn)) {
        return false;
    }
    while (pipe->n_entries > 0 && !PQisBusy(pipe->pg->conn)) {
        if (!take_result(pipe, PQgetResult(pipe->pg->conn), done)) {
            return false;
        }
    }
    return PQstatus(pipe->pg->conn) != CONNECTION_BAD;
}

/* Lets go of who cannot wait longer. False if PostgreSQL does not answer at all. */
static bool end_late_reads(struct pg_pipe *pipe, int64_t now_us, struct done *done)
{
    for (unsigned i = 0; i < pipe->n_entries; i++) {
        struct entry *entry = entry_at(pipe, i);

        if (entry->read && entry->read->deadline_us != 0 && entry->read->deadline_us <= now_us) {
            add_done(done, entry->read);
            entry->read = NULL;
        }
    }
    return pipe->n_entries == 0 || entry_at(pipe, 0)->sent_us + STALL_US > now_us;
}

/* When somebody cannot wait longer; 0: nobody waits. */
static int64_t next_limit(struct pg_pipe *pipe)
{
    int64_t limit_us = 0;

    if (pipe->n_entries == 0) {
        return 0;
    }
    limit_us = entry_at(pipe, 0)->sent_us + STALL_US;
    for (unsigned i = 0; i < pipe->n_entries; i++) {
        const struct pg_read *read = entry_at(pipe, i)->read;

        if (read && read->deadline_us != 0 && read->deadline_us < limit_us) {
            limit_us = read->deadline_us;
        }
    }
    return limit_us;
}

/* Without the lock: nobody else touches a pipe that is down. */
static void connect_now(struct pg_pipe *pipe)
{
    pg_set_call(pipe->pg, pipe->arena, clock_monotonic_us() + CONNECT_US);
    const struct error *err = pg_connection_ready(pipe->pg, "pipe");
    bool is_up = !err && PQenterPipelineMode(pipe->pg->conn) == 1;

    if (!is_up) {
        log_warn("pg.pipe_down", log_str("cause", err ? err->cause : "no pipeline mode"));
    }
    arena_reset(pipe->arena);
    pthread_mutex_lock(&pipe->lock);
    pipe->is_up = is_up;
    pipe->is_wanted = false;
    if (!is_up) {
        pg_connection_close(pipe->pg);
        pipe->connect_at_us = clock_monotonic_us() + CONNECT_PAUSE_US;
    }
    pthread_mutex_unlock(&pipe->lock);
}

static int timeout_ms(int64_t until_us)
{
    int64_t left_us = until_us - clock_monotonic_us();

    return until_us == 0 ? -1 : left_us <= 0 ? 0 : (int)(left_us / 1000) + 1;
}

/* Looks for a while, then sleeps, until something is to be done. True if PostgreSQL has said
 * something. */
static bool wait(struct pg_pipe *pipe, int fd, short events, int64_t until_us)
{
    struct pollfd fds[] = {{.fd = pipe->wake_fd, .events = POLLIN}, {.fd = fd, .events = events}};
    nfds_t n_fds = fd >= 0 ? 2 : 1;
    bool looks = busy_poll_begin(&pipe->busy_poll);
    uint64_t n;
    ssize_t ignored;

    while (looks && poll(fds, n_fds, 0) == 0) {
        looks = busy_poll_again(&pipe->busy_poll);
    }
    if (!looks) {
        poll(fds, n_fds, timeout_ms(until_us));
    }
    busy_poll_end(&pipe->busy_poll);
    if (fds[0].revents) {
        ignored = read(pipe->wake_fd, &n, sizeof(n));
        (void)ignored;
    }
    return fd >= 0 && fds[1].revents;
}

/* When the thread has to be up: an idle one stays half awake for a while, so that the next read
 * need not rouse it. */
static int64_t next_alarm(struct pg_pipe *pipe, int64_t now_us)
{
    int64_t limit_us = next_limit(pipe);
    bool has_slept = pipe->wakes_at_us == 0 || pipe->wakes_at_us <= now_us;

    return limit_us != 0 || has_slept ? limit_us : now_us + STALL_US;
}

/* After something was heard of PostgreSQL, or it is time. False if the connection is of no use any
 * more. */
static bool look_after(struct pg_pipe *pipe, bool is_ready, struct done *done, bool *ret_is_stuck)
{
    int64_t now_us;

    *ret_is_stuck = false;
    if (pipe->is_up && pipe->is_clogged) {
        int left = PQflush(pipe->pg->conn);

        pipe->is_clogged = left > 0;
        pipe->is_up = left >= 0;
        is_ready = true;
    }
    if (!pipe->is_up || (is_ready && !take_results(pipe, done))) {
        return false;
    }
    now_us = clock_monotonic_us();
    *ret_is_stuck = pipe->wakes_at_us != 0 && now_us >= pipe->wakes_at_us &&
                    !end_late_reads(pipe, now_us, done);
    return !*ret_is_stuck;
}

/* One round of a pipe that is up. */
static void work(struct pg_pipe *pipe)
{
    struct done done = {.end = &done.first};
    short events = pipe->is_clogged ? POLLIN | POLLOUT : POLLIN;
    int64_t wakes_at_us = next_alarm(pipe, clock_monotonic_us());
    int fd = PQsocket(pipe->pg->conn);
    bool is_stuck;

    pipe->wakes_at_us = wakes_at_us;
    pthread_mutex_unlock(&pipe->lock);
    bool is_ready = wait(pipe, fd, events, wakes_at_us);

    pthread_mutex_lock(&pipe->lock);
    bool is_well = look_after(pipe, is_ready, &done, &is_stuck);

    if (!is_well) {
        give_up(pipe, &done);
    } else if (pipe->unsent_bytes > 0) {
        send_off(pipe);
    }
    pthread_mutex_unlock(&pipe->lock);
    tell(&done);
    if (is_stuck) {
        pg_connection_cancel(pipe->pg);
    }
    if (!is_well) {
        pg_connection_close(pipe->pg); /* without the lock, as in connect_now */
    }
    pthread_mutex_lock(&pipe->lock);
}

static void *thread_main(void *ptr)
{
    struct pg_pipe *pipe = ptr;

    pthread_mutex_lock(&pipe->lock);
    while (!pipe->is_ending) {
        if (pipe->pg->conn) {
            work(pipe);
            continue;
        }
        bool is_time = pipe->is_wanted && clock_monotonic_us() >= pipe->connect_at_us;
        int64_t until_us = pipe->is_wanted ? pipe->connect_at_us : 0;

        pthread_mutex_unlock(&pipe->lock);
        if (is_time) {
            connect_now(pipe);
        } else {
            wait(pipe, -1, 0, until_us);
        }
        pthread_mutex_lock(&pipe->lock);
    }
    pthread_mutex_unlock(&pipe->lock);
    return NULL;
}

struct pg_pipe *pg_pipe_new(const char *url, const char *application_name, const char *schema)
{
    struct pg_pipe *pipe = calloc(1, sizeof(*pipe));

    check(pipe);
    pipe->arena = arena_new(ARENA_BYTES);
    pipe->pg = pg_new(url, application_name, schema);
    pipe->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    check(pipe->wake_fd >= 0);
    check(pthread_mutex_init(&pipe->lock, NULL) == 0);
    check(pthread_create(&pipe->thread, NULL, thread_main, pipe) == 0);
    (void)pthread_setname_np(pipe->thread, "pg-pipe");
    return pipe;
}

void pg_pipe_free(struct pg_pipe *pipe)
{
    if (!pipe) {
        return;
    }
    pthread_mutex_lock(&pipe->lock);
    pipe->is_ending = true;
    pthread_mutex_unlock(&pipe->lock);
    rouse(pipe);
    check(pthread_join(pipe->thread, NULL) == 0);
    pg_free(pipe->pg);
    arena_free(pipe->arena);
    close(pipe->wake_fd);
    pthread_mutex_destroy(&pipe->lock);
    free(pipe);
}
