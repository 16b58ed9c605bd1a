#include "services/common/civetweb/civetweb_stop.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A port of the kernel's choice on this machine, not blocking. */
static int listen_on(int family, int *ret_port)
{
    struct sockaddr_storage address = {.ss_family = (sa_family_t)family};
    socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (family == AF_INET) {
        ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        ((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
    }
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                        : ((struct sockaddr_in6 *)&address)->sin6_port);
    return fd;
}

static void assert_is_knocked(int family, const char *before, const char *after)
{
    char ports[64];
    int port;
    int fd = listen_on(family, &port);

    assert_int_equal(accept(fd, NULL, NULL), -1);
    snprintf(ports, sizeof(ports), "%s%d%s", before, port, after);
    civetweb_knock(ports);
    int connection = accept(fd, NULL, NULL);

    if (connection < 0) {
        fail_msg("nobody knocks at %s", ports);
    }
    close(connection);
    close(fd);
}

static void the_first_port_is_knocked_at(void **state)
{
    (void)state;
    assert_is_knocked(AF_INET, "", "");
    assert_is_knocked(AF_INET, "", "s");
    assert_is_knocked(AF_INET, "127.0.0.1:", "");
    assert_is_knocked(AF_INET, "127.0.0.1:", "s,[::]:443s");
    assert_is_knocked(AF_INET, "0.0.0.0:", ",127.0.0.1:1");
    assert_is_knocked(AF_INET, "+", "");
}

static void version_6_is_knocked_at(void **state)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    bool is_there = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    (void)state;
    close(fd);
    if (!is_there) {
        skip(); /* a machine without IPv6 */
    }
    assert_is_knocked(AF_INET6, "[::1]:", "");
    assert_is_knocked(AF_INET6, "[::]:", "s");
}

static void nonsense_is_let_be(void **state)
{
    (void)state;
    civetweb_knock("");
    civetweb_knock(":");
    civetweb_knock("[");
    civetweb_knock("[]:");
    civetweb_knock("[:");
    civetweb_knock(",,");
    civetweb_knock(
        "a-name-that-is-much-longer-than-any-address-that-there-is.example.test:99999999999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_port_is_knocked_at),
        cmocka_unit_test(version_6_is_knocked_at),
        cmocka_unit_test(nonsense_is_let_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
