"""gRPC as a foreign client sees it: reflection, health, each service's reads, errors with details."""

import grpc

from roost_test.checks import equal, holds
from roost_test.rpc import SERVICES, Rpc

# Service: a call that any administrator can make.
READS = {
    "accounts": ("ListAccounts", {"page_size": 5}),
    "domains": ("ListDomains", {"page_size": 5}),
    "mailboxes": ("ListMailboxes", {"page_size": 5}),
    "quotas": ("ListQuotas", {"page_size": 5}),
}


def run(api):
    for name, service in SERVICES.items():
        target = api.env["ROOST_GRPC_" + name.upper()]
        with Rpc(api.messages, target, api.tokens["admin"]) as rpc:
            for version in ("v1", "v1alpha"):
                with api.check(f"grpc {name}: reflection {version} lists the service, health and itself"):
                    listed = rpc.reflected_services(version)
                    for wanted in (service, "grpc.health.v1.Health", f"grpc.reflection.{version}.ServerReflection"):
                        holds(wanted in listed, f"{wanted} is not in {listed}")
            with api.check(f"grpc {name}: reflection gives the file of the service, with its imports"):
                reflection_file(rpc, service)
            with api.check(f"grpc {name}: health says SERVING without credentials"):
                health(rpc, service)
            with api.check(f"grpc {name}: no token, a wrong token: UNAUTHENTICATED"):
                unauthenticated(rpc, name, service)
            with api.check(f"grpc {name}: a method that does not exist: UNIMPLEMENTED"):
                unimplemented(rpc, service)
            if name in READS:
                with api.check(f"grpc {name}: a list with the token, also as Bearer"):
                    listing(api, rpc, name, service)
    dns_checks(api)
    pages(api)
    details(api)
    deadline(api)


def reflection_file(rpc, service):
    answer = rpc.reflect(file_containing_symbol=service)
    files = answer.file_descriptor_response.file_descriptor_proto
    holds(len(files) > 0, f"no file: {answer}")
    holds(any(service.rpartition(".")[2].encode() in content for content in files), "the service is in none of them")


def health(rpc, service):
    for name in ("", service):
        answer = rpc.call("grpc.health.v1.Health/Check", metadata=[], service=name)
        equal(answer.status, 1, f"health of {name!r}")
    equal(rpc.status("grpc.health.v1.Health/Check", metadata=[], service="no.such.Service"),
          grpc.StatusCode.NOT_FOUND)


def unauthenticated(rpc, name, service):
    method, fields = READS.get(name, ("GetDnsCheck", {"domain_id": 1}))
    for metadata in ([], [("authorization", "Token " + "0" * 40)], [("authorization", "Basic YTpi")]):
        equal(rpc.status(f"{service}/{method}", metadata=metadata, **fields), grpc.StatusCode.UNAUTHENTICATED,
              f"with {metadata}")


def unimplemented(rpc, service):
    call = rpc.channel.unary_unary(f"/{service}/NoSuchMethod")
    try:
        call(b"", timeout=10, metadata=rpc.metadata)
    except grpc.RpcError as error:
        equal(error.code(), grpc.StatusCode.UNIMPLEMENTED)
        return
    raise AssertionError("it answered")


def listing(api, rpc, name, service):
    method, fields = READS[name]
    answer = rpc.call(f"{service}/{method}", **fields)
    items = [value for field, value in answer.ListFields() if field.label == field.LABEL_REPEATED]
    holds(items and len(items[0]) > 0, f"an empty list: {answer}")
    bearer = rpc.call(f"{service}/{method}", metadata=[("authorization", f"Bearer {api.tokens['admin']}")], **fields)
    equal(len(bearer.ListFields()), len(answer.ListFields()))


def dns_checks(api):
    with api.check("grpc dnschecks: the result of a domain that was not checked yet"):
        with Rpc(api.messages, api.env["ROOST_GRPC_DNSCHECKS"], api.tokens["admin"]) as rpc:
            answer = rpc.call("roost.dnschecks.v1.DnsChecks/GetDnsCheck", domain_id=api.domain_pk)
            equal(answer.domain_id, api.domain_pk)
            holds(answer.status in ("pending", "ok", "wrong", "unknown"), f"status is {answer.status}")
            equal(rpc.status("roost.dnschecks.v1.DnsChecks/GetDnsCheck", domain_id=2**40),
                  grpc.StatusCode.NOT_FOUND)


def pages(api):
    with api.check("grpc pages: every object once, the token of another list is refused"):
        with Rpc(api.messages, api.env["ROOST_GRPC_ACCOUNTS"], api.tokens["admin"]) as rpc:
            seen, token = [], ""
            while True:
                answer = rpc.call("roost.accounts.v1.Accounts/ListAccounts", page_size=1, page_token=token,
                                  ordering="username")
                seen += [account.username for account in answer.accounts]
                token = answer.next_page_token
                if not token:
                    break
            equal(seen, sorted(set(seen)))
            equal(len(seen), answer.total_size)
            equal(rpc.status("roost.accounts.v1.Accounts/ListAccounts", page_size=1, page_token="nonsense"),
                  grpc.StatusCode.INVALID_ARGUMENT)


def error_details(api, error):
    """reason, {field: message} of a failed call."""
    packed = dict(error.trailing_metadata()).get("grpc-status-details-bin")
    if packed is None:
        return None, {}
    status = api.messages.new("google.rpc.Status")
    status.ParseFromString(packed)
    reason, fields = None, {}
    for detail in status.details:
        content = api.messages.new(detail.type_url.rpartition("/")[2])
        content.ParseFromString(detail.value)
        if detail.type_url.endswith("ErrorInfo"):
            reason = content.reason
        if detail.type_url.endswith("BadRequest"):
            fields = {violation.field: violation.description for violation in content.field_violations}
    return reason, fields


def details(api):
    with api.check("grpc errors: reason and faulty field travel as google.rpc details"):
        with Rpc(api.messages, api.env["ROOST_GRPC_DOMAINS"], api.tokens["admin"]) as rpc:
            try:
                rpc.call("roost.domains.v1.Domains/CreateDomain", domain={"name": "../x"})
            except grpc.RpcError as error:
                equal(error.code(), grpc.StatusCode.INVALID_ARGUMENT)
                reason, fields = error_details(api, error)
                equal(reason, "DOMAIN_NAME_INVALID")
                equal(list(fields), ["domain.name"])
            else:
                raise AssertionError("../x is a domain now")


def deadline(api):
    with api.check("grpc deadlines: a deadline in the past is DEADLINE_EXCEEDED"):
        with Rpc(api.messages, api.env["ROOST_GRPC_DOMAINS"], api.tokens["admin"]) as rpc:
            equal(rpc.status("roost.domains.v1.Domains/ListDomains", timeout=0.000001),
                  grpc.StatusCode.DEADLINE_EXCEEDED)
