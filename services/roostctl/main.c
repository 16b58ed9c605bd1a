/* roostctl: the command line client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "services/common/log/log.h"
#include "services/roostctl/operator.h"
#include "services/roostctl/roostctl_config.h"
#include "services/roostctl/run.h"
#include "services/roostctl/usage.h"

enum { EXIT_USAGE = 2 };

/* The commands that come from the routes. */
static int call_service(const struct roostctl_config *config, const struct output_options *options,
                        int argc, char **argv)
{
    struct session *session = session_open(&config->session);
    size_t n;
    const struct command *commands = commands_all(session_arena(session), &n);
    const struct command *command = argc >= 2 ? command_find(commands, n, argv[0], argv[1]) : NULL;
    int status = EXIT_USAGE;
    if (!command) {
        usage_unknown(stderr, commands, n, argv[0]);
    } else if (argc > 2 && strcmp(argv[2], "--help") == 0) {
        command_print_flags(stdout, session_arena(session), command);
        status = EXIT_SUCCESS;
    } else {
        const struct error *err =
            run_command(session, command, (size_t)(argc - 2), argv + 2, options);
        usage_print_error(stderr, err);
        status = err ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    session_close(session);
    return status;
}

/* 0 if standard output is none. */
static size_t terminal_width(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int main(int argc, char **argv)
{
    struct output_options options = {
        .out = stdout, .notes = stderr, .format = OUTPUT_TABLE, .width = terminal_width()};
    struct roostctl_config config = {0};
    int first = 1;
    if (!usage_take_options(argc, argv, &first, &options)) {
        return EXIT_USAGE;
    }
    if (first == argc || strcmp(argv[first], "help") == 0 || strcmp(argv[first], "--help") == 0) {
        usage_print(stdout, first + 1 < argc ? argv[first + 1] : NULL);
        return first == argc ? EXIT_USAGE : EXIT_SUCCESS;
    }
    if (!config_load(roostctl_config_fields, roostctl_n_config_fields, &config, stderr)) {
        return EXIT_USAGE;
    }
    log_open("roostctl", LOG_WARN, LOG_LOGFMT);
    if (operator_has_command(argv[first])) {
        return operator_run(&config, argc - first, argv + first);
    }
    return call_service(&config, &options, argc - first, argv + first);
}
