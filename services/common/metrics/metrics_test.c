#include "services/common/metrics/metrics.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct metrics_value errors = {
    .name = "test_errors_total",
    .kind = METRICS_COUNTER,
    .help = "Errors.",
};
static struct metrics_value lag = {.name = "test_lag", .kind = METRICS_GAUGE, .help = "Lag."};

static void *add_often(void *ptr)
{
    for (int i = 0; i < 10000; i++) {
        metrics_add(ptr, 1);
    }
    return NULL;
}

static void values_appear_once_they_are_changed(void **state)
{
    (void)state;
    char *text = metrics_text(NULL, 0);
    assert_null(strstr(text, "test_errors_total"));
    free(text);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_often, &errors), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    metrics_set(&lag, -3);
    text = metrics_text(NULL, 0);
    assert_non_null(strstr(text, "# HELP test_errors_total Errors.\n"
                                 "# TYPE test_errors_total counter\n"
                                 "test_errors_total 40000\n"));
    assert_non_null(strstr(text, "# TYPE test_lag gauge\ntest_lag -3\n"));
    free(text);
}

static void collect(struct metrics_writer *writer, void *ctx)
{
    const struct metrics_label labels[] = {{"method", ctx}, {"code", "a\"b\\c\nd"}};
    metrics_family(writer, "test_seconds", METRICS_HISTOGRAM, "Time.");
    metrics_sample(writer, "_bucket", labels, 2, 0.25);
    metrics_sample(writer, "_count", NULL, 0, 12345678901.0);
}

static void labels_are_escaped(void **state)
{
    const struct metrics_collector collector = {collect, (void *)(uintptr_t) "m"};
    (void)state;
    char *text = metrics_text(&collector, 1);
    assert_non_null(strstr(text, "# TYPE test_seconds histogram\n"
                                 "test_seconds_bucket{method=\"m\",code=\"a\\\"b\\\\c\\nd\"} 0.25\n"
                                 "test_seconds_count 12345678901\n"));
    free(text);
}

/* A port that was free a moment ago. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static const char *get(int port, const char *request)
{
    static char answer[16384];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    size_t len = 0;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, request, strlen(request), 0), (int)strlen(request));
    for (ssize_t n; (n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0)) > 0;) {
        len += (size_t)n;
    }
    answer[len] = '\0';
    close(fd);
    return answer;
}

static bool is_healthy(void *ctx)
{
    return *(const bool *)ctx;
}

static void a_port_of_its_own_serves_them(void **state)
{
    const struct metrics_collector collector = {collect, (void *)(uintptr_t) "m"};
    bool healthy = true;
    char listen[32];
    int port = 0;
    (void)state;
    const struct metrics_config config = {
        .listen = listen,
        .version = "1.2.3",
        .collectors = &collector,
        .n_collectors = 1,
        .is_healthy = is_healthy,
        .ctx = &healthy,
    };
    struct metrics *metrics = NULL;
    /* Somebody else may be faster to take a port that was free a moment ago. */
    for (int i = 0; i < 20 && !metrics; i++) {
        port = free_port();
        snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
        metrics = metrics_open(&config);
    }
    assert_non_null(metrics);
    const char *answer = get(port, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(answer, "text/plain; version=0.0.4"));
    assert_non_null(strstr(answer, "\nroost_build_info{version=\"1.2.3\"} 1\n"));
    assert_non_null(strstr(answer, "\nprocess_start_time_seconds 1"));
    assert_non_null(strstr(answer, "\ntest_seconds_count 12345678901\n"));
    assert_non_null(strstr(get(port, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200"));
    healthy = false;
    assert_non_null(strstr(get(port, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 503"));
    assert_non_null(strstr(get(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 404"));
    assert_non_null(strstr(get(port, "GET /etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"), " 404"));
    assert_non_null(strstr(
        get(port, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), " 405"));
    assert_null(metrics_open(&config)); /* the port is taken */
    metrics_close(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_appear_once_they_are_changed),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(a_port_of_its_own_serves_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
