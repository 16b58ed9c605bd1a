#include "services/domains/domain.h"

#include <limits.h>
#include <string.h>

#include "services/common/address/address.h"
#include "services/common/message/message.h"
#include "services/domains/field_mask.h"

static const char type_default[] = "domain";

static bool is_type(const char *type)
{
    return strcmp(type, "domain") == 0 || strcmp(type, "relaydomain") == 0;
}

/* Adds a fault to *err, or sets *ret_name. */
static void read_name(struct arena *arena, const char *given, const char *field,
                      const struct error **err, char **ret_name)
{
    const char *fault;
    if (!*given) {
        *err =
            error_add_field(arena, *err, REASON_FIELD_REQUIRED, field, "This field is required.");
        return;
    }
    char *name = address_canonical_domain(arena, given, &fault);
    if (!name) {
        *err = error_add_field(arena, *err, REASON_DOMAIN_NAME_INVALID, field, "%s", fault);
        return;
    }
    *ret_name = name;
}

static void read_type(struct arena *arena, const char *given, const struct error **err,
                      const char **ret_type)
{
    const char *type = *given ? given : type_default;
    if (!is_type(type)) {
        *err = error_add_field(arena, *err, REASON_DOMAIN_TYPE_UNKNOWN, "domain.type",
                               "Must be \"domain\" or \"relaydomain\".");
        return;
    }
    *ret_type = type;
}

static void set_enabled(Roost__Domains__V1__Domain *domain, bool enabled)
{
    domain->_enabled_case = ROOST__DOMAINS__V1__DOMAIN___ENABLED_ENABLED;
    domain->enabled = enabled;
}

static void set_enable_dns_checks(Roost__Domains__V1__Domain *domain, bool enabled)
{
    domain->_enable_dns_checks_case =
        ROOST__DOMAINS__V1__DOMAIN___ENABLE_DNS_CHECKS_ENABLE_DNS_CHECKS;
    domain->enable_dns_checks = enabled;
}

static const Roost__Domains__V1__Domain *or_empty(const Roost__Domains__V1__Domain *domain)
{
    static const Roost__Domains__V1__Domain empty = ROOST__DOMAINS__V1__DOMAIN__INIT;
    return domain ? domain : &empty;
}

const struct error *domain_read_new(struct arena *arena,
                                    const Roost__Domains__V1__CreateDomainRequest *req,
                                    Roost__Domains__V1__Domain **ret_domain)
{
    const Roost__Domains__V1__Domain *given = or_empty(req->domain);
    Roost__Domains__V1__Domain *domain =
        message_new(arena, &roost__domains__v1__domain__descriptor);
    const struct error *err = NULL;
    const char *type = type_default;
    read_name(arena, given->name, "domain.name", &err, &domain->name);
    read_type(arena, given->type, &err, &type);
    if (err) {
        return err;
    }
    domain->type = arena_strdup(arena, type);
    set_enabled(domain, !given->_enabled_case || given->enabled);
    set_enable_dns_checks(domain, !given->_enable_dns_checks_case || given->enable_dns_checks);
    domain_set_quotas(domain,
                      &(struct domain_quotas){
                          .quota = given->_quota_case ? given->quota : 0,
                          .default_mailbox_quota =
                              given->_default_mailbox_quota_case ? given->default_mailbox_quota : 0,
                      });
    *ret_domain = domain;
    return NULL;
}

const struct error *domain_read_change(struct arena *arena,
                                       const Roost__Domains__V1__UpdateDomainRequest *req,
                                       struct domain_change *ret_change)
{
    const Roost__Domains__V1__Domain *given = or_empty(req->domain);
    struct domain_change change = {.name = NULL};
    struct field_mask mask;
    char *name = NULL;
    const struct error *err =
        field_mask_read(arena, req->update_mask, &roost__domains__v1__domain__descriptor, &mask);
    if (err) {
        return err;
    }
    if (field_mask_has(&mask, "name", *given->name || mask.is_all)) {
        read_name(arena, given->name, "domain.name", &err, &name);
    }
    if (field_mask_has(&mask, "type", *given->type)) {
        read_type(arena, given->type, &err, &change.type);
    }
    change.name = name;
    change.has_enabled = field_mask_has(&mask, "enabled", given->_enabled_case);
    change.enabled = !given->_enabled_case || given->enabled;
    change.has_enable_dns_checks =
        field_mask_has(&mask, "enable_dns_checks", given->_enable_dns_checks_case);
    change.enable_dns_checks = !given->_enable_dns_checks_case || given->enable_dns_checks;
    change.has_quota = field_mask_has(&mask, "quota", given->_quota_case);
    change.quota = given->_quota_case ? given->quota : 0;
    change.has_default_mailbox_quota =
        field_mask_has(&mask, "default_mailbox_quota", given->_default_mailbox_quota_case);
    change.default_mailbox_quota =
        given->_default_mailbox_quota_case ? given->default_mailbox_quota : 0;
    if (err) {
        return err;
    }
    *ret_change = change;
    return NULL;
}

Roost__Domains__V1__Domain *domain_changed(struct arena *arena,
                                           const Roost__Domains__V1__Domain *domain,
                                           const struct domain_change *change)
{
    Roost__Domains__V1__Domain *after =
        (Roost__Domains__V1__Domain *)message_copy(arena, &domain->base);
    if (change->name) {
        after->name = arena_strdup(arena, change->name);
    }
    if (change->type) {
        after->type = arena_strdup(arena, change->type);
    }
    if (change->has_enabled) {
        set_enabled(after, change->enabled);
    }
    if (change->has_enable_dns_checks) {
        set_enable_dns_checks(after, change->enable_dns_checks);
    }
    domain_set_quotas(after, &(struct domain_quotas){
                                 .quota = change->has_quota ? change->quota : domain->quota,
                                 .default_mailbox_quota = change->has_default_mailbox_quota
                                                              ? change->default_mailbox_quota
                                                              : domain->default_mailbox_quota,
                                 .allocated = domain->allocated_quota,
                             });
    return after;
}

bool domain_is_same(const Roost__Domains__V1__Domain *a, const Roost__Domains__V1__Domain *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->type, b->type) == 0 &&
           a->enabled == b->enabled && a->enable_dns_checks == b->enable_dns_checks;
}

bool domain_has_same_quotas(const Roost__Domains__V1__Domain *a,
                            const Roost__Domains__V1__Domain *b)
{
    return a->quota == b->quota && a->default_mailbox_quota == b->default_mailbox_quota;
}

/* A domain may have given away more than it has, when somebody was allowed to. */
static int32_t percent_of(int64_t part, int64_t whole)
{
    int64_t percent = whole > 0 ? part * 100 / whole : 0;
    return percent > INT32_MAX ? INT32_MAX : (int32_t)percent;
}

void domain_set_quotas(Roost__Domains__V1__Domain *domain, const struct domain_quotas *quotas)
{
    domain->_quota_case = ROOST__DOMAINS__V1__DOMAIN___QUOTA_QUOTA;
    domain->quota = quotas->quota;
    domain->_default_mailbox_quota_case =
        ROOST__DOMAINS__V1__DOMAIN___DEFAULT_MAILBOX_QUOTA_DEFAULT_MAILBOX_QUOTA;
    domain->default_mailbox_quota = quotas->default_mailbox_quota;
    domain->allocated_quota = quotas->allocated;
    domain->allocated_quota_in_percent = percent_of(quotas->allocated, quotas->quota);
}

static const Roost__Domains__V1__DomainAlias *alias_or_empty(
    const Roost__Domains__V1__DomainAlias *alias)
{
    static const Roost__Domains__V1__DomainAlias empty = ROOST__DOMAINS__V1__DOMAIN_ALIAS__INIT;
    return alias ? alias : &empty;
}

static void set_alias_enabled(Roost__Domains__V1__DomainAlias *alias, bool enabled)
{
    alias->_enabled_case = ROOST__DOMAINS__V1__DOMAIN_ALIAS___ENABLED_ENABLED;
    alias->enabled = enabled;
}

static void read_target(struct arena *arena, int64_t given, const struct error **err,
                        int64_t *ret_target)
{
    if (given == 0) {
        *err = error_add_field(arena, *err, REASON_FIELD_REQUIRED, "domain_alias.target",
                               "This field is required.");
        return;
    }
    *ret_target = given;
}

const struct error *domain_alias_read_new(struct arena *arena,
                                          const Roost__Domains__V1__CreateDomainAliasRequest *req,
                                          Roost__Domains__V1__DomainAlias **ret_alias)
{
    const Roost__Domains__V1__DomainAlias *given = alias_or_empty(req->domain_alias);
    Roost__Domains__V1__DomainAlias *alias =
        message_new(arena, &roost__domains__v1__domain_alias__descriptor);
    const struct error *err = NULL;
    read_name(arena, given->name, "domain_alias.name", &err, &alias->name);
    read_target(arena, given->target, &err, &alias->target);
    set_alias_enabled(alias, !given->_enabled_case || given->enabled);
    if (err) {
        return err;
    }
    *ret_alias = alias;
    return NULL;
}

const struct error *domain_alias_read_change(
    struct arena *arena, const Roost__Domains__V1__UpdateDomainAliasRequest *req,
    const Roost__Domains__V1__DomainAlias *alias, Roost__Domains__V1__DomainAlias **ret_alias)
{
    const Roost__Domains__V1__DomainAlias *given = alias_or_empty(req->domain_alias);
    Roost__Domains__V1__DomainAlias *after =
        (Roost__Domains__V1__DomainAlias *)message_copy(arena, &alias->base);
    struct field_mask mask;
    const struct error *err = field_mask_read(arena, req->update_mask,
                                              &roost__domains__v1__domain_alias__descriptor, &mask);
    if (err) {
        return err;
    }
    if (field_mask_has(&mask, "name", *given->name || mask.is_all)) {
        read_name(arena, given->name, "domain_alias.name", &err, &after->name);
    }
    if (field_mask_has(&mask, "target", given->target != 0 || mask.is_all)) {
        read_target(arena, given->target, &err, &after->target);
    }
    if (field_mask_has(&mask, "enabled", given->_enabled_case)) {
        set_alias_enabled(after, !given->_enabled_case || given->enabled);
    }
    if (err) {
        return err;
    }
    *ret_alias = after;
    return NULL;
}

bool domain_alias_is_same(const Roost__Domains__V1__DomainAlias *a,
                          const Roost__Domains__V1__DomainAlias *b)
{
    return strcmp(a->name, b->name) == 0 && a->target == b->target && a->enabled == b->enabled;
}

const struct error *domain_check_etag(struct arena *arena, const char *asked, const char *present)
{
    if (!*asked || strcmp(asked, present) == 0) {
        return NULL;
    }
    return error_new(arena, REASON_ETAG_MISMATCH,
                     "It has been changed since it was read: its etag is %s, not %s.", present,
                     asked);
}
