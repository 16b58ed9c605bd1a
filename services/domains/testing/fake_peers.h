/* The parts of accounts, mailboxes and quotas that domains calls, in memory, for tests of its
 * handlers. Thread safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/error/error.h"
#include "services/common/rpc/method.h"

extern const struct rpc_service fake_accounts;
extern const struct rpc_service fake_mailboxes;
extern const struct rpc_service fake_quotas;

void fake_peers_reset(void);
/* The next n calls of this rpc ("SetDomainQuota") fail with the reason; one made before it has
 * taken effect if is_done. */
void fake_peers_fail(const char *rpc, enum error_reason reason, int n, bool is_done);
/* A mailbox with the id of its account. */
void fake_peers_add_mailbox(int64_t id, int64_t domain_id, const char *address);
/* The addresses, as each of the three services knows it: "1 bob@a.test bob@a.test bob@a.test". The
 * caller frees it. */
char *fake_peers_mailboxes(void);
/* The domain whose accounts are kept out, "" if there is none. The caller frees it. */
char *fake_peers_closed(void);
/* The names whose sessions were ended, in order. The caller frees it. */
char *fake_peers_ended(void);
/* "quota default", or "" where quotas knows nothing of the domain. The caller frees it. */
char *fake_peers_quota(int64_t domain_id);
void fake_peers_set_allocated(int64_t domain_id, int64_t megabytes);
/* What BatchGetDomainCounters adds to the number of mailboxes. */
void fake_peers_pretend_mailboxes(int64_t n);
/* How often an rpc was called. */
int fake_peers_n_calls(const char *rpc);
