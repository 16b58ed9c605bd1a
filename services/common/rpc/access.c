#include "services/common/rpc/access.h"

#include <string.h>

static unsigned role_bit(const char *role)
{
    static const struct {
        const char *name;
        unsigned bit;
    } roles[] = {
        {"SuperAdmins", RPC_SUPER_ADMINS},
        {"Resellers", RPC_RESELLERS},
        {"DomainAdmins", RPC_DOMAIN_ADMINS},
        {"SimpleUsers", RPC_SIMPLE_USERS},
    };
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(roles[i].name, role) == 0) {
            return roles[i].bit;
        }
    }
    return 0;
}

const struct error *access_check(struct arena *arena, const struct rpc_access *access,
                                 const Roost__Common__V1__Identity *identity)
{
    if (access->anonymous) {
        return NULL;
    }
    bool is_account = identity->account_id > 0;
    bool is_service = identity->service[0] != '\0';
    if (!is_account && !(access->internal && is_service)) {
        return error_new(arena, REASON_CREDENTIALS_MISSING,
                         "Authentication credentials were not provided.");
    }
    bool allowed = (access->internal && is_service) || (access->authenticated && is_account) ||
                   (access->roles & role_bit(identity->role)) != 0;
    if (!allowed) {
        return error_new(arena, REASON_ROLE_NOT_ALLOWED,
                         "You do not have permission to perform this action.");
    }
    return NULL;
}
