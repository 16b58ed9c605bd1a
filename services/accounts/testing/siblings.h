/*
 * Stand-ins for domains, mailboxes and quotas, as far as accounts calls them: in memory, with the
 * rules of their internal protos. They can be made to fail. For tests only; thread safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "services/common/rpc/method.h"

extern const struct rpc_service siblings_domains;
extern const struct rpc_service siblings_mailboxes;
extern const struct rpc_service siblings_quotas;

/* Empty again, and all is well: the domains 1 example.test, 2 other.test, 3 relay.test (a relay
 * domain) and alias.test, an alias of 1. Each has room for 100 MB of mailboxes, 5 MB by default. */
void siblings_reset(void);
/* From now on this method ("ReserveMailbox") answers SERVICE_UNAVAILABLE; after_effect: when it has
 * done its work. NULL: all is well. */
void siblings_break(const char *method, bool after_effect);
/* How often a method was called since the reset. */
int siblings_calls(const char *method);
/* example.test is being renamed. */
void siblings_set_renaming(bool is_renaming);

/* The state of an account's mailbox: "" (none), "pending" or "active", and its address. */
const char *siblings_mailbox_state(int64_t account_id);
const char *siblings_mailbox_address(int64_t account_id);
/* The same for its quota; -1 if there is none. */
const char *siblings_quota_state(int64_t account_id);
int64_t siblings_quota(int64_t account_id);
const char *siblings_quota_address(int64_t account_id);
int siblings_n_mailboxes(void);
int siblings_n_quotas(void);
