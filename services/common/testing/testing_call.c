#include <stdio.h>
#include <stdlib.h>

#include "services/common/clock/clock.h"
#include "services/common/pg/pg.h"
#include "services/common/redis/redis.h"
#include "services/common/testing/testing.h"

enum { ARENA_BYTES = 65536, DEADLINE_US = 30000000 };

static const Roost__Common__V1__Identity *admin_identity(void)
{
    static Roost__Common__V1__Identity identity = ROOST__COMMON__V1__IDENTITY__INIT;

    identity.account_id = 1;
    identity.username = (char *)(uintptr_t) "admin";
    identity.role = (char *)(uintptr_t) "SuperAdmins";
    return &identity;
}

struct call *testing_call_new(const char *schema)
{
    struct call *call = calloc(1, sizeof(*call));
    char role[64];

    check(call);
    snprintf(role, sizeof(role), "roost_%s", schema);
    call->arena = arena_new(ARENA_BYTES);
    call->pg = pg_new(testing_pg_url(role), "testing", schema);
    call->identity = admin_identity();
    call->method = "test/call";
    call->trace_id = "test-trace";
    testing_call_next(call);
    return call;
}

void testing_call_next(struct call *call)
{
    arena_reset(call->arena);
    call->deadline_us = clock_monotonic_us() + DEADLINE_US;
    pg_set_call(call->pg, call->arena, call->deadline_us);
}

void testing_call_free(struct call *call)
{
    if (!call) {
        return;
    }
    pg_free(call->pg);
    if (call->redis) {
        redis_free(call->redis);
    }
    arena_free(call->arena);
    free(call);
}
