/* mailbox-agent: carries out the queue's operations on the mail directories, as the user who owns
 * them. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "services/common/log/log.h"
#include "services/common/metrics/metrics.h"
#include "services/common/service/version.h"
#include "services/mailbox_agent/agent.h"

enum { EXIT_USAGE = 2 };

static atomic_bool is_stopping;

static void stop(int number)
{
    (void)number;
    atomic_store(&is_stopping, true);
}

static bool is_healthy(void *agent)
{
    return atomic_load(&((struct agent *)agent)->is_healthy);
}

static int run(const struct agent_config *config)
{
    struct agent agent = {.config = config, .is_stopping = &is_stopping};
    const struct metrics_config metrics_config = {.listen = config->metrics_listen,
                                                  .version = ROOST_VERSION,
                                                  .is_healthy = is_healthy,
                                                  .ctx = &agent};
    struct metrics *metrics = NULL;
    bool is_good = agent_open(&agent);
    if (is_good && *config->metrics_listen) {
        metrics = metrics_open(&metrics_config);
        is_good = metrics;
    }
    if (is_good) {
        log_info("agent.ready", log_str("agent", agent.name), log_str("root", config->mail_home));
        agent_run(&agent);
        log_info("agent.stopped", log_str("agent", agent.name));
    } else {
        log_error("agent.failed",
                  log_str("cause", "cannot open the mail root or listen for metrics"),
                  log_str("root", config->mail_home), log_str("metrics", config->metrics_listen));
    }
    if (metrics) {
        metrics_close(metrics);
    }
    agent_close(&agent);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        printf("Usage: mailbox-agent [--help | --version]\n\nConfiguration, from the "
               "environment:\n\n");
        config_print_help(agent_config_fields, agent_n_config_fields, stdout);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("mailbox-agent %s\n", ROOST_VERSION);
        return EXIT_SUCCESS;
    }
    struct agent_config config = {0};
    if (argc > 1 || !config_load(agent_config_fields, agent_n_config_fields, &config, stderr)) {
        return EXIT_USAGE;
    }
    const struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    log_open("mailbox-agent", (enum log_level)config.log_level, (enum log_format)config.log_format);
    return run(&config);
}
