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

enum { MAX_WORDS = 32, WAIT_MS = 5000, WHO_MAX_BYTES = 1 << 20, NOT_LOGGED_IN = 68 };

extern char **environ;

/* The command's words, then the further ones. NULL if there are none or too many. */
static char **split(struct arena *arena, const char *command, const char *verb,
                    const char *argument)
{
    char **words = arena_alloc(arena, (MAX_WORDS + 3) * sizeof *words);
    size_t n = 0;
    const char *word = command + strspn(command, " ");
    while (*word) {
        size_t len = strcspn(word, " ");
        if (n == MAX_WORDS) {
            return NULL;
        }
        words[n++] = arena_strndup(arena, word, len);
        word += len + strspn(word + len, " ");
    }
    if (n == 0) {
        return NULL;
    }
    words[n++] = arena_strdup(arena, verb);
    words[n] = arena_strdup(arena, argument);
    return words;
}

/* `output` becomes its standard output; -1: nowhere. */
static bool start(char *const *words, int output, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    check(posix_spawn_file_actions_init(&actions) == 0);
    check(posix_spawnattr_init(&attributes) == 0);
    check(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0);
    check(posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) == 0);
    if (output < 0) {
        check(posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) == 0);
    } else {
        check(posix_spawn_file_actions_adddup2(&actions, output, 1) == 0);
    }
    check(posix_spawnattr_setsigmask(&attributes, &none) == 0);
    check(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK) == 0);
    int result = posix_spawnp(ret_pid, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (result != 0) {
        log_warn("doveadm.failed", log_str("program", words[0]), log_int("errno", result));
    }
    return result == 0;
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

/* Until its end, the limit of bytes or of time. */
static char *read_all(struct arena *arena, int fd)
{
    char *text = arena_alloc(arena, WHO_MAX_BYTES + 1);
    size_t len = 0;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    while (len < WHO_MAX_BYTES && poll(&wait, 1, WAIT_MS) == 1) {
        ssize_t n = read(fd, text + len, WHO_MAX_BYTES - len);
        if (n <= 0) {
            break;
        }
        len += (size_t)n;
    }
    return text;
}

const char *doveadm_who(struct arena *arena, const char *command)
{
    char **words = split(arena, command, "who", "-1");
    int ends[2];
    pid_t pid;
    if (!words || pipe2(ends, O_CLOEXEC) != 0) {
        return NULL;
    }
    bool is_started = start(words, ends[1], &pid);
    close(ends[1]);
    const char *text = is_started ? read_all(arena, ends[0]) : NULL;
    close(ends[0]);
    int code = is_started ? wait_for(pid) : 0;
    if (code != 0) {
        log_warn("doveadm.failed", log_str("program", words[0]), log_int("exit_code", code));
        return NULL;
    }
    return text;
}

bool doveadm_is_listed(const char *who, const char *user)
{
    size_t len = strlen(user);
    for (const char *line = who; *line;) {
        size_t name_len = strcspn(line, " \t\n");
        bool is_end = name_len > len && user[0] == '@';
        if ((name_len == len || is_end) && strncmp(line + name_len - len, user, len) == 0) {
            return true;
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return false;
}

bool doveadm_kick(struct arena *arena, const char *command, const char *user)
{
    /* doveadm reads a mask, and knows no way to write a * or ? that means itself. No mailbox has
     * one in its name; if any had, more sessions would end than must, and their users log in again.
     */
    const char *mask = user[0] == '@' ? arena_printf(arena, "*%s", user) : user;
    char **words = split(arena, command, "kick", mask);
    pid_t pid;
    /* An option in the place of a user. */
    if (!words || user[0] == '-' || !start(words, -1, &pid)) {
        return false;
    }
    int code = wait_for(pid);
    if (code == 0 || code == NOT_LOGGED_IN) {
        return true;
    }
    log_warn("kick.failed", log_str("user", user), log_int("exit_code", code));
    return false;
}
