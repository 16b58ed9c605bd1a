#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "services/common/log/log.h"

enum { MAX_PACKETS = 256, PACKET_BYTES = 65536, PATIENCE_MS = 60000 };

/* Standard error is a socket that keeps what each write(2) wrote apart. */
static int saved;
static int reader;
static char packets[MAX_PACKETS][PACKET_BYTES];

static void open_socket(void)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    reader = ends[0];
}

/* How many writes there were. */
static size_t close_socket(void)
{
    size_t n = 0;
    ssize_t len;

    dup2(saved, STDERR_FILENO); /* the last one that writes to the socket */
    close(saved);
    while ((len = read(reader, packets[n], PACKET_BYTES - 1)) > 0) {
        packets[n++][len] = '\0';
    }
    close(reader);
    return n;
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    while ((text = strchr(text, '\n'))) {
        text++;
        n++;
    }
    return n;
}

static void lines_are_written_together_in_their_order(void **state)
{
    enum { N = 200 };
    int expected = 0;
    size_t n_lines = 0;

    (void)state;
    open_socket();
    log_gather_start();
    for (int i = 0; i < N; i++) {
        log_info("a.b", log_int("n", i));
    }
    log_gather_stop();
    size_t n = close_socket();

    assert_in_range(n, 1, N / 4); /* more only if every fourth line took 5 ms */
    for (size_t i = 0; i < n; i++) {
        n_lines += count_lines(packets[i]);
        for (const char *at = packets[i]; (at = strstr(at, " n=")); at++) {
            assert_int_equal(strtol(at + 3, NULL, 10), expected++);
        }
    }
    assert_int_equal(n_lines, N);
    assert_int_equal(expected, N);
}

static void warning_is_written_at_once_after_what_was_gathered(void **state)
{
    (void)state;
    open_socket();
    log_gather_start();
    log_info("a.first", log_int("n", 1));
    log_info("a.second", log_int("n", 2));
    log_warn("a.third", log_int("n", 3));
    /* The thread has not been waited for: whoever warned has written it. */
    dup2(saved, STDERR_FILENO);
    size_t n = 0;
    ssize_t len;
    char all[PACKET_BYTES] = "";

    while (n + 1 < sizeof(all) && (len = read(reader, all + n, sizeof(all) - 1 - n)) > 0) {
        n += (size_t)len;
    }
    all[n] = '\0';
    close(reader);
    close(saved);
    log_gather_stop();

    const char *first = strstr(all, "a.first");
    const char *second = strstr(all, "a.second");
    const char *third = strstr(all, "a.third");

    assert_non_null(first);
    assert_true(first < second && second < third);
}

static void gathered_line_does_not_wait_for_another(void **state)
{
    char line[PACKET_BYTES];
    size_t n_lines = 0;

    (void)state;
    open_socket();
    log_gather_start();
    log_info("a.b", log_int("n", 1));
    log_info("a.b", log_int("n", 2));
    while (n_lines < 2) {
        struct pollfd fd = {.fd = reader, .events = POLLIN};

        assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
        ssize_t len = read(reader, line, sizeof(line) - 1);

        assert_true(len > 0);
        line[len] = '\0';
        n_lines += count_lines(line);
    }
    log_gather_stop();
    (void)close_socket();
}

static void line_is_written_at_once_when_nothing_gathers(void **state)
{
    (void)state;
    open_socket();
    log_gather_start();
    log_gather_stop();
    log_info("a.b", log_int("n", 1));
    log_info("a.b", log_int("n", 2));
    assert_int_equal(close_socket(), 2);
}

static int set_up(void **state)
{
    (void)state;
    log_open("s", LOG_INFO, LOG_LOGFMT);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_written_together_in_their_order),
        cmocka_unit_test(warning_is_written_at_once_after_what_was_gathered),
        cmocka_unit_test(gathered_line_does_not_wait_for_another),
        cmocka_unit_test(line_is_written_at_once_when_nothing_gathers),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
