#include "services/dnschecks/domain_result.h"

#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/message/message.h"
#include "services/dnschecks/dnschecks_config.h"
#include "services/dnschecks/domain_check.h"

enum { UNKNOWN_RETRY_MAX_S = 120, WRONG_SPEEDUP = 6 };

int64_t next_check_after_s(const char *status, int64_t interval_s, int64_t domain_id)
{
    int64_t base_s = interval_s;
    if (strcmp(status, "wrong") == 0) {
        base_s = interval_s / WRONG_SPEEDUP;
    } else if (strcmp(status, "unknown") == 0 && interval_s > UNKNOWN_RETRY_MAX_S) {
        base_s = UNKNOWN_RETRY_MAX_S;
    }
    if (base_s < 10) {
        return base_s > 0 ? base_s : 1;
    }
    /* A multiplicative hash: neighbours in id do not stay neighbours in time. */
    uint64_t spread = (uint64_t)domain_id * UINT64_C(0x9e3779b97f4a7c15) >> 33;
    return base_s - base_s / 10 + (int64_t)(spread % (uint64_t)(base_s / 5 + 1));
}

static Google__Protobuf__Timestamp *timestamp(struct arena *arena, int64_t unix_us)
{
    Google__Protobuf__Timestamp *time =
        message_new(arena, &google__protobuf__timestamp__descriptor);
    time->seconds = unix_us / 1000000;
    time->nanos = (int32_t)(unix_us % 1000000 * 1000);
    return time;
}

static Roost__Dnschecks__V1__DnsCheck *result_of(struct call *call, const struct due_domain *domain,
                                                 Roost__Dnschecks__V1__RecordCheck *mx)
{
    const struct dnschecks *dnschecks = call->service;
    Roost__Dnschecks__V1__DnsCheck *result =
        message_new(call->arena, &roost__dnschecks__v1__dns_check__descriptor);
    int64_t now_us = clock_wall_us();
    result->domain_id = domain->id;
    result->domain_name = domain->name;
    result->status = mx->status;
    result->checks = arena_memdup(call->arena, &mx, sizeof mx);
    result->n_checks = 1;
    result->checked_at = timestamp(call->arena, now_us);
    result->next_check_at = timestamp(
        call->arena,
        now_us + 1000000 * next_check_after_s(result->status, dnschecks->interval_s, domain->id));
    return result;
}

const struct error *domain_results(struct call *call, int64_t limit_us,
                                   const struct due_domain *domains, size_t n_domains,
                                   Roost__Dnschecks__V1__DnsCheck ***ret_results)
{
    const struct dnschecks *dnschecks = call->service;
    const char *fault = NULL;
    struct resolver *resolver = resolver_open(&dnschecks->resolver, &fault);
    if (!resolver) {
        return error_internal(call->arena, "resolver does not open: %s", fault);
    }
    struct domain_check *checks = arena_alloc(call->arena, n_domains * sizeof *checks);
    for (size_t i = 0; i < n_domains; i++) {
        checks[i].domain = domains[i].name;
    }
    domain_check_run(resolver, call->arena, dnschecks->expectation, limit_us, checks, n_domains);
    resolver_close(resolver);

    Roost__Dnschecks__V1__DnsCheck **results =
        arena_alloc(call->arena, n_domains * sizeof *results);
    for (size_t i = 0; i < n_domains; i++) {
        results[i] = result_of(call, &domains[i], checks[i].mx);
    }
    *ret_results = results;
    return NULL;
}
