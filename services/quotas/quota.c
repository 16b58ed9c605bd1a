#include "services/quotas/quota.h"

#include <inttypes.h>
#include <string.h>

const struct error *quota_check_range(struct arena *arena, const char *field, int64_t megabytes)
{
    if (megabytes < 0) {
        return error_on_field(arena, REASON_QUOTA_INVALID, field, "Must be a positive integer.");
    }
    if (megabytes > QUOTA_MAX_MB) {
        return error_on_field(arena, REASON_QUOTA_INVALID, field,
                              "Cannot be greater than %" PRId64 " MB; %" PRId64 " MB were asked.",
                              QUOTA_MAX_MB, megabytes);
    }
    return NULL;
}

static bool is_changed(const Roost__Quotas__V1__DomainQuota *before,
                       const Roost__Quotas__V1__DomainQuota *after)
{
    return before->quota != after->quota ||
           before->default_mailbox_quota != after->default_mailbox_quota;
}

/* Whose field it is that takes away the room: the quota if it shrinks, else the default. */
static const char *field_at_fault(const Roost__Quotas__V1__DomainQuota *before,
                                  const Roost__Quotas__V1__DomainQuota *after)
{
    bool is_smaller = before->quota == 0 || after->quota < before->quota;
    return is_smaller ? "quota" : "default_mailbox_quota";
}

const struct error *quota_check_domain(struct arena *arena,
                                       const Roost__Quotas__V1__DomainQuota *before,
                                       const Roost__Quotas__V1__DomainQuota *after,
                                       int64_t n_unlimited)
{
    const struct error *err = quota_check_range(arena, "quota", after->quota);
    if (!err) {
        err = quota_check_range(arena, "default_mailbox_quota", after->default_mailbox_quota);
    }
    if (err || after->quota == 0 || !is_changed(before, after)) {
        return err;
    }
    if (after->default_mailbox_quota > after->quota) {
        return error_on_field(arena, REASON_DEFAULT_QUOTA_EXCEEDS_DOMAIN, "default_mailbox_quota",
                              "Cannot be greater than domain quota: the domain has %" PRId64
                              " MB, %" PRId64 " MB were asked.",
                              after->quota, after->default_mailbox_quota);
    }
    bool is_worse = before->quota == 0 || after->quota < before->quota ||
                    after->allocated_quota > before->allocated_quota;
    if (after->allocated_quota > after->quota && is_worse) {
        return error_on_field(arena, REASON_DOMAIN_QUOTA_BELOW_ALLOCATED,
                              field_at_fault(before, after),
                              "The mailboxes would have more than the domain: they would have "
                              "%" PRId64 " MB together, the domain %" PRId64 " MB.",
                              after->allocated_quota, after->quota);
    }
    bool may_be_new =
        before->quota == 0 || before->default_mailbox_quota != after->default_mailbox_quota;
    if (n_unlimited > 0 && may_be_new) {
        return error_on_field(
            arena, REASON_DOMAIN_QUOTA_BELOW_ALLOCATED, field_at_fault(before, after),
            "A domain with a quota (%" PRId64 " MB) has no unlimited mailboxes: %" PRId64
            " would be without a quota.",
            after->quota, n_unlimited);
    }
    return NULL;
}

static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');
    return at ? at + 1 : address;
}

const struct error *quota_check_mailbox(struct arena *arena,
                                        const Roost__Quotas__V1__DomainQuota *domain,
                                        const struct quota_share *share)
{
    const struct error *err = quota_check_range(arena, "quota", share->asked);
    if (err || domain->quota == 0 || share->asked == share->present) {
        return err;
    }
    if (share->asked == 0) {
        return error_on_field(arena, REASON_QUOTA_REQUIRED, "quota",
                              "A quota is required: %s has %" PRId64
                              " MB for all mailboxes, and 0 would be unlimited.",
                              domain_of(share->address), domain->quota);
    }
    int64_t present = share->present > 0 ? share->present : 0;
    int64_t others = domain->allocated_quota - present;
    if (share->asked > present && others + share->asked > domain->quota) {
        return error_on_field(arena, REASON_QUOTA_EXCEEDS_DOMAIN, "quota",
                              "%s: domain quota exceeded: the domain has %" PRId64
                              " MB, its other mailboxes have %" PRId64 " MB, %" PRId64
                              " MB were asked.",
                              domain_of(share->address), domain->quota, others, share->asked);
    }
    return NULL;
}

int32_t quota_usage_percent(int64_t bytes, int64_t quota)
{
    if (quota <= 0 || bytes <= 0) {
        return 0;
    }
    /* Not bytes * 100: that overflows. */
    int64_t quota_bytes = quota << 20;
    int64_t percent = bytes / quota_bytes * 100 + bytes % quota_bytes * 100 / quota_bytes;
    return percent > INT32_MAX ? INT32_MAX : (int32_t)percent;
}
