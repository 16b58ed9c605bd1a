/*
 * How many connections one client's address may have, and all of them together, so that nobody can
 * hold all threads by doing nothing. A connection is looked at when it is accepted, before it waits
 * for a thread or for TLS.
 *
 * An eighth of the threads, one at least, is left to those who have no limit. Before the others
 * have all the rest, each that comes takes the place of another: of the client with most
 * connections, the oldest, which reads no more.
 *
 * Nothing has to say that a connection has ended: its descriptor is looked at when somebody from
 * the same address comes, so no way to end one can be forgotten. One thread accepts; only the
 * collector may be another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "gateway/networks.h"
#include "services/common/metrics/metrics.h"

struct connection_limit_config {
    size_t per_address; /* 0: a quarter of the connections, 16 at least */
    size_t connections; /* that are served at once */
    /* Who may have any number. */
    const struct networks *proxies;
    const struct networks *unlimited;
};

struct connection_limit;

/* The networks must outlive it. */
struct connection_limit *connection_limit_new(const struct connection_limit_config *config);
void connection_limit_free(struct connection_limit *limit);
/* From now on the calling thread accepts by this limit, in accept(2): what it refuses is reset. */
void connection_limit_use(struct connection_limit *limit);
/* Counts the connection of this descriptor, unless there are as many as may be. An IPv6
 * address counts with its /64, which is what one customer gets. */
bool connection_limit_admit(struct connection_limit *limit, int fd, const struct sockaddr *peer);
void connection_limit_collect(const struct connection_limit *limit, struct metrics_writer *writer);
