#include "gateway/connection_limit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct connection_limit *limit;
};

/* Of 80 connections 10 are reserved; from 60 on one makes room for another. */
enum { PER_ADDRESS = 2, CONNECTIONS = 80, FULL = 60, MOST = 70 };

static int setup(void **state)
{
    static struct fixture fixture;
    fixture.arena = arena_new(4096);
    fixture.limit = connection_limit_new(&(struct connection_limit_config){
        .per_address = PER_ADDRESS,
        .connections = CONNECTIONS,
        .proxies = networks_parse(fixture.arena, "ROOST_TRUSTED_PROXIES", "10.0.0.0/8", stderr),
        .unlimited = networks_parse(fixture.arena, "ROOST_UNLIMITED_ADDRESSES", "::1", stderr),
    });
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    connection_limit_free(fixture->limit);
    arena_free(fixture->arena);
    return 0;
}

/* A new descriptor as if this address had connected; -1 if it may not. */
static int connect_from(struct fixture *fixture, const char *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_true(is_v4 || inet_pton(AF_INET6, address, &v6.sin6_addr) == 1);
    if (connection_limit_admit(fixture->limit, fd,
                               is_v4 ? (const struct sockaddr *)&v4
                                     : (const struct sockaddr *)&v6)) {
        return fd;
    }
    close(fd);
    return -1;
}

static void assert_admitted(struct fixture *fixture, const char *address)
{
    if (connect_from(fixture, address) < 0) {
        fail_msg("%s may not connect", address);
    }
}

static void assert_refused(struct fixture *fixture, const char *address)
{
    assert_int_equal(connect_from(fixture, address), -1);
}

static void one_address_has_so_many(void **state)
{
    assert_admitted(*state, "192.0.2.1");
    assert_admitted(*state, "192.0.2.1");
    assert_refused(*state, "192.0.2.1");
    assert_refused(*state, "::ffff:192.0.2.1");
    assert_admitted(*state, "192.0.2.2");
    assert_admitted(*state, "192.0.2.2");
    assert_refused(*state, "192.0.2.2");
}

static void a_network_of_version_6_is_one_client(void **state)
{
    assert_admitted(*state, "2001:db8:0:1::1");
    assert_admitted(*state, "2001:db8:0:1:ffff::2");
    assert_refused(*state, "2001:db8:0:1::3");
    assert_admitted(*state, "2001:db8:0:2::1");
}

static void a_closed_connection_counts_no_more(void **state)
{
    for (int i = 0; i < 3 * CONNECTIONS; i++) {
        int fd = connect_from(*state, "192.0.2.1");
        assert_true(fd >= 0);
        close(fd);
    }
    assert_admitted(*state, "192.0.2.1");
    int second = connect_from(*state, "192.0.2.1");
    assert_true(second >= 0);
    assert_refused(*state, "192.0.2.1");
    close(second);
    assert_admitted(*state, "192.0.2.1");
    assert_refused(*state, "192.0.2.1");
}

/* What has the number of a closed connection's descriptor is another thing. */
static void a_number_that_is_used_again_counts_no_more(void **state)
{
    int first = connect_from(*state, "192.0.2.1");
    assert_admitted(*state, "192.0.2.1");
    close(first);
    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(other, first);
    assert_admitted(*state, "192.0.2.1");
    assert_refused(*state, "192.0.2.1");
    close(other);
}

/* More addresses than there is room for have come and gone. */
static void those_who_do_not_come_again_make_room(void **state)
{
    char address[INET_ADDRSTRLEN];
    for (int i = 0; i < 3 * CONNECTIONS; i++) {
        snprintf(address, sizeof(address), "198.51.100.%d", i % 256);
        int fd = connect_from(*state, address);
        assert_true(fd >= 0);
        close(fd);
    }
    one_address_has_so_many(state);
}

static void some_have_no_limit(void **state)
{
    for (int i = 0; i < 3 * PER_ADDRESS; i++) {
        assert_admitted(*state, "10.1.2.3");
        assert_admitted(*state, "::1");
    }
    assert_admitted(*state, "127.0.0.1");
    assert_admitted(*state, "127.0.0.1");
    assert_refused(*state, "127.0.0.1");
}

/* As accept leaves it: the client's end in *ret_client. */
static bool connect_really(struct fixture *fixture, int number, int *ret_client)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(0xc6336400u + (uint32_t)number)};
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    *ret_client = ends[1];
    return connection_limit_admit(fixture->limit, ends[0], (const struct sockaddr *)&address);
}

/* Whether nothing more is read from the client. */
static bool is_shed(int client)
{
    return send(client, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE;
}

static void who_comes_takes_the_place_of_who_has_most(void **state)
{
    int clients[MOST + 1];
    for (int i = 0; i < FULL - 1; i++) {
        assert_true(connect_really(*state, i, &clients[i]));
    }
    assert_true(connect_really(*state, 7, &clients[FULL - 1]));
    for (int i = 0; i < FULL; i++) {
        assert_false(is_shed(clients[i]));
    }
    assert_true(connect_really(*state, 100, &clients[FULL]));
    assert_true(connect_really(*state, 101, &clients[FULL + 1]));
    assert_true(connect_really(*state, 102, &clients[FULL + 2]));
    assert_true(is_shed(clients[7]));
    assert_true(is_shed(clients[FULL - 1]));
    assert_true(is_shed(clients[0]));
    assert_false(is_shed(clients[1]));
    assert_false(is_shed(clients[FULL]));
    /* Whoever was shed may still be answered. */
    for (int i = FULL + 3; i < MOST; i++) {
        assert_true(connect_really(*state, 100 + i, &clients[i]));
    }
    assert_false(connect_really(*state, 90, &clients[MOST]));
    assert_admitted(*state, "::1");
    assert_admitted(*state, "10.1.2.3");
}

static size_t count_admitted(struct fixture *fixture, size_t connections)
{
    struct connection_limit *before = fixture->limit;
    size_t n = 0;
    const struct networks *nobody = networks_parse(fixture->arena, "ROOST_LIST", "", stderr);
    fixture->limit = connection_limit_new(&(struct connection_limit_config){
        .connections = connections, .proxies = nobody, .unlimited = nobody});
    while (n < 2 * connections && connect_from(fixture, "192.0.2.9") >= 0) {
        n++;
    }
    connection_limit_free(fixture->limit);
    fixture->limit = before;
    return n;
}

static void a_quarter_is_what_one_has(void **state)
{
    assert_int_equal(count_admitted(*state, 128), 32);
    assert_int_equal(count_admitted(*state, 20), 16);
}

/* accept(2) itself, as the server's library calls it. */
static void accepting_resets_what_is_too_much(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    struct sockaddr_storage peer;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 2 * PER_ADDRESS), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    for (int i = 0; i < 2 * PER_ADDRESS; i++) {
        char byte;
        bool is_limited = i < PER_ADDRESS + 1;
        connection_limit_use(is_limited ? fixture->limit : NULL);
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
        socklen_t peer_bytes = sizeof(peer);
        int fd = accept(listener, (struct sockaddr *)&peer, &peer_bytes);
        if (i == PER_ADDRESS) {
            assert_int_equal(fd, -1);
            assert_int_equal(errno, EAGAIN);
            assert_int_equal(recv(client, &byte, 1, 0), -1);
            assert_int_equal(errno, ECONNRESET);
        } else {
            assert_true(fd >= 0);
            assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), -1);
            assert_int_equal(errno, EAGAIN);
        }
    }
    connection_limit_use(NULL);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_address_has_so_many, setup, teardown),
        cmocka_unit_test_setup_teardown(a_network_of_version_6_is_one_client, setup, teardown),
        cmocka_unit_test_setup_teardown(a_closed_connection_counts_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_that_is_used_again_counts_no_more, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(those_who_do_not_come_again_make_room, setup, teardown),
        cmocka_unit_test_setup_teardown(some_have_no_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(who_comes_takes_the_place_of_who_has_most, setup, teardown),
        cmocka_unit_test_setup_teardown(a_quarter_is_what_one_has, setup, teardown),
        cmocka_unit_test_setup_teardown(accepting_resets_what_is_too_much, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
