#include "services/common/saga/saga.h"

#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/log/log.h"
#include "services/common/saga/sql/saga.sql.h"

enum {
    LEASE_MS = 15000,
    STEP_MAX_US = 12000000, /* well inside the lease, so that nobody else runs the saga meanwhile */
    BOOKKEEPING_US = 1000000,
    FIRST_PAUSE_MS = 200,
    MAX_PAUSE_MS = 5000,
    MAX_PER_ROUND = 64,
    MAX_KINDS = 32,
    LAST_ERROR_MAX_BYTES = 500,
};

/* Set in main before there are threads, then only read. */
static const struct saga_kind *registered;
static size_t n_registered;

/* One saga while this thread has it. */
struct claim {
    const struct saga_kind *kind;
    int64_t id;
    int64_t object_id;
    int64_t attempts;
    const uint8_t *payload;
    size_t payload_len;
    const uint8_t *identity;
    size_t identity_len;
    const char *trace_id;
};

void saga_register(const struct saga_kind *kinds, size_t n_kinds)
{
    check(n_kinds <= MAX_KINDS);
    registered = kinds;
    n_registered = n_kinds;
}

static uint8_t *pack(struct call *call, const ProtobufCMessage *message, size_t *ret_len)
{
    uint8_t *data = arena_alloc(call->arena, protobuf_c_message_get_packed_size(message));

    *ret_len = protobuf_c_message_pack(message, data);
    return data;
}

const struct error *saga_begin(struct call *call, const struct saga_kind *kind, int64_t object_id,
                               const ProtobufCMessage *payload, int64_t delay_ms,
                               int64_t *ret_saga_id)
{
    size_t identity_len;
    const uint8_t *identity = pack(call, &call->identity->base, &identity_len);
    const struct error *err;
    struct pg_rows rows;
    size_t len;
    const uint8_t *data = pack(call, payload, &len);

    err = pg_query(call->pg, &saga_sql_saga_insert,
                   PG_ARGS(NULL, pg_text("kind", kind->name), pg_int64("object_id", object_id),
                           pg_bytes("payload", data, len),
                           pg_bytes("identity", identity, identity_len),
                           pg_text("trace_id", call->trace_id ? call->trace_id : ""),
                           pg_int64("delay_ms", delay_ms)),
                   &rows);
    if (err) {
        return err;
    }
    *ret_saga_id = pg_value_int64(&rows, 0, 0);
    return NULL;
}

const struct error *saga_cancel(struct call *call, int64_t saga_id)
{
    return pg_run(call->pg, &saga_sql_saga_delete, PG_ARGS(NULL, pg_int64("id", saga_id)), NULL);
}

const struct error *saga_withdraw(struct call *call, const struct saga_kind *kind,
                                  int64_t object_id, bool *ret_done)
{
    int64_t n_rows;
    const struct error *err = pg_run(
        call->pg, &saga_sql_saga_withdraw,
        PG_ARGS(NULL, pg_int64("object_id", object_id), pg_text("kind", kind->name)), &n_rows);

    if (err) {
        return err;
    }
    *ret_done = n_rows > 0;
    return NULL;
}

static const struct saga_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < n_registered; i++) {
        if (strcmp(registered[i].name, name) == 0) {
            return &registered[i];
        }
    }
    return NULL;
}

static void read_claim(struct call *call, const struct pg_rows *rows, struct claim *claim)
{
    claim->id = pg_value_int64(rows, 0, 0);
    claim->object_id = pg_value_int64(rows, 0, 2);
    claim->attempts = pg_value_int64(rows, 0, 3);
    claim->payload = pg_value_bytes(call->pg, rows, 0, 4, &claim->payload_len);
    claim->identity = pg_value_bytes(call->pg, rows, 0, 5, &claim->identity_len);
    claim->trace_id = pg_value(rows, 0, 6);
}

static const struct error *run_step(struct call *call, const struct claim *claim)
{
    ProtobufCAllocator *allocator = arena_allocator(call->arena);
    Roost__Common__V1__Identity *identity =
        roost__common__v1__identity__unpack(allocator, claim->identity_len, claim->identity);
    ProtobufCMessage *payload = protobuf_c_message_unpack(claim->kind->payload, allocator,
                                                          claim->payload_len, claim->payload);

    if (!identity || !payload) {
        return error_internal(call->arena, "the payload is no %s", claim->kind->payload->name);
    }
    call->identity = identity;
    call->trace_id = claim->trace_id;
    return claim->kind->step(call, payload);
}

static int64_t pause_after(int64_t attempts)
{
    int64_t pause_ms = attempts > 10 ? MAX_PAUSE_MS : FIRST_PAUSE_MS << (attempts - 1);

    return pause_ms < MAX_PAUSE_MS ? pause_ms : MAX_PAUSE_MS;
}

/* Plain ASCII, so that no cut and no foreign byte can make it text that the database refuses. */
static const char *describe(struct arena *arena, const struct error *failure)
{
    char *text = arena_printf(arena, "%s: %.*s", failure->reason, LAST_ERROR_MAX_BYTES,
                              failure->cause ? failure->cause : failure->detail);

    for (char *c = text; *c; c++) {
        if (*c < ' ' || *c > '~') {
            *c = '?';
        }
    }
    return text;
}

static const struct error *record(struct call *call, const struct claim *claim,
                                  const struct error *failure)
{
    if (!failure) {
        return pg_run(call->pg, &saga_sql_saga_delete, PG_ARGS(NULL, pg_int64("id", claim->id)),
                      NULL);
    }
    return pg_run(call->pg, &saga_sql_saga_put_back,
                  PG_ARGS(NULL, pg_int64("id", claim->id), pg_int64("attempts", claim->attempts),
                          pg_text("last_error", describe(call->arena, failure)),
                          pg_int64("pause_ms", pause_after(claim->attempts))),
                  NULL);
}

static void bind_deadline(struct call *call, int64_t deadline_us)
{
    call->deadline_us = deadline_us;
    pg_set_call(call->pg, call->arena, deadline_us);
}

/* Runs the step for whom the saga was begun and writes down the outcome. The step's failure is
 * *ret_failure; an error is one of the database: then the claim runs out by itself. */
static const struct error *run_claim(struct call *call, const struct claim *claim,
                                     const struct error **ret_failure)
{
    const struct call saved = *call;
    int64_t step_limit_us = clock_monotonic_us() + STEP_MAX_US;
    int64_t grace_us;
    const struct error *err;

    if (saved.deadline_us == 0 || saved.deadline_us > step_limit_us) {
        bind_deadline(call, step_limit_us);
    }
    *ret_failure = run_step(call, claim);
    call->identity = saved.identity;
    call->trace_id = saved.trace_id;
    /* A step that used up the call's time must not keep its claim until that runs out. */
    grace_us = clock_monotonic_us() + BOOKKEEPING_US;
    bind_deadline(call, saved.deadline_us != 0 && saved.deadline_us < grace_us ? grace_us
                                                                               : saved.deadline_us);
    err = record(call, claim, *ret_failure);
    bind_deadline(call, saved.deadline_us);
    return err;
}

/* Somebody else has it, or has done it. */
static const struct error *not_claimed(struct call *call, int64_t saga_id)
{
    const struct error *err;
    struct pg_rows rows;

    err = pg_query(call->pg, &saga_sql_saga_exists, PG_ARGS(NULL, pg_int64("id", saga_id)), &rows);
    if (err || !pg_value_bool(&rows, 0, 0)) {
        return err;
    }
    return error_new(call->arena, REASON_REQUEST_IN_PROGRESS, "The change is being carried out.");
}

const struct error *saga_run(struct call *call, const struct saga_kind *kind, int64_t saga_id)
{
    struct claim claim = {.kind = kind};
    const struct error *failure;
    const struct error *err;
    struct pg_rows rows;

    err = pg_query(call->pg, &saga_sql_saga_claim,
                   PG_ARGS(NULL, pg_int64("id", saga_id), pg_text("kind", kind->name),
                           pg_int64("lease_ms", LEASE_MS)),
                   &rows);
    if (err) {
        return err;
    }
    if (rows.n_rows == 0) {
        return not_claimed(call, saga_id);
    }
    read_claim(call, &rows, &claim);
    err = run_claim(call, &claim, &failure);
    return failure ? failure : err;
}

static void log_failure(const struct claim *claim, const struct error *failure)
{
    log_warn("saga.failed", log_str("kind", claim->kind->name), log_int("saga", claim->id),
             log_int("object", claim->object_id), log_int("attempts", claim->attempts),
             log_str("request_id", claim->trace_id), log_str("reason", failure->reason),
             log_str("cause", failure->cause ? failure->cause : failure->detail));
}

static const struct error *finish_one(struct call *call, bool *ret_found)
{
    const char *names[MAX_KINDS];
    struct claim claim = {0};
    const struct error *failure;
    const struct error *err;
    struct pg_rows rows;

    for (size_t i = 0; i < n_registered; i++) {
        names[i] = registered[i].name;
    }
    err = pg_query(
        call->pg, &saga_sql_saga_claim_due,
        PG_ARGS(NULL, pg_texts("kinds", names, n_registered), pg_int64("lease_ms", LEASE_MS)),
        &rows);
    *ret_found = !err && rows.n_rows > 0;
    if (!*ret_found) {
        return err;
    }
    read_claim(call, &rows, &claim);
    claim.kind = find_kind(pg_value(&rows, 0, 1));
    err = run_claim(call, &claim, &failure);
    if (failure) {
        log_failure(&claim, failure);
    }
    return err;
}

bool saga_is_used(void)
{
    return n_registered > 0;
}

const struct error *saga_finish_due(struct call *call)
{
    bool has_found = n_registered > 0;

    for (int i = 0; i < MAX_PER_ROUND && has_found && !call_is_cancelled(call); i++) {
        const struct error *err = finish_one(call, &has_found);

        if (err) {
            return err;
        }
    }
    if (has_found) {
        call_run_again(call);
    }
    return NULL;
}
