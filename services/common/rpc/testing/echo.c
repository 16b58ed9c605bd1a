#include "services/common/rpc/testing/echo.h"

#include <string.h>
#include <time.h>

#include "services/common/clock/clock.h"
#include "services/common/message/message.h"
#include "services/common/rpc/client.h"

atomic_int echo_n_begun;
atomic_int echo_n_cancelled;
atomic_int echo_n_asked;

static const struct error *work(struct call *call, int32_t ms)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)ms * 1000;
    while (clock_monotonic_us() < until_us) {
        if (call_is_cancelled(call)) {
            atomic_fetch_add(&echo_n_cancelled, 1);
            return error_new(call->arena, REASON_CANCELLED, "The call was cancelled.");
        }
        nanosleep(&(const struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return NULL;
}

static const struct error *echo(struct call *call, const ProtobufCMessage *message,
                                ProtobufCMessage **ret_response)
{
    const Roost__Testing__V1__EchoRequest *req = (const Roost__Testing__V1__EchoRequest *)message;
    atomic_fetch_add(&echo_n_begun, 1);
    const struct error *err = work(call, req->sleep_ms);
    if (err) {
        return err;
    }
    Roost__Testing__V1__EchoResponse *resp =
        message_new(call->arena, &roost__testing__v1__echo_response__descriptor);
    resp->text = req->text;
    resp->account_id = call->identity->account_id;
    resp->username = call->identity->username;
    resp->role = call->identity->role;
    resp->service = call->identity->service;
    resp->remote_address = call->identity->remote_address;
    resp->trace_id = (char *)call->trace_id;
    resp->method = (char *)call->method;
    resp->deadline_left_ms = (call->deadline_us - clock_monotonic_us()) / 1000;
    resp->has_credential = call->credential != NULL;
    resp->payload.len = (size_t)(req->payload_bytes > 0 ? req->payload_bytes : 0);
    resp->payload.data = arena_alloc(call->arena, resp->payload.len + 1);
    *ret_response = &resp->base;
    return NULL;
}

static const struct error *fail(struct call *call, const ProtobufCMessage *message,
                                ProtobufCMessage **ret_response)
{
    (void)message;
    (void)ret_response;
    const struct error *err =
        error_on_field(call->arena, REASON_QUOTA_INVALID, "account.mailbox.quota",
                       "Quota must be positive, \xc3\xa4t least 1.");
    err = error_add_field(call->arena, err, REASON_QUOTA_INVALID, "account.username",
                          "This field is required.");
    err = error_with_retry_after(call->arena, err, 2500);
    return error_with_cause(call->arena, err, "a secret of the server");
}

static const struct error *forward(struct call *call, const ProtobufCMessage *message,
                                   ProtobufCMessage **ret_response)
{
    return rpc_call(call, &echo_internal_methods[0], message, ret_response);
}

#define METHOD(path_, handler_, ...)                                                         \
    {                                                                                        \
        .path = path_, .request = &roost__testing__v1__echo_request__descriptor,             \
        .response = &roost__testing__v1__echo_response__descriptor, .access = {__VA_ARGS__}, \
        .handler = handler_                                                                  \
    }

const struct rpc_method echo_methods[6] = {
    METHOD("/roost.testing.v1.Echo/Open", echo, .anonymous = true),
    METHOD("/roost.testing.v1.Echo/Echo", echo, .authenticated = true),
    METHOD("/roost.testing.v1.Echo/Manage", echo, .roles = RPC_SUPER_ADMINS | RPC_RESELLERS),
    METHOD("/roost.testing.v1.Echo/Forgotten", echo, .roles = 0),
    METHOD("/roost.testing.v1.Echo/Fail", fail, .anonymous = true),
    METHOD("/roost.testing.v1.Echo/Forward", forward, .anonymous = true),
};

const struct rpc_method echo_internal_methods[1] = {
    METHOD("/roost.testing.v1.EchoInternal/Echo", echo, .internal = true),
};

const struct rpc_service echo_service = {
    .name = "roost.testing.v1.Echo",
    .methods = echo_methods,
    .n_methods = sizeof(echo_methods) / sizeof(echo_methods[0]),
};

const struct rpc_service echo_internal_service = {
    .name = "roost.testing.v1.EchoInternal",
    .internal = true,
    .methods = echo_internal_methods,
    .n_methods = sizeof(echo_internal_methods) / sizeof(echo_internal_methods[0]),
};

const struct error *echo_authenticate(struct call *call, const char *token,
                                      const Roost__Common__V1__Identity **ret_identity)
{
    atomic_fetch_add(&echo_n_asked, 1);
    bool is_admin = strcmp(token, "admin") == 0;
    if (!is_admin && strcmp(token, "good") != 0) {
        return error_new(call->arena, REASON_CREDENTIALS_INVALID, "Invalid token.");
    }
    Roost__Common__V1__Identity *identity =
        message_new(call->arena, &roost__common__v1__identity__descriptor);
    identity->account_id = is_admin ? 1 : 7;
    identity->username = is_admin ? "admin" : "bob";
    identity->role = is_admin ? "SuperAdmins" : "SimpleUsers";
    *ret_identity = identity;
    return NULL;
}
