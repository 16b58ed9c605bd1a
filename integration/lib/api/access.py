"""Who may call what: every method that reflection shows, as every kind of caller, against what its proto declares."""

import grpc

from api.grpc_client import error_details
from roost_test.checks import equal, holds
from roost_test.rpc import SERVICES, Rpc

# Reasons by which the server refuses the caller before the handler runs.
REFUSALS = {"CREDENTIALS_MISSING", "CREDENTIALS_INVALID", "ACCOUNT_DISABLED", "ROLE_NOT_ALLOWED"}
CALLERS = {"anonymous": None, "SimpleUsers": "user", "SuperAdmins": "admin"}


def run(api):
    options = api.messages.type(api.messages.pool.FindMessageTypeByName("google.protobuf.MethodOptions"))
    extension = api.messages.pool.FindExtensionByName("roost.common.v1.access")
    for name in SERVICES:
        target = api.env["ROOST_GRPC_" + name.upper()]
        with Rpc(api.messages, target) as rpc:
            services = [service for service in rpc.reflected_services() if service.startswith("roost.")]
            with api.check(f"access {name}: the public and the internal service are there"):
                holds(SERVICES[name] in services, f"reflection lists {services}")
            for service in services:
                for method in api.messages.pool.FindServiceByName(service).methods:
                    declared = options.FromString(method.GetOptions().SerializeToString()).Extensions[extension]
                    check_method(api, rpc, f"{service}/{method.name}", declared)
    foreign_objects(api)


def check_method(api, rpc, path, declared):
    for caller, who in CALLERS.items():
        with api.check(f"access {path} as {caller}: {expected(declared, caller)}"):
            metadata = [("authorization", f"Token {api.tokens[who]}")] if who else []
            equal(outcome(api, rpc, path, metadata), expected(declared, caller))


def expected(declared, caller):
    """"allowed", "unauthenticated" or "denied" by the declaration alone; nothing declared is denied."""
    if declared.anonymous:
        return "allowed"
    if caller == "anonymous":
        return "unauthenticated"
    if declared.authenticated or caller in declared.roles:
        return "allowed"
    return "denied"


def outcome(api, rpc, path, metadata):
    """An empty request: who is let in gets some answer, or an error about the request, not about the caller."""
    try:
        rpc.call(path, metadata=metadata)
    except grpc.RpcError as error:
        reason, _ = error_details(api, error)
        if reason in REFUSALS:
            return {grpc.StatusCode.UNAUTHENTICATED: "unauthenticated",
                    grpc.StatusCode.PERMISSION_DENIED: "denied"}[error.code()]
        holds(error.code() not in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED),
              f"an empty request is answered with {error.code()}: {error.details()}")
    return "allowed"


def foreign_objects(api):
    user, other = api.users
    with Rpc(api.messages, api.env["ROOST_GRPC_ACCOUNTS"], api.tokens["user"]) as rpc:
        with api.check("access: a user sees only the tokens of his own"):
            answer = rpc.call("roost.accounts.v1.Accounts/ListApiTokens")
            equal(len(answer.api_tokens), 1)
        with api.check("access: another account's token cannot be revoked"):
            with Rpc(api.messages, api.env["ROOST_GRPC_ACCOUNTS"], api.tokens["other"]) as theirs:
                foreign = theirs.call("roost.accounts.v1.Accounts/ListApiTokens").api_tokens[0].id
                equal(rpc.status("roost.accounts.v1.Accounts/DeleteApiToken", id=foreign), grpc.StatusCode.NOT_FOUND)
                equal(len(theirs.call("roost.accounts.v1.Accounts/ListApiTokens").api_tokens), 1)
        with api.check("access: another account's password cannot be changed, known or not"):
            status = rpc.status("roost.accounts.v1.Accounts/ChangePassword", id=other["pk"], password=api.password,
                                new_password="Another-horse-8")
            holds(status in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED), f"it answered {status}")
        with api.check("access: GetMe is the caller"):
            equal(rpc.call("roost.accounts.v1.Accounts/GetMe").id, user["pk"])
    with Rpc(api.messages, api.env["ROOST_GRPC_ACCOUNTS"]) as rpc:
        with api.check("access: a forged assertion is refused"):
            forged = [("roost-assertion-bin", b"\x08\x01" + bytes(32))]
            equal(rpc.status("roost.accounts.v1.Accounts/GetMe", metadata=forged), grpc.StatusCode.UNAUTHENTICATED)
