/* mailbox-agent: carries out the queue's operations on the mail directories, as the user who owns
 * them. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/common/log/log.h"
#include "services/common/metrics/metrics.h"
#include "services/common/rpc/tls.h"
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
    char host[128] = "agent";
    char name[192];
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "%s/%ld", host, (long)getpid());
    struct agent agent = {.config = config,
                          .name = *config->name ? config->name : name,
                          .is_stopping = &is_stopping,
                          .root = open(config->mail_home, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (agent.root < 0) {
        log_error("agent.failed", log_str("cause", "cannot open the mail root"),
                  log_str("directory", config->mail_home));
        return EXIT_FAILURE;
    }
    const struct rpc_tls tls = {config->tls_cert, config->tls_key, config->tls_ca};
    const struct rpc_peer_config peer = {.name = "mailboxes", .target = config->mailboxes};
    struct rpc_peers *peers =
        rpc_peers_new("mailbox-agent", (const uint8_t *)config->identity_key,
                      strlen(config->identity_key), *tls.cert ? &tls : NULL, &peer, 1);
    agent.peers = peers;
    const struct metrics_config metrics_config = {.listen = config->metrics_listen,
                                                  .version = ROOST_VERSION,
                                                  .is_healthy = is_healthy,
                                                  .ctx = &agent};
    struct metrics *metrics = *config->metrics_listen ? metrics_open(&metrics_config) : NULL;
    if (*config->metrics_listen && !metrics) {
        log_error("agent.failed", log_str("cause", "cannot listen for metrics"),
                  log_str("address", config->metrics_listen));
        return EXIT_FAILURE;
    }
    log_info("agent.ready", log_str("agent", agent.name), log_str("root", config->mail_home));
    agent_run(&agent);
    if (metrics) {
        metrics_close(metrics);
    }
    rpc_peers_free(peers);
    log_info("agent.stopped", log_str("agent", agent.name));
    return EXIT_SUCCESS;
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
