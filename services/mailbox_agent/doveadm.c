#include "services/mailbox_agent/doveadm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/common/error/error.h"
#include "services/common/log/log.h"

enum { MAX_WORDS = 32, WAIT_MS = 5000 };

extern char **environ;

/* The command's words, then "kick" and the user. False if there are none or too many. */
static bool split(struct arena *arena, const char *command, const char *user, char **words)
{
    size_t n = 0;
    const char *word = command + strspn(command, " ");
    while (*word) {
        size_t len = strcspn(word, " ");
        if (n == MAX_WORDS) {
            return false;
        }
        words[n++] = arena_strndup(arena, word, len);
        word += len + strspn(word + len, " ");
    }
    words[n] = arena_strdup(arena, "kick");
    words[n + 1] = arena_strdup(arena, user);
    words[n + 2] = NULL;
    return n > 0;
}

static int start(char *const *words, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    check(posix_spawn_file_actions_init(&actions) == 0);
    check(posix_spawnattr_init(&attributes) == 0);
    check(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0);
    check(posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) == 0);
    check(posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) == 0);
    check(posix_spawnattr_setsigmask(&attributes, &none) == 0);
    check(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK) == 0);
    int result = posix_spawnp(ret_pid, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

/* The exit code, -1 if it was killed or took too long. */
static int wait_for(pid_t pid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd wait = {.fd = pidfd, .events = POLLIN};
    if (pidfd < 0 || poll(&wait, 1, WAIT_MS) != 1) {
        kill(pid, SIGKILL);
    }
    if (pidfd >= 0) {
        close(pidfd);
    }
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void doveadm_kick(struct arena *arena, const char *command, const char *user)
{
    char *words[MAX_WORDS + 3];
    pid_t pid;
    /* An option in the place of a user. */
    if (user[0] == '-' || !split(arena, command, user, words)) {
        return;
    }
    int result = start(words, &pid);
    if (result != 0) {
        log_warn("doveadm.failed", log_str("program", words[0]), log_int("errno", result));
        return;
    }
    int code = wait_for(pid);
    if (code != 0) {
        log_debug("doveadm.ended", log_str("user", user), log_int("exit_code", code));
    }
}
