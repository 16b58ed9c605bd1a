#include "gateway/connection_limit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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
    RESERVE = 8,
    BUCKETS = 1021,
    V6_CLIENT_BYTES = 8,
    LOG_INTERVAL_US = 1000000
};

/* The socket's inode tells it from a later one with the same number. */
struct connection {
    struct in6_addr client;
    ino_t inode;
    uint64_t number; /* in the order in which they came */
    int fd;          /* -1: free */
    bool is_shed;    /* nothing more is read from it */
};

struct connection_limit {
    struct connection_limit_config config;
    size_t full;      /* from here on one makes room for another */
    size_t most;      /* so many, those that make room included; the rest is reserved */
    size_t n_entries; /* of `connections` */
    struct connection *connections;
    uint64_t n_admitted;
    atomic_uint_least64_t refused;
    atomic_uint_least64_t shed;
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
    size_t reserve = config->connections / RESERVE;
    reserve = reserve > 0 ? reserve : 1;
    limit->most = config->connections - reserve;
    limit->full = limit->most - reserve;
    limit->n_entries = limit->most;
    limit->connections = calloc(limit->n_entries, sizeof(*limit->connections));
    check(limit->connections);
    for (size_t i = 0; i < limit->n_entries; i++) {
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
    for (size_t i = 0; i < limit->n_entries; i++) {
        struct connection *connection = &limit->connections[i];
        if (connection->fd >= 0 && IN6_ARE_ADDR_EQUAL(&connection->client, client)) {
            bool counts = is_open(connection);
            n += counts;
            connection->fd = counts ? connection->fd : -1;
        }
    }
    return n;
}

static size_t count_taken(const struct connection_limit *limit)
{
    size_t n = 0;
    for (size_t i = 0; i < limit->n_entries; i++) {
        n += limit->connections[i].fd >= 0;
    }
    return n;
}

/* Everybody's open connections. Only when they seem too many do those of addresses that have not
 * come again count no more. */
static size_t count_all(struct connection_limit *limit)
{
    size_t n = count_taken(limit);
    if (n < limit->full) {
        return n;
    }
    for (size_t i = 0; i < limit->n_entries; i++) {
        struct connection *connection = &limit->connections[i];
        if (connection->fd >= 0 && !is_open(connection)) {
            connection->fd = -1;
        }
    }
    return count_taken(limit);
}

static size_t bucket_of(const struct in6_addr *client)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < sizeof(client->s6_addr); i++) {
        hash = hash * 31 + client->s6_addr[i];
    }
    return hash % BUCKETS;
}

/* The oldest of the client who has most; NULL if all are shed. Clients in the same bucket count as
 * one. */
static struct connection *find_dispensable(struct connection_limit *limit)
{
    size_t counts[BUCKETS] = {0};
    struct connection *found = NULL;
    size_t most = 0;
    for (size_t i = 0; i < limit->n_entries; i++) {
        const struct connection *connection = &limit->connections[i];
        counts[bucket_of(&connection->client)] += connection->fd >= 0;
    }
    for (size_t i = 0; i < limit->n_entries; i++) {
        struct connection *connection = &limit->connections[i];
        size_t n = counts[bucket_of(&connection->client)];
        if (connection->fd < 0 || connection->is_shed || n < most) {
            continue;
        }
        if (!found || n > most || connection->number < found->number) {
            most = n;
            found = connection;
        }
    }
    return found;
}

/* One that waits for its next request, or for the rest of one, ends at once; one that is being
 * answered when it has its answer. The descriptor may have become another's meanwhile: what is shut
 * is what was looked at. */
static void shed(struct connection_limit *limit)
{
    struct connection *connection = find_dispensable(limit);
    struct connection copy;
    if (!connection) {
        return;
    }
    connection->is_shed = true;
    copy = *connection;
    copy.fd = fcntl(connection->fd, F_DUPFD_CLOEXEC, 0);
    if (copy.fd < 0) {
        return;
    }
    if (is_open(&copy)) {
        shutdown(copy.fd, SHUT_RD);
        atomic_fetch_add(&limit->shed, 1);
    }
    close(copy.fd);
}

static struct connection *find_free(struct connection_limit *limit)
{
    for (size_t i = 0; i < limit->n_entries; i++) {
        if (limit->connections[i].fd < 0) {
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
    size_t n = count_all(limit);
    if (n >= limit->most || count(limit, &client) >= limit->config.per_address) {
        refused(limit, &client);
        return false;
    }
    if (n >= limit->full) {
        shed(limit);
    }
    *find_free(limit) = (struct connection){
        .client = client, .inode = status.st_ino, .number = limit->n_admitted++, .fd = fd};
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
                   "Connections refused because their address, or all together, had as many as "
                   "they may.");
    metrics_sample(writer, "", NULL, 0, (double)atomic_load(&limit->refused));
    metrics_family(writer, "roost_http_shed_connections_total", METRICS_COUNTER,
                   "Connections that had to make room for others.");
    metrics_sample(writer, "", NULL, 0, (double)atomic_load(&limit->shed));
}
