#include "services/common/service/service.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/clock/busy_poll.h"
#include "services/common/clock/clock.h"
#include "services/common/list/list.h"
#include "services/common/log/log.h"
#include "services/common/metrics/metrics.h"
#include "services/common/outbox/relay.h"
#include "services/common/request_log/request_log.h"
#include "services/common/rpc/assertion.h"
#include "services/common/saga/saga.h"
#include "services/common/service/service_fields.h"
#include "services/common/service/tasks.h"
#include "services/common/service/token.h"
#include "services/common/service/version.h"

enum {
    EXIT_USAGE = 2,
    MALLOC_ARENAS = 2, /* more cost memory in every thread and gain nothing: requests have arenas of
                          their own */
    MAX_TASKS = 16,
    START_ARENA_BYTES = 4096,
};

/* The parts of a running service. */
struct frame {
    const struct service_def *def;
    struct service_config config;
    void *own_config;
    void *context;
    struct rpc_tls tls;
    struct rpc_peers *peers;
    struct rpc_server *server;
    struct tasks *tasks;
    struct metrics *metrics;
    struct metrics_config metrics_config;
    struct metrics_collector collector;
    struct service_task all_tasks[MAX_TASKS];
    size_t n_tasks;
    int64_t started_us;
    bool has_been_ready; /* on the first task's thread */
    atomic_bool is_serving;
};

/* Also tells whether the database and the schema are there: either way the table is read. */
static const struct error *finish_sagas(struct call *call)
{
    return saga_is_used() ? saga_finish_due(call)
                          : pg_execute_sql(call->pg, "SELECT FROM saga LIMIT 0");
}

static const struct service_task frame_tasks[] = {
    {.name = "saga", .pause_ms = 200, .run = finish_sagas},
    {.name = "relay", .pause_ms = 20, .run = outbox_relay_run},
    {.name = "request_log", .pause_ms = 600000, .run = request_log_expire},
};

static void set_serving(struct frame *frame, bool serving)
{
    if (atomic_exchange(&frame->is_serving, serving) != serving) {
        rpc_server_set_serving(frame->server, serving);
    }
}

static void on_outcome(void *ctx, const struct service_task *task, const struct error *err)
{
    struct frame *frame = ctx;
    if (task != &frame->all_tasks[0]) {
        return;
    }
    if (err && (error_is(err, REASON_DATABASE_UNAVAILABLE) || !frame->has_been_ready)) {
        set_serving(frame, false);
    } else {
        set_serving(frame, true);
        if (!frame->has_been_ready) {
            frame->has_been_ready = true;
            log_info("service.ready",
                     log_int("after_ms", (clock_monotonic_us() - frame->started_us) / 1000));
        }
    }
}

static bool is_healthy(void *ctx)
{
    const struct frame *frame = ctx;
    return atomic_load(&frame->is_serving);
}

static void collect(struct metrics_writer *writer, void *ctx)
{
    const struct frame *frame = ctx;
    rpc_server_collect(writer, frame->server);
}

static bool take_tls(struct frame *frame)
{
    const struct service_config *config = &frame->config;
    int given =
        (config->tls_cert[0] != '\0') + (config->tls_key[0] != '\0') + (config->tls_ca[0] != '\0');
    frame->tls =
        (struct rpc_tls){.cert = config->tls_cert, .key = config->tls_key, .ca = config->tls_ca};
    if (given != 0 && given != 3) {
        fprintf(stderr, "ROOST_TLS_CERT, ROOST_TLS_KEY and ROOST_TLS_CA are needed together\n");
        return false;
    }
    return true;
}

static const struct rpc_tls *tls_of(const struct frame *frame)
{
    return frame->tls.cert[0] ? &frame->tls : NULL;
}

/* All faults of both tables are reported before it gives up. */
static bool load_config(struct frame *frame)
{
    const struct service_def *def = frame->def;
    struct config_field fields[SERVICE_MAX_FIELDS];
    size_t n = service_fields(def->name, SERVICE_FIELDS_SERVE, fields);
    bool good = config_load(fields, n, &frame->config, stderr);
    if (def->config_size > 0) {
        frame->own_config = calloc(1, def->config_size);
        check(frame->own_config);
        good = config_load(def->config_fields, def->n_config_fields, frame->own_config, stderr) &&
               good;
    }
    return good && take_tls(frame);
}

static void open_peers(struct frame *frame)
{
    struct rpc_peer_config peers[SERVICE_N_PEERS];
    for (size_t i = 0; i < SERVICE_N_PEERS; i++) {
        peers[i] = (struct rpc_peer_config){.name = service_peer_names[i],
                                            .target = frame->config.peers[i]};
    }
    const char *key = frame->config.identity_key;
    frame->peers = rpc_peers_new(frame->def->name, (const uint8_t *)key, strlen(key), tls_of(frame),
                                 peers, SERVICE_N_PEERS);
}

static bool open_server(struct frame *frame)
{
    const struct service_def *def = frame->def;
    const struct service_config *config = &frame->config;
    const struct rpc_server_config server_config = {
        .name = def->name,
        .listen = config->listen,
        .services = def->services,
        .descriptor_set = def->descriptor_set,
        .descriptor_set_len = def->descriptor_set_len,
        .tls = tls_of(frame),
        .key = (const uint8_t *)config->identity_key,
        .key_len = strlen(config->identity_key),
        .authenticate = def->authenticate ? def->authenticate : token_ask_accounts,
        .peers = frame->peers,
        .service = frame->context,
        .database_url = config->database_url,
        .redis_url = def->uses_redis ? config->redis_url : NULL,
        .workers = (int)config->workers,
        .internal_workers = (int)config->internal_workers,
    };
    struct arena *arena = arena_new(START_ARENA_BYTES);
    const char *fault = NULL;
    frame->server = rpc_server_open(&server_config, arena, &fault);
    if (!frame->server) {
        log_error("service.failed", log_str("cause", fault));
    }
    arena_free(arena);
    return frame->server;
}

static bool open_metrics(struct frame *frame)
{
    if (frame->config.metrics_listen[0] == '\0') {
        return true;
    }
    frame->collector = (struct metrics_collector){.collect = collect, .ctx = frame};
    frame->metrics_config = (struct metrics_config){
        .listen = frame->config.metrics_listen,
        .version = ROOST_VERSION,
        .collectors = &frame->collector,
        .n_collectors = 1,
        .is_healthy = is_healthy,
        .ctx = frame,
    };
    frame->metrics = metrics_open(&frame->metrics_config);
    if (!frame->metrics) {
        log_error("service.failed", log_str("cause", "cannot listen for metrics"),
                  log_str("address", frame->config.metrics_listen));
    }
    return frame->metrics;
}

static void start_tasks(struct frame *frame)
{
    const struct service_def *def = frame->def;
    for (size_t i = 0; i < sizeof(frame_tasks) / sizeof(frame_tasks[0]); i++) {
        frame->all_tasks[frame->n_tasks++] = frame_tasks[i];
    }
    check(def->n_tasks + frame->n_tasks <= MAX_TASKS);
    for (size_t i = 0; i < def->n_tasks; i++) {
        frame->all_tasks[frame->n_tasks++] = def->tasks[i];
    }
    const struct tasks_config config = {
        .service = def->name,
        .tasks = frame->all_tasks,
        .n_tasks = frame->n_tasks,
        .database_url = frame->config.database_url,
        .redis_url = frame->config.redis_url,
        .peers = frame->peers,
        .context = frame->context,
        .on_outcome = on_outcome,
        .ctx = frame,
    };
    frame->tasks = tasks_start(&config);
}

static void wait_for_signal(const sigset_t *signals)
{
    int number;
    check(sigwait(signals, &number) == 0);
    log_info("service.stopping", log_str("signal", number == SIGTERM ? "TERM" : "INT"));
}

static void set_list_key(const struct service_config *config)
{
    uint8_t key[ASSERTION_KEY_MIN_BYTES];
    assertion_derive_key((const uint8_t *)config->identity_key, strlen(config->identity_key),
                         "page token", key);
    list_set_key(key, sizeof(key));
}

/* Everything from the configuration to the end. Threads inherit the blocked signals. */
static int serve(struct frame *frame)
{
    const struct service_def *def = frame->def;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    check(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_ARENA_MAX, MALLOC_ARENAS);
    frame->started_us = clock_monotonic_us();
    if (!load_config(frame)) {
        return EXIT_USAGE;
    }
    log_open(def->name, (enum log_level)frame->config.log_level,
             (enum log_format)frame->config.log_format);
    set_list_key(&frame->config);
    busy_poll_set_limit(frame->config.busy_poll_us);
    log_gather_start();
    frame->context = def->open ? def->open(frame->own_config, &frame->config) : frame->own_config;
    open_peers(frame);
    bool started = open_server(frame);
    if (started && open_metrics(frame)) {
        start_tasks(frame);
        wait_for_signal(&signals);
        rpc_server_set_serving(frame->server, false);
        tasks_stop(frame->tasks);
        metrics_close(frame->metrics);
    } else {
        started = false;
    }
    if (frame->server) {
        rpc_server_close(frame->server, (int)frame->config.drain_ms);
    }
    rpc_peers_free(frame->peers);
    if (def->close) {
        def->close(frame->context);
    }
    log_info("service.stopped", log_str("version", ROOST_VERSION));
    log_gather_stop();
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int migrate(const struct service_def *def)
{
    struct config_field fields[SERVICE_MAX_FIELDS];
    static struct service_config config; /* its strings live as long as the process */
    size_t n = service_fields(def->name, SERVICE_FIELDS_MIGRATE, fields);
    if (!config_load(fields, n, &config, stderr)) {
        return EXIT_USAGE;
    }
    log_open(def->name, (enum log_level)config.log_level, (enum log_format)config.log_format);
    return pg_migrate(config.database_url, def->name, def->migrations, def->n_migrations)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}

static int print_help(const struct service_def *def)
{
    struct config_field fields[SERVICE_MAX_FIELDS];
    size_t n = service_fields(def->name, SERVICE_FIELDS_SERVE, fields);
    printf("Usage: %s [serve | migrate | --help | --version]\n\n%s\n\n"
           "  serve     serves until SIGTERM (the default)\n"
           "  migrate   brings schema \"%s\" up to date\n",
           def->name, def->summary, def->name);
    for (size_t i = 0; i < def->n_commands; i++) {
        printf("  %-9s %s\n", def->commands[i].name, def->commands[i].help);
    }
    printf("\nConfiguration is read from the environment; a text NAME may also be given as "
           "NAME_FILE.\n\n");
    config_print_help(fields, n, stdout);
    if (def->n_config_fields > 0) {
        config_print_help(def->config_fields, def->n_config_fields, stdout);
    }
    return EXIT_SUCCESS;
}

int service_main(int argc, char **argv, const struct service_def *def)
{
    const char *command = argc > 1 ? argv[1] : "serve";
    if (argc <= 2 && strcmp(command, "serve") == 0) {
        static struct frame frame; /* the configuration lives as long as the process */
        frame.def = def;
        return serve(&frame);
    }
    if (argc == 2 && strcmp(command, "migrate") == 0) {
        return migrate(def);
    }
    if (argc == 2 && strcmp(command, "--help") == 0) {
        return print_help(def);
    }
    if (argc == 2 && strcmp(command, "--version") == 0) {
        printf("%s %s\n", def->name, ROOST_VERSION);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < def->n_commands; i++) {
        if (strcmp(command, def->commands[i].name) == 0) {
            return def->commands[i].run(argc, argv);
        }
    }
    fprintf(stderr, "%s: unknown command; see %s --help\n", command, def->name);
    return EXIT_USAGE;
}
