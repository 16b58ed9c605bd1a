#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "services/common/clock/clock.h"
#include "services/common/redis/redis.h"
#include "services/common/testing/server.h"
#include "services/common/testing/testing.h"

#define LOG "redis.log"

enum { START_TIMEOUT_US = 120000000, COMMAND_TIMEOUT_MS = 60000 };

static struct server server = {
    .program = "/usr/bin/redis-server",
    .stop_signal = SIGKILL,
    .args = {"redis-server", "--port", "0", "--unixsocket", "redis.sock", "--save", "",
             "--appendonly", "no"},
};
static char url[128];

static bool can_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_connected;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/redis.sock", server_directory());
    is_connected = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return is_connected;
}

/* Polls because the server has no other way to say that it is ready. */
static void wait_ready(void)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    int64_t limit_us = clock_monotonic_us() + START_TIMEOUT_US;

    while (!can_connect()) {
        if (clock_monotonic_us() > limit_us) {
            server_fail(LOG, "redis-server does not start");
        }
        nanosleep(&pause, NULL);
    }
}

const char *testing_redis_url(void)
{
    if (url[0] == '\0') {
        snprintf(url, sizeof(url), "unix://%s/redis.sock", server_directory());
        server_open(&server, LOG);
        wait_ready();
    }
    return url;
}

void testing_redis_stop(void)
{
    (void)testing_redis_url();
    server_stop(&server);
}

void testing_redis_start(void)
{
    server_start(&server);
    wait_ready();
}

void testing_call_use_redis(struct call *call)
{
    call->redis = redis_new(testing_redis_url(), COMMAND_TIMEOUT_MS);
    redis_set_arena(call->redis, call->arena);
}
