/*
 * The service of echo.proto as a process, for tests from outside: echo_server LISTEN [KEY=VALUE
 * ...] with workers=N, internal_workers=N, drain_ms=N, peer=TARGET, cert=FILE, key=FILE, ca=FILE,
 * database=URL. SIGUSR1 makes it NOT_SERVING, SIGUSR2 SERVING again. Says "ready" when it serves
 * and "stopped" at its end. The identity key is 32 times "k".
 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/log/log.h"
#include "services/common/rpc/server.h"
#include "services/common/rpc/testing/echo.h"
#include "services/common/rpc/testing/echo_descriptors.h"

static const uint8_t key[] = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

static char *option(int argc, char **argv, const char *name)
{
    size_t len = strlen(name);
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=') {
            return argv[i] + len + 1;
        }
    }
    return NULL;
}

static int number(int argc, char **argv, const char *name, int standard)
{
    const char *text = option(argc, argv, name);
    return text ? (int)strtol(text, NULL, 10) : standard;
}

static char *read_file(const char *path)
{
    char *text = calloc(1, 65536);
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) {
        check(fread(text, 1, 65535, file) > 0);
        fclose(file);
    }
    return text;
}

static void wait_for_end(struct rpc_server *server, const sigset_t *signals)
{
    int received;
    while (sigwait(signals, &received) == 0 && received != SIGTERM) {
        rpc_server_set_serving(server, received == SIGUSR2);
    }
}

int main(int argc, char **argv)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    mallopt(M_ARENA_MAX, 2);
    log_open("echo", LOG_INFO, LOG_LOGFMT);
    const struct rpc_tls tls = {
        .cert = read_file(option(argc, argv, "cert")),
        .key = read_file(option(argc, argv, "key")),
        .ca = read_file(option(argc, argv, "ca")),
    };
    const struct rpc_tls *used_tls = tls.cert[0] ? &tls : NULL;
    const struct rpc_peer_config peer = {.name = "testing", .target = option(argc, argv, "peer")};
    struct rpc_peers *peers = rpc_peers_new("echo", key, sizeof(key) - 1, used_tls, &peer, 1);
    const struct rpc_service *const services[] = {&echo_service, &echo_internal_service, NULL};
    const struct rpc_server_config config = {
        .name = "echo",
        .listen = argv[1],
        .services = services,
        .descriptor_set = echo_descriptor_set,
        .descriptor_set_len = echo_descriptor_set_len,
        .tls = used_tls,
        .key = key,
        .key_len = sizeof(key) - 1,
        .authenticate = echo_authenticate,
        .peers = peers,
        .database_url = option(argc, argv, "database"),
        .workers = number(argc, argv, "workers", 4),
        .internal_workers = number(argc, argv, "internal_workers", 2),
    };
    struct arena *arena = arena_new(1024);
    const char *fault = NULL;
    struct rpc_server *server = rpc_server_open(&config, arena, &fault);
    if (!server) {
        fprintf(stderr, "%s\n", fault);
        return EXIT_FAILURE;
    }
    rpc_server_set_serving(server, true);
    puts("ready");
    fflush(stdout);
    wait_for_end(server, &signals);
    rpc_server_close(server, number(argc, argv, "drain_ms", 5000));
    rpc_peers_free(peers);
    arena_free(arena);
    free((char *)tls.cert);
    free((char *)tls.key);
    free((char *)tls.ca);
    puts("stopped");
    return EXIT_SUCCESS;
}
