/* The agent's work: takes operations from the queue, carries them out, reports. One thread. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "services/common/rpc/client.h"
#include "services/mailbox_agent/agent_config.h"

struct agent {
    const struct agent_config *config;
    char *name;
    struct rpc_peers *peers;
    int root; /* descriptor of the mail root */
    atomic_bool *is_stopping;
    atomic_bool is_healthy; /* the queue answers and the mail root can be used */
};

/* With config and is_stopping set: opens the mail root and the way to the queue. False if there is
 * no such directory. */
bool agent_open(struct agent *agent);
void agent_close(struct agent *agent);
/* Until *is_stopping. */
void agent_run(struct agent *agent);
/* One round: claims, carries out, reports, empties the trash for a while. *ret_worked says whether
 * there was anything to do. */
MUST_USE const struct error *agent_round(struct agent *agent, struct arena *arena,
                                         bool *ret_worked);
