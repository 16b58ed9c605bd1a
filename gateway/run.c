#include "gateway/run.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/builtin_pages.h"
#include "gateway/gateway.h"
#include "gateway/http_civetweb.h"
#include "services/common/clock/busy_poll.h"
#include "services/common/log/log.h"
#include "services/common/metrics/metrics.h"
#include "services/common/rpc/tls.h"
#include "services/common/service/version.h"

enum { EXIT_USAGE = 2, MALLOC_ARENAS = 4, ARENA_BYTES = 4096 };

/* What is opened on the way up, and closed in the other order. */
struct process {
    struct gateway_config config;
    struct arena *arena;
    struct networks *unlimited;
    struct gateway gateway;
    struct rpc_tls tls;
    struct http_server_config http_config;
    struct http_server *http;
    struct metrics_collector collector;
    struct metrics_config metrics_config;
    struct metrics *metrics;
};

static bool check_tls(struct process *process)
{
    const struct gateway_config *config = &process->config;
    int given =
        (config->tls_cert[0] != '\0') + (config->tls_key[0] != '\0') + (config->tls_ca[0] != '\0');
    process->tls =
        (struct rpc_tls){.cert = config->tls_cert, .key = config->tls_key, .ca = config->tls_ca};
    if (given != 0 && given != 3) {
        fprintf(stderr, "ROOST_TLS_CERT, ROOST_TLS_KEY and ROOST_TLS_CA are needed together\n");
        return false;
    }
    return true;
}

static bool check_public_url(const char *url)
{
    const char *host = strstr(url, "://");
    bool is_http = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    if (!url[0] || (is_http && host[3] && !strpbrk(host + 3, "?#@ \"<>\\") &&
                    strcspn(host + 3, "/") + 1 >= strlen(host + 3))) {
        return true;
    }
    fprintf(stderr, "ROOST_PUBLIC_URL: must be http:// or https:// with a host and no path\n");
    return false;
}

static bool load_config(struct process *process)
{
    if (!config_load(gateway_config_fields, gateway_config_n_fields, &process->config, stderr)) {
        return false;
    }
    process->gateway.proxies = networks_parse(process->arena, "ROOST_TRUSTED_PROXIES",
                                              process->config.trusted_proxies, stderr);
    process->unlimited = networks_parse(process->arena, "ROOST_UNLIMITED_ADDRESSES",
                                        process->config.unlimited_addresses, stderr);
    bool has_good_url = check_public_url(process->config.public_url);
    return check_tls(process) && has_good_url && process->gateway.proxies && process->unlimited;
}

static void open_connection_limit(struct process *process)
{
    process->gateway.connection_limit = connection_limit_new(&(struct connection_limit_config){
        .per_address = (size_t)process->config.connections_per_address,
        .connections = (size_t)process->config.max_connections,
        .proxies = process->gateway.proxies,
        .unlimited = process->unlimited,
    });
}

static void open_peers(struct process *process)
{
    const struct gateway_config *config = &process->config;
    const struct rpc_peer_config peers[] = {
        {"accounts", config->accounts},   {"domains", config->domains},
        {"mailboxes", config->mailboxes}, {"quotas", config->quotas},
        {"dnschecks", config->dnschecks},
    };
    process->gateway.peers = rpc_peers_new(
        "gateway", (const uint8_t *)config->identity_key, strlen(config->identity_key),
        process->tls.cert[0] ? &process->tls : NULL, peers, sizeof(peers) / sizeof(peers[0]));
}

static bool open_http(struct process *process)
{
    const struct gateway_config *config = &process->config;
    process->http_config = (struct http_server_config){
        .listen = config->listen,
        .certificate = config->certificate,
        .max_connections = config->max_connections,
        .connection_limit = process->gateway.connection_limit,
        .stall_timeout_ms = config->stall_timeout_ms,
        .keep_alive_ms = config->keep_alive_ms,
        .request_timeout_ms = config->request_timeout_ms,
        .open_worker = gateway_open_worker,
        .close_worker = gateway_close_worker,
        .arena = gateway_arena,
        .serve = gateway_serve,
        .refuse = gateway_refuse,
        .finish = gateway_finish,
        .ctx = &process->gateway,
    };
    process->http = http_server_open(&process->http_config);
    if (!process->http) {
        log_error("gateway.failed", log_str("cause", "cannot listen for HTTP"),
                  log_str("address", config->listen));
    }
    return process->http;
}

static bool is_healthy(void *ctx)
{
    return !atomic_load(&((const struct gateway *)ctx)->is_draining);
}

static bool open_metrics(struct process *process)
{
    if (process->config.metrics_listen[0] == '\0') {
        return true;
    }
    process->collector =
        (struct metrics_collector){.collect = gateway_collect, .ctx = &process->gateway};
    process->metrics_config = (struct metrics_config){
        .listen = process->config.metrics_listen,
        .version = ROOST_VERSION,
        .collectors = &process->collector,
        .n_collectors = 1,
        .is_healthy = is_healthy,
        .ctx = &process->gateway,
    };
    process->metrics = metrics_open(&process->metrics_config);
    if (!process->metrics) {
        log_error("gateway.failed", log_str("cause", "cannot listen for metrics"),
                  log_str("address", process->config.metrics_listen));
    }
    return process->metrics;
}

static bool open_all(struct process *process)
{
    struct gateway *gateway = &process->gateway;
    gateway->config = &process->config;
    gateway->session_policy = (struct session_policy){.public_url = process->config.public_url};
    struct static_builtin pages[BUILTIN_PAGES];
    builtin_pages_list(pages);
    gateway->files = static_files_load(process->config.ui_dir, pages, BUILTIN_PAGES);
    if (!gateway->files) {
        return false;
    }
    open_peers(process);
    open_connection_limit(process);
    return open_http(process) && open_metrics(process);
}

static void close_all(struct process *process)
{
    metrics_close(process->metrics);
    http_server_close(process->http);
    connection_limit_free(process->gateway.connection_limit);
    http_tally_close_all(&process->gateway.tallies);
    rpc_peers_free((struct rpc_peers *)process->gateway.peers);
    static_files_free(process->gateway.files);
    arena_free(process->arena);
}

static void wait_for_signal(const sigset_t *signals)
{
    int number;
    check(sigwait(signals, &number) == 0);
    log_info("gateway.stopping", log_str("signal", number == SIGTERM ? "TERM" : "INT"));
}

/* Threads inherit the blocked signals. */
static int serve(struct process *process)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    check(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_ARENA_MAX, MALLOC_ARENAS);
    process->arena = arena_new(ARENA_BYTES);
    if (!load_config(process)) {
        return EXIT_USAGE;
    }
    log_open("gateway", (enum log_level)process->config.log_level,
             (enum log_format)process->config.log_format);
    busy_poll_set_limit(process->config.busy_poll_us);
    log_gather_start();
    bool is_open = open_all(process);
    if (is_open) {
        log_info("gateway.started", log_str("listen", process->config.listen),
                 log_str("version", ROOST_VERSION));
        wait_for_signal(&signals);
        atomic_store(&process->gateway.is_draining, true);
        http_server_drain(process->http, process->config.drain_ms);
    }
    close_all(process);
    log_info("gateway.stopped", log_str("version", ROOST_VERSION));
    log_gather_stop();
    return is_open ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print_help(void)
{
    printf("Usage: gateway [serve | --help | --version]\n\nThe REST API, the web UI and the API's "
           "documentation over "
           "HTTP.\n\nConfiguration is read from the environment; a text NAME may also be given as "
           "NAME_FILE.\n\n");
    config_print_help(gateway_config_fields, gateway_config_n_fields, stdout);
    return EXIT_SUCCESS;
}

int run_gateway(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "serve";
    if (argc <= 2 && strcmp(command, "serve") == 0) {
        static struct process process;
        return serve(&process);
    }
    if (argc == 2 && strcmp(command, "--help") == 0) {
        return print_help();
    }
    if (argc == 2 && strcmp(command, "--version") == 0) {
        printf("gateway %s\n", ROOST_VERSION);
        return EXIT_SUCCESS;
    }
    fprintf(stderr, "%s: unknown command; see gateway --help\n", command);
    return EXIT_USAGE;
}
