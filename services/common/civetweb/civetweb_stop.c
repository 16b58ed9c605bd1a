#include "services/common/civetweb/civetweb_stop.h"

#include <civetweb.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/common/clock/clock.h"
#include "services/common/error/error.h"

enum { KNOCK_INTERVAL_US = 10000 };

/* The first of the addresses: "8080", "+8080", "127.0.0.1:8080", "[::1]:8443s" and more after a
 * comma. */
struct address {
    char host[64];
    char port[8];
};

static struct address parse(const char *listen)
{
    struct address address;
    const char *end = listen + strcspn(listen, ",");
    const char *colon = memrchr(listen, ':', (size_t)(end - listen));
    const char *port = colon ? colon + 1 : listen + (*listen == '+');
    const char *host = "127.0.0.1";
    size_t len = strlen(host);

    if (colon) {
        bool is_bracketed = *listen == '[' && colon[-1] == ']';
        host = listen + is_bracketed;
        len = (size_t)(colon - host) - is_bracketed;
    }
    snprintf(address.host, sizeof(address.host), "%.*s", (int)len, host);
    snprintf(address.port, sizeof(address.port), "%.*s", (int)strspn(port, "0123456789"), port);
    return address;
}

/* 0.0.0.0 and :: mean this machine. */
void civetweb_knock(const char *listen)
{
    struct address address = parse(listen);
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    if (getaddrinfo(address.host, address.port, &hints, &found) != 0) {
        return;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        (void)!connect(fd, found->ai_addr, found->ai_addrlen);
        close(fd);
    }
    freeaddrinfo(found);
}

static void *stop(void *context)
{
    mg_stop(context);
    return NULL;
}

void civetweb_stop(struct mg_context *context, const char *listen)
{
    struct timespec until;
    pthread_t stopper;

    check(pthread_create(&stopper, NULL, stop, context) == 0);
    do {
        civetweb_knock(listen);
        until = clock_monotonic_in(KNOCK_INTERVAL_US);
    } while (pthread_clockjoin_np(stopper, NULL, CLOCK_MONOTONIC, &until) != 0);
}
