#include <string.h>

#include "proto/roost/dnschecks/v1/dnschecks.rpc.h"
#include "proto/roost/domains/v1/domains.client.h"
#include "services/common/clock/clock.h"
#include "services/common/message/message.h"
#include "services/dnschecks/check_store.h"
#include "services/dnschecks/dnschecks_tasks.h"
#include "services/dnschecks/domain_result.h"

/* A check on demand waits this long at most, and leaves time to store the result. */
enum { RUN_LIMIT_US = 10000000, STORE_RESERVE_US = 300000, DOMAINS_MAX = 1000 };

static const struct error *resolve_domain(struct call *call, int64_t id,
                                          Roost__Domains__V1__ResolvedDomain **ret_domain)
{
    Roost__Domains__V1__ResolveDomainsRequest *req =
        message_new(call->arena, &roost__domains__v1__resolve_domains_request__descriptor);
    req->ids = &id;
    req->n_ids = 1;
    Roost__Domains__V1__ResolveDomainsResponse *resp;
    const struct error *err = domains_internal_client_resolve_domains(call, req, &resp);
    if (err) {
        return err;
    }
    if (resp->n_domains == 0) {
        return error_new(call->arena, REASON_DOMAIN_NOT_FOUND, "There is no domain %lld.",
                         (long long)id);
    }
    *ret_domain = resp->domains[0];
    return NULL;
}

static Roost__Dnschecks__V1__DnsCheck *result_without_check(
    struct call *call, const Roost__Domains__V1__ResolvedDomain *domain, const char *status)
{
    Roost__Dnschecks__V1__DnsCheck *result =
        message_new(call->arena, &roost__dnschecks__v1__dns_check__descriptor);
    result->domain_id = domain->id;
    result->domain_name = domain->name;
    result->status = (char *)status;
    return result;
}

static const struct error *validate(struct call *call,
                                    const Roost__Dnschecks__V1__ListDnsChecksRequest *req)
{
    static const char *const statuses[] = {"", "ok", "wrong", "unknown", "pending"};
    if (req->n_domains > DOMAINS_MAX) {
        return error_on_field(call->arena, REASON_FIELD_TOO_LONG, "domains",
                              "%zu domains are more than %d.", req->n_domains, DOMAINS_MAX);
    }
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (strcmp(req->status, statuses[i]) == 0) {
            return NULL;
        }
    }
    return error_on_field(call->arena, REASON_FIELD_INVALID, "status",
                          "Must be ok, wrong, unknown or pending.");
}

const struct error *dns_checks_list_dns_checks(
    struct call *call, const Roost__Dnschecks__V1__ListDnsChecksRequest *req,
    Roost__Dnschecks__V1__ListDnsChecksResponse **ret_resp)
{
    const struct list_request request = {req->page_size, req->page_token, req->ordering};
    const struct check_filter filter = {req->status, req->search, req->domains, req->n_domains};
    bool is_filtered = *req->status || *req->search || req->n_domains;
    Roost__Dnschecks__V1__ListDnsChecksResponse *resp =
        message_new(call->arena, &roost__dnschecks__v1__list_dns_checks_response__descriptor);
    struct list_page page;
    const struct error *err = validate(call, req);
    if (!err) {
        err = list_check_search(call, req->search);
    }
    if (!err) {
        err = check_store_list(call, &request, &filter, &page);
    }
    if (!err && (req->count || !is_filtered)) {
        resp->_total_size_case =
            ROOST__DNSCHECKS__V1__LIST_DNS_CHECKS_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        err = check_store_count(call, &filter, &resp->total_size);
    }
    if (err) {
        return err;
    }
    resp->n_dns_checks = page.n;
    resp->dns_checks = (Roost__Dnschecks__V1__DnsCheck **)page.messages;
    resp->next_page_token = page.next_page_token;
    *ret_resp = resp;
    return NULL;
}

const struct error *dns_checks_get_dns_check(struct call *call,
                                             const Roost__Dnschecks__V1__GetDnsCheckRequest *req,
                                             Roost__Dnschecks__V1__DnsCheck **ret_resp)
{
    Roost__Domains__V1__ResolvedDomain *domain;
    const struct error *err = resolve_domain(call, req->domain_id, &domain);
    if (err) {
        return err;
    }
    if (!domain->enabled || !domain->enable_dns_checks) {
        *ret_resp = result_without_check(call, domain, "disabled");
        return NULL;
    }
    Roost__Dnschecks__V1__DnsCheck *stored;
    err = check_store_get(call, req->domain_id, &stored);
    if (err) {
        return err;
    }
    /* What was found for a former name says nothing about the name of today. */
    bool is_current = stored && strcmp(stored->domain_name, domain->name) == 0;
    *ret_resp = is_current ? stored : result_without_check(call, domain, "pending");
    return NULL;
}

const struct error *dns_checks_run_dns_check(struct call *call,
                                             const Roost__Dnschecks__V1__RunDnsCheckRequest *req,
                                             Roost__Dnschecks__V1__DnsCheck **ret_resp)
{
    Roost__Domains__V1__ResolvedDomain *domain;
    const struct error *err = resolve_domain(call, req->domain_id, &domain);
    if (err) {
        return err;
    }
    int64_t limit_us = clock_monotonic_us() + RUN_LIMIT_US;
    if (call->deadline_us && call->deadline_us - STORE_RESERVE_US < limit_us) {
        limit_us = call->deadline_us - STORE_RESERVE_US;
    }
    struct due_domain due = {domain->id, domain->name};
    Roost__Dnschecks__V1__DnsCheck **results;
    err = domain_results(call, limit_us, &due, 1, &results);
    if (err) {
        return err;
    }
    err = check_store_save(call, results[0]);
    if (err) {
        return err;
    }
    *ret_resp = results[0];
    return NULL;
}
