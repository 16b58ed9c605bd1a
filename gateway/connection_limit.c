#include "gateway/connection_limit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/common/clock/clock.h"
#include "services/common/error/error.h"
#include "services/common/log/log.h"

enum {
    SHARE = 4,
    SHARE_MIN = 16,
    WAITING_MAX = 64, /* accepted, and not yet with a thread: civetweb's queue has 20 */
    V6_CLIENT_BYTES = 8,
    LOG_INTERVAL_US = 1000000
};

/* The socket's inode tells it from a later one with the same number. */
struct connection {
    struct in6_addr client;
    ino_t inode;
    int fd; /* -1: free */
};

struct connection_limit {
    struct connection_limit_config config;
    size_t n_connections;
    struct connection *connections;
    atomic_uint_least64_t refused;
    uint64_t logged;
    int64_t next_log_us;
};

/* The thread that accepts for the HTTP server; others accept as ever. */
static _Thread_local struct connection_limit *in_use;

struct connection_limit *connection_limit_new(const struct connection_limit_config *config)
{
    struct connection_limit *limit = calloc(1, sizeof(*limit));
    check(limit);
    limit->config = *config;
    if (config->per_address == 0) {
        size_t share = config->connections / SHARE;
        limit->config.per_address = share > SHARE_MIN ? share : SHARE_MIN;
    }
    limit->n_connections = config->connections + WAITING_MAX;
    limit->connections = calloc(limit->n_connections, sizeof(*limit->connections));
    check(limit->connections);
    for (size_t i = 0; i < limit->n_connections; i++) {
        limit->connections[i].fd = -1;
    }
    return limit;
}

void connection_limit_free(struct connection_limit *limit)
{
    if (limit) {
        free(limit->connections);
        free(limit);
    }
}

void connection_limit_use(struct connection_limit *limit)
{
    in_use = limit;
}

static bool read_peer(const struct sockaddr *peer, struct in6_addr *ret_address)
{
    if (peer->sa_family == AF_INET6) {
        *ret_address = ((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
        return true;
    }
    if (peer->sa_family != AF_INET) {
        return false;
    }
    const struct in_addr *v4 = &((const struct sockaddr_in *)(const void *)peer)->sin_addr;
    *ret_address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&ret_address->s6_addr[12], v4, sizeof(*v4));
    return true;
}

static struct in6_addr client_of(const struct in6_addr *address)
{
    struct in6_addr client = *address;
    if (!IN6_IS_ADDR_V4MAPPED(address)) {
        memset(&client.s6_addr[V6_CLIENT_BYTES], 0, sizeof(client) - V6_CLIENT_BYTES);
    }
    return client;
}

static bool is_open(const struct connection *connection)
{
    struct stat status;
    return fstat(connection->fd, &status) == 0 && status.st_ino == connection->inode;
}

/* The client's open connections. Those that have ended become free. */
static size_t count(struct connection_limit *limit, const struct in6_addr *client)
{
    size_t n = 0;
    for (size_t i = 0; i < limit->n_connections; i++) {
        struct connection *connection = &limit->connections[i];
        if (connection->fd >= 0 && IN6_ARE_ADDR_EQUAL(&connection->client, client)) {
            bool counts = is_open(connection);
            n += counts;
            connection->fd = counts ? connection->fd : -1;
        }
    }
    return n;
}

static struct connection *find_free(struct connection_limit *limit)
{
    for (size_t i = 0; i < limit->n_connections; i++) {
        if (limit->connections[i].fd < 0) {
            return &limit->connections[i];
        }
    }
    /* Rare: only now do those count whose address has not come again. */
    for (size_t i = 0; i < limit->n_connections; i++) {
        if (!is_open(&limit->connections[i])) {
            limit->connections[i].fd = -1;
            return &limit->connections[i];
        }
    }
    return NULL;
}

/* A line a second tells of all. */
static void refused(struct connection_limit *limit, const struct in6_addr *client)
{
    uint64_t total = atomic_fetch_add(&limit->refused, 1) + 1;
    int64_t now_us = clock_monotonic_us();
    char text[INET6_ADDRSTRLEN] = "";
    if (now_us < limit->next_log_us) {
        return;
    }
    inet_ntop(AF_INET6, client, text, sizeof(text));
    log_warn("connections.refused", log_str("remote", text),
             log_int("connections", (int64_t)(total - limit->logged)),
             log_int("limit", (int64_t)limit->config.per_address));
    limit->logged = total;
    limit->next_log_us = now_us + LOG_INTERVAL_US;
}

bool connection_limit_admit(struct connection_limit *limit, int fd, const struct sockaddr *peer)
{
    struct in6_addr address;
    struct stat status;
    if (!read_peer(peer, &address) || networks_contain(limit->config.proxies, &address) ||
        networks_contain(limit->config.unlimited, &address) || fstat(fd, &status) != 0) {
        return true;
    }
    struct in6_addr client = client_of(&address);
    if (count(limit, &client) >= limit->config.per_address) {
        refused(limit, &client);
        return false;
    }
    struct connection *connection = find_free(limit);
    if (connection) {
        *connection = (struct connection){client, status.st_ino, fd};
    }
    return true;
}

static void reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

/*
 * In place of the C library's: civetweb has no hook between its accept and the queue to its
 * threads, and when a thread asks, the connection has taken it already.
 */
__attribute__((visibility("default"))) int accept(int listener, struct sockaddr *peer,
                                                  socklen_t *peer_bytes)
{
    int fd = accept4(listener, peer, peer_bytes, 0);
    if (fd < 0 || !in_use || !peer || connection_limit_admit(in_use, fd, peer)) {
        return fd;
    }
    reset(fd);
    errno = EAGAIN;
    return -1;
}

void connection_limit_collect(const struct connection_limit *limit, struct metrics_writer *writer)
{
    metrics_family(writer, "roost_http_refused_connections_total", METRICS_COUNTER,
                   "Connections refused because their address had as many as it may.");
    metrics_sample(writer, "", NULL, 0, (double)atomic_load(&limit->refused));
}
