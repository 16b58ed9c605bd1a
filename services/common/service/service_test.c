/* The frame of main, as a process with a real PostgreSQL and Redis. */
#include "services/common/service/service.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"
#include "services/common/rpc/client.h"
#include "services/common/testing/testing.h"

static const char program[] = "services/common/service/testdata/tiny";
static const char identity_key[] = "a key of more than thirty-two bytes";

enum { MAX_ENV = 16, OUTPUT_BYTES = 65536, PATIENCE_US = 60000000 };

struct process {
    pid_t pid;
    char directory[64];
    char target[96];
    char output[96];
    struct arena *arena;
    struct rpc_peers *peers;
    Roost__Common__V1__Identity identity;
    struct call call;
};

static int set_up(void **state)
{
    static struct process process;
    process = (struct process){0};
    snprintf(process.directory, sizeof(process.directory), "/tmp/roost-frame-XXXXXX");
    assert_non_null(mkdtemp(process.directory));
    snprintf(process.target, sizeof(process.target), "unix:%s/grpc", process.directory);
    snprintf(process.output, sizeof(process.output), "%s/output", process.directory);
    process.arena = arena_new(4096);
    const struct rpc_peer_config peer = {.name = "testing", .target = process.target};
    process.peers =
        rpc_peers_new("test", (const uint8_t *)identity_key, strlen(identity_key), NULL, &peer, 1);
    roost__common__v1__identity__init(&process.identity);
    *state = &process;
    return 0;
}

static int tear_down(void **state)
{
    struct process *process = *state;
    if (process->pid > 0) {
        kill(process->pid, SIGKILL);
        waitpid(process->pid, NULL, 0);
    }
    unlink(process->output);
    unlink(process->target + strlen("unix:"));
    rmdir(process->directory);
    rpc_peers_free(process->peers);
    arena_free(process->arena);
    return 0;
}

/* Starts it with `extra` beside what every service needs: lists of NAME=VALUE, NULL at the end. */
static void start(struct process *process, const char *command, const char *const *extra)
{
    const char *env[MAX_ENV];
    size_t n = 0;
    /* Of two values for one name the first counts. */
    for (size_t i = 0; extra && extra[i]; i++) {
        env[n++] = extra[i];
    }
    env[n++] = arena_printf(process->arena, "ROOST_LISTEN=%s", process->target);
    env[n++] = arena_printf(process->arena, "ROOST_REDIS_URL=%s", testing_redis_url());
    env[n++] = arena_printf(
        process->arena, "ROOST_DATABASE_URL=%s",
        testing_pg_url(strcmp(command, "migrate") == 0 ? "roost_owner" : "roost_quotas"));
    env[n++] = arena_printf(process->arena, "ROOST_IDENTITY_KEY=%s", identity_key);
    env[n++] = "ROOST_DRAIN_MS=3000";
    env[n] = NULL;
    fflush(NULL);
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0) {
        int output = open(process->output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
        execve(program,
               (char *const[]){(char *)(uintptr_t)program, (char *)(uintptr_t)command, NULL},
               (char *const *)(uintptr_t)env);
        _exit(127);
    }
}

static const char *output_of(const struct process *process)
{
    static char text[OUTPUT_BYTES];
    size_t len = 0;
    FILE *file = fopen(process->output, "r");
    if (file) {
        len = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
    }
    text[len] = '\0';
    return text;
}

/* Looks until it is there. */
static void wait_for_output(const struct process *process, const char *text)
{
    int64_t until_us = clock_monotonic_us() + PATIENCE_US;
    while (!strstr(output_of(process), text)) {
        if (clock_monotonic_us() > until_us) {
            fail_msg("no %s in:\n%s", text, output_of(process));
        }
        usleep(2000);
    }
}

static int wait_for_end(struct process *process)
{
    int status;
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    process->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static const char *health(struct process *process)
{
    arena_reset(process->arena);
    process->call = (struct call){
        .arena = process->arena,
        .identity = &process->identity,
        .deadline_us = clock_monotonic_us() + 2000000,
        .peers = process->peers,
    };
    return rpc_peer_health(&process->call, "testing");
}

static void wait_for_health(struct process *process, const char *expected)
{
    int64_t until_us = clock_monotonic_us() + PATIENCE_US;
    while (strcmp(health(process), expected) != 0) {
        if (clock_monotonic_us() > until_us) {
            fail_msg("it is %s, not %s:\n%s", health(process), expected, output_of(process));
        }
        usleep(2000);
    }
}

/* Its client is idle, and lets it go nevertheless. */
static void stop(struct process *process)
{
    assert_int_equal(kill(process->pid, SIGTERM), 0);
    assert_int_equal(wait_for_end(process), 0);
    assert_non_null(strstr(output_of(process), "\"service.stopped\""));
    assert_null(strstr(output_of(process), "\"rpc.cancelled\""));
}

static void migrate(struct process *process)
{
    start(process, "migrate", NULL);
    if (wait_for_end(process) != 0) {
        fail_msg("%s", output_of(process));
    }
}

static void help_and_version_need_no_configuration(void **state)
{
    struct process *process = *state;
    start(process, "--help", NULL);
    assert_int_equal(wait_for_end(process), 0);
    static const char *const names[] = {"Does next to nothing.", "ROOST_LISTEN", "127.0.0.1:8104",
                                        "ROOST_IDENTITY_KEY", "TINY_GREETING"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_non_null(strstr(output_of(process), names[i]));
    }
    assert_null(strstr(output_of(process), identity_key));
    start(process, "--version", NULL);
    assert_int_equal(wait_for_end(process), 0);
    assert_non_null(strstr(output_of(process), "quotas 0."));
    start(process, "dance", NULL);
    assert_int_equal(wait_for_end(process), 2);
}

static void all_faults_are_reported_at_once(void **state)
{
    struct process *process = *state;
    start(
        process, "serve",
        (const char *const[]){"ROOST_WORKERS=0", "TINY_FAILS=many", "ROOST_LOG_LEVEL=loud", NULL});
    assert_int_equal(wait_for_end(process), 2);
    assert_non_null(strstr(output_of(process), "ROOST_WORKERS"));
    assert_non_null(strstr(output_of(process), "TINY_FAILS"));
    assert_non_null(strstr(output_of(process), "ROOST_LOG_LEVEL"));
}

static void half_a_tls_configuration_is_a_fault(void **state)
{
    struct process *process = *state;
    start(process, "serve", (const char *const[]){"ROOST_TLS_CERT=x", NULL});
    assert_int_equal(wait_for_end(process), 2);
    assert_non_null(strstr(output_of(process), "ROOST_TLS_CA are needed together"));
}

static void an_address_that_cannot_be_had_ends_it(void **state)
{
    struct process *process = *state;
    start(process, "serve", (const char *const[]){"ROOST_LISTEN=unix:/nonexistent/socket", NULL});
    assert_int_equal(wait_for_end(process), 1);
    assert_non_null(strstr(output_of(process), "cannot listen on unix:/nonexistent/socket"));
}

static void it_serves_until_the_signal(void **state)
{
    struct process *process = *state;
    migrate(process);
    start(process, "serve", (const char *const[]){"ROOST_WORKERS=3", "TINY_GREETING=hi", NULL});
    wait_for_output(process, "\"service.ready\"");
    const char *after = strstr(output_of(process), "\"after_ms\":");
    print_message("ready after %.4s ms\n", after ? after + strlen("\"after_ms\":") : "?");
    wait_for_health(process, "SERVING");
    assert_non_null(strstr(output_of(process), "\"workers\":3"));
    wait_for_output(process, "\"method\":\"task/count\"");
    wait_for_output(process, "\"greeting\":\"hi\"");
    stop(process);
    assert_non_null(strstr(output_of(process), "\"tiny.closed\""));
    assert_int_not_equal(access(process->target + strlen("unix:"), F_OK), 0);
}

static void a_task_that_fails_runs_again(void **state)
{
    struct process *process = *state;
    migrate(process);
    start(process, "serve", (const char *const[]){"TINY_FAILS=3", NULL});
    wait_for_output(process, "\"run\":6");
    assert_non_null(strstr(output_of(process), "\"cause\":\"run 3 was to fail\""));
    assert_null(strstr(output_of(process), "run 4 was to fail"));
    wait_for_health(process, "SERVING");
    stop(process);
}

static void it_waits_for_the_database(void **state)
{
    struct process *process = *state;
    migrate(process);
    testing_pg_stop();
    start(process, "serve", NULL);
    wait_for_output(process, "\"rpc.listening\"");
    wait_for_health(process, "NOT_SERVING");
    wait_for_output(process, "\"DATABASE_UNAVAILABLE\"");
    assert_null(strstr(output_of(process), "\"service.ready\""));
    testing_pg_start();
    wait_for_health(process, "SERVING");
    wait_for_output(process, "\"service.ready\"");
    testing_pg_stop();
    wait_for_health(process, "NOT_SERVING");
    testing_pg_start();
    wait_for_health(process, "SERVING");
    stop(process);
}

static void a_schema_that_is_not_there_is_not_served(void **state)
{
    struct process *process = *state;
    testing_execute("public", "DROP SCHEMA IF EXISTS quotas CASCADE");
    start(process, "serve", NULL);
    wait_for_output(process, "\"task.failed\"");
    wait_for_health(process, "NOT_SERVING");
    assert_null(strstr(output_of(process), "\"service.ready\""));
    stop(process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(help_and_version_need_no_configuration, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_faults_are_reported_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_a_tls_configuration_is_a_fault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_address_that_cannot_be_had_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_serves_until_the_signal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_task_that_fails_runs_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_waits_for_the_database, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_schema_that_is_not_there_is_not_served, set_up,
                                        tear_down),
    };
    testing_pg_url("postgres");
    testing_redis_url();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
