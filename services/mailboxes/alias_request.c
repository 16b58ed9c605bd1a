#include "services/mailboxes/alias_request.h"

#include <stdlib.h>
#include <string.h>

#include "services/common/address/address.h"
#include "services/common/message/json_time.h"
#include "services/common/message/message.h"
#include "services/mailboxes/domain_names.h"

static const struct {
    const char *name;
    unsigned field;
} fields[] = {
    {"address", ALIAS_ADDRESS},       {"enabled", ALIAS_ENABLED},
    {"recipients", ALIAS_RECIPIENTS}, {"description", ALIAS_DESCRIPTION},
    {"expire_at", ALIAS_EXPIRE_AT},
};

const struct error *alias_request_fields(struct call *call, char *const *paths, size_t n,
                                         unsigned *ret_fields)
{
    unsigned found = n == 0 ? ALIAS_ALL : 0;
    const struct error *err =
        message_check_mask(call->arena, &roost__mailboxes__v1__alias__descriptor, paths, n);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(paths[i], "*") == 0) {
            found = ALIAS_ALL;
            continue;
        }
        for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
            found |= strcmp(fields[f].name, paths[i]) == 0 ? fields[f].field : 0;
        }
    }
    *ret_fields = found;
    return NULL;
}

/* The parts of the request in canonical form. */
struct parsed {
    struct address address;
    struct address *recipients;
    size_t n_recipients;
};

static const struct error *parse_address(struct call *call, const char *text, struct parsed *parsed)
{
    if (!*text) {
        return error_on_field(call->arena, REASON_FIELD_REQUIRED, "alias.address",
                              "This field is required.");
    }
    const char *fault;
    if (!address_parse(call->arena, text, true, &parsed->address, &fault)) {
        return error_on_field(call->arena, REASON_ADDRESS_INVALID, "alias.address", "%s", fault);
    }
    fault = address_alias_fault(call->arena, parsed->address.local_part);
    if (fault) {
        return error_on_field(call->arena, REASON_ADDRESS_INVALID, "alias.address", "%s", fault);
    }
    return NULL;
}

static int compare_addresses(const void *a, const void *b)
{
    return strcmp(((const struct address *)a)->full, ((const struct address *)b)->full);
}

/* Sorted and each once. */
static void put_in_order(struct parsed *parsed)
{
    struct address *items = parsed->recipients;
    qsort(items, parsed->n_recipients, sizeof *items, compare_addresses);
    size_t n = 0;
    for (size_t i = 0; i < parsed->n_recipients; i++) {
        if (n == 0 || strcmp(items[n - 1].full, items[i].full) != 0) {
            items[n++] = items[i];
        }
    }
    parsed->n_recipients = n;
}

static const struct error *parse_recipients(struct call *call, const struct error *err,
                                            const Roost__Mailboxes__V1__Alias *alias,
                                            struct parsed *parsed)
{
    static const char field[] = "alias.recipients";
    if (alias->n_recipients > ALIAS_RECIPIENTS_MAX) {
        return error_add_field(call->arena, err, REASON_RECIPIENT_INVALID, field,
                               "An alias has at most %d recipients, not %zu.", ALIAS_RECIPIENTS_MAX,
                               alias->n_recipients);
    }
    parsed->recipients =
        arena_alloc(call->arena, (alias->n_recipients + 1) * sizeof *parsed->recipients);
    for (size_t i = 0; i < alias->n_recipients; i++) {
        const char *fault;
        if (!*alias->recipients[i]) {
            continue;
        }
        if (!address_parse(call->arena, alias->recipients[i], false,
                           &parsed->recipients[parsed->n_recipients], &fault)) {
            err = error_add_field(call->arena, err, REASON_RECIPIENT_INVALID, field, "%s: %s",
                                  alias->recipients[i], fault);
            continue;
        }
        parsed->n_recipients++;
    }
    if (parsed->n_recipients == 0 && !err) {
        return error_add_field(call->arena, err, REASON_RECIPIENTS_REQUIRED, field,
                               "No recipient defined");
    }
    put_in_order(parsed);
    return err;
}

static const struct error *resolve_names(struct call *call, const struct parsed *parsed,
                                         struct domain_names *ret_names)
{
    const char **names = arena_alloc(call->arena, (parsed->n_recipients + 1) * sizeof *names);
    size_t n = 0;
    if (parsed->address.domain) {
        names[n++] = parsed->address.domain;
    }
    for (size_t i = 0; i < parsed->n_recipients; i++) {
        names[n++] = parsed->recipients[i].domain;
    }
    return domain_names_resolve(call, names, n, ret_names);
}

/* An address in a domain alias means the same local part of its target, and is written down as
 * that. */
static struct recipient resolve_recipient(struct call *call, const struct address *address,
                                          const struct domain_names *names)
{
    const Roost__Domains__V1__ResolvedDomain *domain = domain_names_find(names, address->domain);
    if (!domain) {
        return (struct recipient){.address = address->full, .local_part = address->local_part};
    }
    return (struct recipient){
        .address = arena_printf(call->arena, "%s@%s", address->local_part, domain->name),
        .local_part = address->local_part,
        .domain_id = domain->id,
        .may_be_external = strcmp(domain->type, "relaydomain") == 0,
    };
}

static const struct error *take_address(struct call *call, const struct parsed *parsed,
                                        const struct domain_names *names, struct alias_write *write)
{
    const Roost__Domains__V1__ResolvedDomain *domain =
        domain_names_find(names, parsed->address.domain);
    if (!domain || domain->is_alias) {
        return domain_names_invalid(call, "alias.address", "There is no domain %s.",
                                    parsed->address.domain);
    }
    write->domain_id = domain->id;
    write->domain_name = domain->name;
    write->local_part = parsed->address.local_part;
    return NULL;
}

static const struct error *check_end(struct call *call, const Google__Protobuf__Timestamp *end)
{
    if (!end || json_time_is_valid(end->seconds, end->nanos)) {
        return NULL;
    }
    return error_on_field(call->arena, REASON_FIELD_INVALID, "alias.expire_at",
                          "Must be a time of the years 1 to 9999.");
}

const struct error *alias_request_resolve(struct call *call,
                                          const Roost__Mailboxes__V1__Alias *alias,
                                          struct alias_write *write)
{
    struct parsed parsed = {0};
    const struct error *err = check_end(call, alias->expire_at);
    if (err) {
        return err;
    }
    if (write->fields & ALIAS_ADDRESS) {
        err = parse_address(call, alias->address, &parsed);
    }
    if (write->fields & ALIAS_RECIPIENTS) {
        err = parse_recipients(call, err, alias, &parsed);
    }
    if (err) {
        return err;
    }
    Roost__Mailboxes__V1__Alias *canonical = arena_memdup(call->arena, alias, sizeof *canonical);
    write->alias = canonical;
    if (!(write->fields & (ALIAS_ADDRESS | ALIAS_RECIPIENTS))) {
        return NULL;
    }
    struct domain_names names;
    err = resolve_names(call, &parsed, &names);
    if (err) {
        return err;
    }
    if (write->fields & ALIAS_ADDRESS) {
        err = take_address(call, &parsed, &names, write);
        if (err) {
            return err;
        }
        canonical->address = parsed.address.full;
    }
    struct recipient *recipients =
        arena_alloc(call->arena, (parsed.n_recipients + 1) * sizeof *recipients);
    for (size_t i = 0; i < parsed.n_recipients; i++) {
        recipients[i] = resolve_recipient(call, &parsed.recipients[i], &names);
    }
    write->recipients = recipients;
    write->n_recipients = parsed.n_recipients;
    return NULL;
}
