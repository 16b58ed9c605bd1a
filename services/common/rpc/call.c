#include "services/common/rpc/call.h"

#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/rpc/call_state.h"

bool call_is_cancelled(const struct call *call)
{
    if (call->deadline_us != 0 && clock_monotonic_us() >= call->deadline_us) {
        return true;
    }
    const struct call_state *state = call->state;
    return state && state->is_cancelled && state->is_cancelled(state);
}

bool call_has_role(const struct call *call, const char *role)
{
    const Roost__Common__V1__Identity *identity = call->identity;
    if (identity->account_id == 0) {
        return identity->service[0] != '\0';
    }
    return strcmp(identity->role, role) == 0;
}

void call_run_again(const struct call *call)
{
    if (call->state) {
        ((struct call_state *)call->state)->run_again = true;
    }
}
