#include "services/mailbox_agent/agent.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/roost/mailboxes/v1/mailboxes.client.h"
#include "services/common/clock/clock.h"
#include "services/common/log/log.h"
#include "services/common/message/message.h"
#include "services/common/metrics/metrics.h"
#include "services/common/rpc/tls.h"
#include "services/mailbox_agent/doveadm.h"
#include "services/mailbox_agent/mail_tree.h"

enum {
    CLAIM_LIMIT = 100,
    CALL_LIMIT_US = 10000000,
    TRASH_SLICE_US = 2000000,
    KICK_LIMIT_US = 3000000,
    KEPT_PAUSE_US = 2000000,
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MAX_MS = 5000,
    ARENA_BYTES = 65536,
};

static struct metrics_value n_done = {.name = "roost_agent_operations_done_total",
                                      .kind = METRICS_COUNTER,
                                      .help = "Operations carried out."};
static struct metrics_value n_failed = {.name = "roost_agent_attempts_failed_total",
                                        .kind = METRICS_COUNTER,
                                        .help = "Attempts that ended in an error."};
static struct metrics_value n_ended = {.name = "roost_agent_session_ends_total",
                                       .kind = METRICS_COUNTER,
                                       .help = "Names whose sessions were ended, if any."};

/* One claimed operation on its way. */
struct task {
    const Roost__Mailboxes__V1__MailboxOperation *operation;
    struct mail_path from;
    struct mail_path to; /* of a rename */
    bool is_rename;
    const char *fault; /* NULL: good so far */
    bool is_permanent;
};

static void sleep_ms(const struct agent *agent, int64_t ms)
{
    while (ms > 0 && !atomic_load(agent->is_stopping)) {
        int64_t step = ms < 100 ? ms : 100;
        poll(NULL, 0, (int)step);
        ms -= step;
    }
}

/* A call of the agent's own: it acts for nobody. */
static struct call new_call(const struct agent *agent, struct arena *arena)
{
    static const Roost__Common__V1__Identity nobody = ROOST__COMMON__V1__IDENTITY__INIT;
    return (struct call){
        .arena = arena,
        .identity = &nobody,
        .method = "task/mailbox_agent",
        .trace_id = arena_printf(arena, "%s/%lld", agent->name, (long long)clock_wall_us()),
        .deadline_us = clock_monotonic_us() + CALL_LIMIT_US,
        .peers = agent->peers,
    };
}

static const struct error *claim(struct agent *agent, struct arena *arena,
                                 Roost__Mailboxes__V1__ClaimOperationsResponse **ret_resp)
{
    Roost__Mailboxes__V1__ClaimOperationsRequest req =
        ROOST__MAILBOXES__V1__CLAIM_OPERATIONS_REQUEST__INIT;
    req.agent = agent->name;
    req.limit = CLAIM_LIMIT;
    req.lease_seconds = (int32_t)agent->config->lease_s;
    if (*agent->config->doveadm && clock_monotonic_us() >= agent->next_end_us) {
        req.session_end_limit = AGENT_SESSION_ENDS_MAX;
    }
    req.ended_session_ids = agent->ended;
    req.n_ended_session_ids = agent->n_ended;
    struct call call = new_call(agent, arena);
    const struct error *err = mailboxes_internal_client_claim_operations(&call, &req, ret_resp);
    if (!err) {
        agent->n_ended = 0;
    }
    return err;
}

static void report(struct agent *agent, struct arena *arena, const struct task *task)
{
    const Roost__Mailboxes__V1__MailboxOperation *operation = task->operation;
    metrics_add(task->fault ? &n_failed : &n_done, 1);
    const struct log_field fields[] = {
        log_int("operation", operation->id),      log_str("type", operation->type),
        log_str("argument", operation->argument), log_str("destination", operation->destination),
        log_int("attempt", operation->attempts),  log_str("error", task->fault),
    };
    log_write(task->fault ? LOG_WARN : LOG_INFO,
              task->fault ? "operation.failed" : "operation.done", fields,
              sizeof fields / sizeof *fields);
    Roost__Mailboxes__V1__FinishOperationRequest req =
        ROOST__MAILBOXES__V1__FINISH_OPERATION_REQUEST__INIT;
    req.operation_id = operation->id;
    req.agent = agent->name;
    req.error = (char *)(task->fault ? task->fault : "");
    req.permanent = task->is_permanent;
    int64_t give_up_us = clock_monotonic_us() + agent->config->lease_s * 1000000;
    int64_t pause_ms = BACKOFF_FIRST_MS;
    for (;;) {
        Google__Protobuf__Empty *empty;
        struct call call = new_call(agent, arena);
        const struct error *err = mailboxes_internal_client_finish_operation(&call, &req, &empty);
        if (!err) {
            return;
        }
        log_warn("report.failed", log_int("operation", operation->id),
                 log_str("reason", err->reason),
                 log_str("cause", err->cause ? err->cause : err->detail));
        /* The queue hands the operation out again; carrying it out twice does no harm. */
        if (clock_monotonic_us() > give_up_us || atomic_load(agent->is_stopping)) {
            return;
        }
        sleep_ms(agent, pause_ms);
        pause_ms = pause_ms * 2 < BACKOFF_MAX_MS ? pause_ms * 2 : BACKOFF_MAX_MS;
    }
}

static void prepare(struct arena *arena, const Roost__Mailboxes__V1__MailboxOperation *operation,
                    struct task *task)
{
    *task =
        (struct task){.operation = operation, .is_rename = strcmp(operation->type, "rename") == 0};
    task->is_permanent = true; /* until it is known to be good */
    if (!task->is_rename && strcmp(operation->type, "delete") != 0) {
        task->fault = "this agent does not know such operations";
        return;
    }
    if (!mail_path_parse(arena, operation->argument, &task->from, &task->fault) ||
        (task->is_rename &&
         !mail_path_parse(arena, operation->destination, &task->to, &task->fault))) {
        return;
    }
    task->is_permanent = false;
}

static bool work_on(struct mail_work *work, const struct task *task)
{
    if (task->is_rename) {
        return mail_tree_move(work, &task->from, &task->to);
    }
    const char *name = arena_printf(work->arena, "%lld", (long long)task->operation->id);
    return mail_tree_remove(work, &task->from, name);
}

/* Moves or removes what is there now. */
static void carry_out(struct agent *agent, struct arena *arena, struct task *task,
                      int64_t deadline_us)
{
    struct mail_work work = {.arena = arena, .root = agent->root, .deadline_us = deadline_us};
    if (!task->fault && !work_on(&work, task)) {
        task->fault = work.fault;
        task->is_permanent = work.is_permanent;
    }
}

/* Ends the sessions under these names. Where that fails, is_kept says so. A Dovecot that hangs must
 * not hold the queue up. */
struct kick {
    const char *address;
    bool is_kept;
};

static bool kick(struct agent *agent, struct arena *arena, const char *who, const char *address)
{
    if (!who) {
        return false;
    }
    return !doveadm_is_listed(who, address) || doveadm_kick(arena, agent->config->doveadm, address);
}

/* Leaves out those that it has not managed before. */
static void kick_all(struct agent *agent, struct arena *arena, struct kick *kicks, size_t n)
{
    int64_t limit_us = clock_monotonic_us() + KICK_LIMIT_US;
    const char *who = NULL;
    bool is_asked = false;
    for (size_t i = 0; i < n; i++) {
        if (kicks[i].is_kept) {
            continue;
        }
        if (!is_asked) {
            who = doveadm_who(arena, agent->config->doveadm);
            is_asked = true;
        }
        kicks[i].is_kept =
            clock_monotonic_us() > limit_us || !kick(agent, arena, who, kicks[i].address);
    }
}

/* What one round is about. */
struct round {
    struct task *tasks;
    size_t n_tasks;
    Roost__Mailboxes__V1__SessionEnd **ends;
    size_t n_ends;
    /* First those of the ends, then those of the mailboxes that move or go. */
    struct kick *kicks;
    size_t n_kicks;
};

static struct round new_round(struct arena *arena,
                              const Roost__Mailboxes__V1__ClaimOperationsResponse *resp)
{
    struct round round = {.n_tasks = resp->n_operations,
                          .ends = resp->session_ends,
                          .n_ends = resp->n_session_ends < AGENT_SESSION_ENDS_MAX
                                        ? resp->n_session_ends
                                        : AGENT_SESSION_ENDS_MAX};
    round.tasks = arena_alloc(arena, (round.n_tasks + 1) * sizeof *round.tasks);
    round.kicks = arena_alloc(arena, (round.n_tasks + round.n_ends + 1) * sizeof *round.kicks);
    for (size_t i = 0; i < round.n_ends; i++) {
        round.kicks[round.n_kicks++].address = round.ends[i]->address;
    }
    for (size_t i = 0; i < round.n_tasks; i++) {
        prepare(arena, resp->operations[i], &round.tasks[i]);
        if (!round.tasks[i].fault) {
            round.kicks[round.n_kicks++].address = resp->operations[i]->full_address;
        }
    }
    return round;
}

/* Everything twice, with a rest between: a delivery or a session that was under way may have made
 * the old directory again, and a login that was under way is a session now. Sessions that are left
 * of a mailbox that has moved find their files gone and end by themselves. */
static void carry_out_all(struct agent *agent, struct arena *arena, struct round *round)
{
    int64_t deadline_us = clock_monotonic_us() + agent->config->lease_s * 1000000 * 3 / 4;
    for (size_t i = 0; i < round->n_tasks; i++) {
        carry_out(agent, arena, &round->tasks[i], deadline_us);
    }
    kick_all(agent, arena, round->kicks, round->n_kicks);
    sleep_ms(agent, agent->config->settle_ms);
    for (size_t i = 0; i < round->n_tasks; i++) {
        carry_out(agent, arena, &round->tasks[i], deadline_us);
    }
    kick_all(agent, arena, round->kicks, round->n_ends);
    for (size_t i = 0; i < round->n_ends; i++) {
        if (round->kicks[i].is_kept) {
            agent->next_end_us = clock_monotonic_us() + KEPT_PAUSE_US;
        } else {
            agent->ended[agent->n_ended++] = round->ends[i]->id;
        }
    }
    metrics_add(&n_ended, (int64_t)agent->n_ended);
}

static bool empty_trash(struct agent *agent, struct arena *arena, bool *ret_is_empty)
{
    struct mail_work work = {
        .arena = arena, .root = agent->root, .deadline_us = clock_monotonic_us() + TRASH_SLICE_US};
    if (mail_tree_purge(&work, ret_is_empty)) {
        return true;
    }
    log_error("trash.failed", log_str("cause", work.fault));
    return false;
}

const struct error *agent_round(struct agent *agent, struct arena *arena, bool *ret_worked)
{
    Roost__Mailboxes__V1__ClaimOperationsResponse *resp;
    const struct error *err = claim(agent, arena, &resp);
    if (err) {
        return err;
    }
    struct round round = new_round(arena, resp);
    if (round.n_tasks + round.n_ends > 0) {
        carry_out_all(agent, arena, &round);
    }
    for (size_t i = 0; i < round.n_tasks; i++) {
        report(agent, arena, &round.tasks[i]);
    }
    bool is_empty = false;
    bool is_good = empty_trash(agent, arena, &is_empty);
    *ret_worked = round.n_tasks > 0 || agent->n_ended > 0 || (is_good && !is_empty);
    return NULL;
}

void agent_run(struct agent *agent)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    int64_t backoff_ms = BACKOFF_FIRST_MS;
    while (!atomic_load(agent->is_stopping)) {
        bool worked = false;
        const struct error *err = agent_round(agent, arena, &worked);
        if (err) {
            log_warn("queue.failed", log_str("reason", err->reason),
                     log_str("cause", err->cause ? err->cause : err->detail));
            sleep_ms(agent, backoff_ms);
            backoff_ms = backoff_ms * 2 < BACKOFF_MAX_MS ? backoff_ms * 2 : BACKOFF_MAX_MS;
        } else {
            backoff_ms = BACKOFF_FIRST_MS;
        }
        atomic_store(&agent->is_healthy, !err);
        arena_reset(arena);
        if (!err && !worked) {
            sleep_ms(agent, agent->config->poll_ms);
        }
    }
    arena_free(arena);
}

bool agent_open(struct agent *agent)
{
    const struct agent_config *config = agent->config;
    const struct rpc_tls tls = {config->tls_cert, config->tls_key, config->tls_ca};
    const struct rpc_peer_config peer = {.name = "mailboxes", .target = config->mailboxes};
    char host[HOST_NAME_MAX + 1] = "agent";
    gethostname(host, HOST_NAME_MAX);
    agent->name = *config->name ? strdup(config->name) : NULL;
    if (!agent->name) {
        check(asprintf(&agent->name, "%s:%s", host, config->mail_home) > 0);
    }
    agent->root = open(config->mail_home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    agent->peers = rpc_peers_new("mailbox-agent", (const uint8_t *)config->identity_key,
                                 strlen(config->identity_key), *tls.cert ? &tls : NULL, &peer, 1);
    return agent->root >= 0;
}

void agent_close(struct agent *agent)
{
    rpc_peers_free(agent->peers);
    free(agent->name);
    if (agent->root >= 0) {
        close(agent->root);
    }
}
