/* What is right about the MX records of a domain (RFC 5321 5.1, RFC 7505). Pure. */
#pragma once

#include "proto/roost/dnschecks/v1/dnschecks.pb-c.h"
#include "services/common/arena/arena.h"
#include "services/dnschecks/resolver.h"

/* What the operator says is right: host names, addresses and networks ("192.0.2.0/24"). Empty: any
 * host with an address. */
struct mx_expectation {
    const char *const *hosts;
    size_t n_hosts;
    const char *const *networks;
    size_t n_networks;
};

/* Splits a comma-separated list into hosts (canonical form) and networks. NULL and *ret_fault if an
 * item is neither. */
const struct mx_expectation *mx_expectation_parse(struct arena *arena, const char *list,
                                                  const char **ret_fault);

/* The addresses of one MX host: the answers to its A and AAAA questions. */
struct mx_host {
    const char *name;
    struct dns_answer a;
    struct dns_answer aaaa;
};

/* `hosts` has an entry for each host name in `mx`, in any order. */
Roost__Dnschecks__V1__RecordCheck *mx_check(struct arena *arena, const char *domain,
                                            const struct mx_expectation *expectation,
                                            const struct dns_answer *mx,
                                            const struct mx_host *hosts, size_t n_hosts);
