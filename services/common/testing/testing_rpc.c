#include "services/common/testing/testing_rpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "services/common/clock/clock.h"
#include "services/common/rpc/client.h"
#include "services/common/testing/testing.h"

enum {
    ARENA_BYTES = 65536,
    DEADLINE_US = 30000000,
    DRAIN_MS = 5000,
    MAX_PEERS = 8,
    CONNECT_TIMEOUT_US = 120000000,
    ANSWERS_IN_A_ROW = 4, /* calls to a peer take turns among its connections */
};

static const uint8_t identity_key[] = "the identity key of the test fixture";

struct testing_rpc {
    char directory[64];
    char target[96];
    char *names[MAX_PEERS];
    size_t n_names;
    struct rpc_peers *peers;
    struct rpc_server *server;
    Roost__Common__V1__Identity identity;
    struct call call;
};

/* "domains" of "roost.domains.v1.Domains". */
static char *peer_name(const struct rpc_service *service)
{
    const char *name = strchr(service->name, '.');
    check(name);
    return strndup(name + 1, strcspn(name + 1, "."));
}

static void open_peers(struct testing_rpc *rpc, const struct testing_rpc_config *config)
{
    struct rpc_peer_config peers[MAX_PEERS];
    size_t n = 0;
    check(config->n_peers < MAX_PEERS);
    for (size_t i = 0; i < config->n_peers; i++) {
        peers[n++] = config->peers[i];
    }
    for (size_t i = 0; config->services[i] && n < MAX_PEERS; i++) {
        rpc->names[rpc->n_names] = peer_name(config->services[i]);
        peers[n++] =
            (struct rpc_peer_config){.name = rpc->names[rpc->n_names++], .target = rpc->target};
    }
    rpc->peers = rpc_peers_new("testing", identity_key, sizeof(identity_key) - 1, NULL, peers, n);
}

/* Polls because a loaded machine may take longer to connect than a call waits for its peer. */
static void wait_connected(struct testing_rpc *rpc)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    int64_t limit_us = clock_monotonic_us() + CONNECT_TIMEOUT_US;
    for (size_t i = 0; i < rpc->n_names; i++) {
        for (int n_answers = 0; n_answers < ANSWERS_IN_A_ROW; n_answers++) {
            if (strcmp(rpc_peer_health(testing_rpc_call(rpc), rpc->names[i]), "SERVING") != 0) {
                check(clock_monotonic_us() < limit_us);
                nanosleep(&pause, NULL);
                n_answers = -1;
            }
        }
    }
}

struct testing_rpc *testing_rpc_open(const struct testing_rpc_config *config)
{
    struct testing_rpc *rpc = calloc(1, sizeof(*rpc));
    char role[64];
    check(rpc);
    snprintf(rpc->directory, sizeof(rpc->directory), "/tmp/roost-rpc-XXXXXX");
    check(mkdtemp(rpc->directory));
    snprintf(rpc->target, sizeof(rpc->target), "unix:%s/grpc", rpc->directory);
    open_peers(rpc, config);
    snprintf(role, sizeof(role), "roost_%s", config->schema ? config->schema : "");
    const struct rpc_server_config server_config = {
        .name = config->schema ? config->schema : "testing",
        .listen = rpc->target,
        .services = config->services,
        .key = identity_key,
        .key_len = sizeof(identity_key) - 1,
        .authenticate = config->authenticate,
        .peers = rpc->peers,
        .service = config->service,
        .database_url = config->schema ? testing_pg_url(role) : NULL,
        .redis_url = config->uses_redis ? testing_redis_url() : NULL,
        .workers = 4,
        .internal_workers = 2,
    };
    rpc->call.arena = arena_new(ARENA_BYTES);
    const char *fault = NULL;
    rpc->server = rpc_server_open(&server_config, rpc->call.arena, &fault);
    if (!rpc->server) {
        fprintf(stderr, "%s\n", fault);
        abort();
    }
    rpc_server_set_serving(rpc->server, true);
    wait_connected(rpc);
    return rpc;
}

void testing_rpc_close(struct testing_rpc *rpc)
{
    if (!rpc) {
        return;
    }
    rpc_server_close(rpc->server, DRAIN_MS);
    rpc_peers_free(rpc->peers);
    for (size_t i = 0; i < rpc->n_names; i++) {
        free(rpc->names[i]);
    }
    unlink(rpc->target + strlen("unix:"));
    rmdir(rpc->directory);
    arena_free(rpc->call.arena);
    free(rpc);
}

struct call *testing_rpc_call(struct testing_rpc *rpc)
{
    struct arena *arena = rpc->call.arena;
    roost__common__v1__identity__init(&rpc->identity);
    rpc->identity.account_id = 1;
    rpc->identity.username = (char *)(uintptr_t) "admin";
    rpc->identity.role = (char *)(uintptr_t) "SuperAdmins";
    rpc->call = (struct call){
        .arena = arena,
        .identity = &rpc->identity,
        .method = "test/call",
        .trace_id = "test-trace",
        .deadline_us = clock_monotonic_us() + DEADLINE_US,
        .peers = rpc->peers,
    };
    return &rpc->call;
}

const char *testing_rpc_target(const struct testing_rpc *rpc)
{
    return rpc->target;
}

struct rpc_server *testing_rpc_server(const struct testing_rpc *rpc)
{
    return rpc->server;
}
