#include "services/common/testing/server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Commands to the guardian; it answers each with one byte. */
enum { COMMAND_START = 's', COMMAND_STOP = 'k' };

enum { MAX_GUARDIANS = 4 };

static char directory[] = "/tmp/roost-test-XXXXXX";
static bool has_directory;

/* This process's, for its end. */
static struct {
    pid_t pid;
    int control;
} guardians[MAX_GUARDIANS];
static size_t n_guardians;
static pid_t owner;

static void fail(const char *what)
{
    fprintf(stderr, "testing: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* PostgreSQL refuses to run as root. In a sandbox the test is not root to begin with. */
static const struct passwd *servers_user(void)
{
    return geteuid() == 0 ? getpwnam("postgres") : NULL;
}

const char *server_directory(void)
{
    const struct passwd *user = servers_user();

    if (has_directory) {
        return directory;
    }
    if (!mkdtemp(directory)) {
        fail(directory);
    }
    if (user && chown(directory, user->pw_uid, user->pw_gid) != 0) {
        fail("chown");
    }
    has_directory = true;
    return directory;
}

static int open_log(const char *log)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", directory, log);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        fail(path);
    }
    return fd;
}

/* In the child; does not return. */
static void execute(const char *program, const char *const *args, int log)
{
    const struct passwd *user = servers_user();

    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    if (chdir(directory) != 0 || (user && (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 ||
                                           setuid(user->pw_uid) != 0))) {
        _exit(126);
    }
    setenv("LC_ALL", "C", 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(program, (char *const *)(uintptr_t)args);
    _exit(127);
}

static pid_t spawn(const char *program, const char *const *args, int log)
{
    pid_t pid = fork();

    if (pid == 0) {
        execute(program, args, log);
    }
    return pid;
}

bool server_run(const char *program, const char *const *args, const char *log)
{
    int fd = open_log(log);
    pid_t pid = spawn(program, args, fd);
    int status = 0;

    close(fd);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        fail(program);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    (void)remove(path);
    return 0;
}

static void stop(const struct server *server, pid_t *pid)
{
    if (*pid > 0) {
        kill(*pid, server->stop_signal);
        waitpid(*pid, NULL, 0);
    }
    *pid = 0;
}

/* Serves commands until the test program is gone, then cleans up. */
static void guard(const struct server *server, int control, int log)
{
    pid_t pid = 0;
    char command;

    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    while (read(control, &command, 1) == 1) {
        stop(server, &pid);
        if (command == COMMAND_START) {
            pid = spawn(server->program, server->args, log);
        }
        if (write(control, &command, 1) != 1) {
            break;
        }
    }
    stop(server, &pid);
    nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    _exit(0);
}

static void command(struct server *server, char code)
{
    char answer;

    if (write(server->control, &code, 1) != 1 || read(server->control, &answer, 1) != 1) {
        fail("the guardian is gone");
    }
}

/* A sandbox kills what outlives the test; so the test waits, newest first, because a guardian's
 * control is open in the younger ones too. Forked children of the test leave it to their parent. */
static void end_guardians(void)
{
    if (getpid() != owner) {
        return;
    }
    while (n_guardians > 0) {
        n_guardians--;
        close(guardians[n_guardians].control);
        waitpid(guardians[n_guardians].pid, NULL, 0);
    }
}

static void remember(pid_t pid, int control)
{
    if (n_guardians == MAX_GUARDIANS) {
        fail("too many servers");
    }
    if (n_guardians == 0) {
        owner = getpid();
        atexit(end_guardians);
    }
    guardians[n_guardians].pid = pid;
    guardians[n_guardians].control = control;
    n_guardians++;
}

/* Each guardian removes the directory after its own server has ended; the last one finds it empty
 * of servers. */
void server_open(struct server *server, const char *log)
{
    int fd = open_log(log);
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        fail("socketpair");
    }
    pid = fork();
    if (pid < 0) {
        fail("fork");
    }
    if (pid == 0) {
        close(pair[0]);
        guard(server, pair[1], fd);
    }
    close(pair[1]);
    close(fd);
    server->control = pair[0];
    remember(pid, pair[0]);
    command(server, COMMAND_START);
}

void server_stop(struct server *server)
{
    command(server, COMMAND_STOP);
}

void server_start(struct server *server)
{
    command(server, COMMAND_START);
}

void server_fail(const char *log, const char *message)
{
    char path[128];
    char text[4096];
    FILE *file;
    size_t n;

    fprintf(stderr, "testing: %s\n", message);
    snprintf(path, sizeof(path), "%s/%s", directory, log);
    file = fopen(path, "r");
    if (file) {
        n = fread(text, 1, sizeof(text), file);
        fwrite(text, 1, n, stderr);
        fclose(file);
    }
    exit(1);
}
