#include "services/mailboxes/identity.h"

#include <string.h>

#include "services/common/message/message.h"

static const char account_kind[] = "account";
static const char alias_kind[] = "alias";

/* What is behind the @; "" where there is none. */
static char *domain_of(struct arena *arena, const char *address)
{
    const char *at = strrchr(address, '@');
    return arena_strdup(arena, at ? at + 1 : "");
}

static Roost__Mailboxes__V1__Identity *identity_new(struct arena *arena, const char *kind,
                                                    int64_t id)
{
    Roost__Mailboxes__V1__Identity *identity =
        message_new(arena, &roost__mailboxes__v1__identity__descriptor);
    identity->kind = (char *)kind;
    identity->id = id;
    return identity;
}

Roost__Mailboxes__V1__Identity *identity_of_account(struct arena *arena,
                                                    const Roost__Accounts__V1__Account *account)
{
    Roost__Mailboxes__V1__Identity *identity = identity_new(arena, account_kind, account->id);
    bool has_both = *account->first_name && *account->last_name;
    identity->address = account->username;
    identity->name =
        arena_printf(arena, "%s%s%s", account->first_name, has_both ? " " : "", account->last_name);
    identity->enabled = account->is_active;
    identity->role = account->role;
    identity->last_login = account->last_login;
    identity->domain = domain_of(arena, account->email);
    return identity;
}

Roost__Mailboxes__V1__Identity *identity_of_alias(struct arena *arena,
                                                  const Roost__Mailboxes__V1__Alias *alias)
{
    Roost__Mailboxes__V1__Identity *identity = identity_new(arena, alias_kind, alias->id);
    identity->address = alias->address;
    identity->name = alias->description;
    identity->enabled = alias->enabled;
    identity->expire_at = alias->expire_at;
    identity->domain = domain_of(arena, alias->address);
    return identity;
}

bool identity_is_account(const Roost__Mailboxes__V1__Identity *identity)
{
    return strcmp(identity->kind, account_kind) == 0;
}

/* Byte by byte, as the database orders them (collation "C"). */
static bool is_account_first(const Roost__Mailboxes__V1__Identity *account,
                             const Roost__Mailboxes__V1__Identity *alias, bool is_descending)
{
    int order = strcmp(account->address, alias->address);
    return is_descending ? order > 0 : order <= 0;
}

struct identities identity_merge(struct arena *arena, const struct identities *accounts,
                                 const struct identities *aliases, size_t limit, bool is_descending)
{
    size_t n_all = accounts->n + aliases->n;
    size_t n = n_all < limit ? n_all : limit;
    struct identities merged = {.items = arena_alloc(arena, (n + 1) * sizeof *merged.items)};
    size_t account = 0;
    size_t alias = 0;
    while (merged.n < n) {
        bool is_account =
            alias == aliases->n ||
            (account < accounts->n &&
             is_account_first(accounts->items[account], aliases->items[alias], is_descending));
        merged.items[merged.n++] =
            is_account ? accounts->items[account++] : aliases->items[alias++];
    }
    return merged;
}
