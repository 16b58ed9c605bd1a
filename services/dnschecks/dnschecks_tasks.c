#include "services/dnschecks/dnschecks_tasks.h"

#include "proto/roost/domains/v1/domains.client.h"
#include "services/common/clock/clock.h"
#include "services/common/message/message.h"
#include "services/dnschecks/check_store.h"
#include "services/dnschecks/domain_check.h"
#include "services/dnschecks/domain_result.h"

enum { SWEEP_PAGE = 1000, CHECK_LIMIT_US = 15000000 };

const struct error *dnschecks_sweep_task(struct call *call)
{
    int64_t after_id;
    const struct error *err = check_store_sweep_position(call, &after_id);
    if (err) {
        return err;
    }
    Roost__Domains__V1__ListCheckedDomainsRequest *req =
        message_new(call->arena, &roost__domains__v1__list_checked_domains_request__descriptor);
    req->after_id = after_id;
    req->limit = SWEEP_PAGE;
    Roost__Domains__V1__ResolveDomainsResponse *resp;
    err = domains_internal_client_list_checked_domains(call, req, &resp);
    if (err) {
        return err;
    }
    int64_t *ids = arena_alloc(call->arena, (resp->n_domains + 1) * sizeof *ids);
    const char **names = arena_alloc(call->arena, (resp->n_domains + 1) * sizeof *names);
    for (size_t i = 0; i < resp->n_domains; i++) {
        ids[i] = resp->domains[i]->id;
        names[i] = resp->domains[i]->name;
    }
    bool is_last = resp->n_domains < SWEEP_PAGE;
    int64_t last_id = is_last ? INT64_MAX : ids[resp->n_domains - 1];
    return check_store_sweep(call, &(struct sweep_page){.after_id = after_id,
                                                        .last_id = last_id,
                                                        .next_position = is_last ? 0 : last_id,
                                                        .ids = ids,
                                                        .names = names,
                                                        .n = resp->n_domains});
}

const struct error *dnschecks_check_task(struct call *call)
{
    size_t n;
    struct due_domain *domains;
    const struct error *err = check_store_claim(call, DOMAIN_CHECK_BATCH_MAX, &n, &domains);
    if (err || n == 0) {
        return err;
    }
    Roost__Dnschecks__V1__DnsCheck **results;
    err = domain_results(call, clock_monotonic_us() + CHECK_LIMIT_US, domains, n, &results);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        err = check_store_save(call, results[i]);
        if (err) {
            return err;
        }
    }
    return NULL;
}
