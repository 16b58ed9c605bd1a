/* The agent's work: takes operations from the queue, carries them out, reports. One thread. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "services/common/rpc/client.h"
#include "services/mailbox_agent/agent_config.h"

enum { AGENT_SESSION_ENDS_MAX = 100 };

struct agent {
    const struct agent_config *config;
    char *name;
    struct rpc_peers *peers;
    int root; /* descriptor of the mail root */
    /* Session ends that are done, and which the queue has not been told. */
    int64_t ended[AGENT_SESSION_ENDS_MAX];
    size_t n_ended;
    int64_t next_end_us; /* not before: Dovecot did not do as told */
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
