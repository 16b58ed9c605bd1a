"""Every REST route and every gRPC method, with every kind of credential: who must be refused is, everywhere and
alike. The tables come from the protos, so a new method is in them."""

import re
import time

import grpc

from api.access import expected, outcome
from roost_test.checks import equal, holds
from roost_test.rest import Rest, login, new_token
from roost_test.rpc import SERVICES, Rpc
from roost_test.wait import eventually

# An ended credential may be taken for so long still: docs/rest.md.
KEPT_S = 2
EXPIRES_S = 3
NOWHERE = "987654321"
ROLES = ("SimpleUsers", "DomainAdmins", "Resellers", "SuperAdmins")
METHODS = ("get", "put", "post", "delete", "patch")
OWN = "/api/v1/account/me/"
# What every creation requires is there, and no value is one that an administrator can create something with.
BODY = {"username": "x y", "role": "Kings", "name": "x y", "target": 987654321, "address": "x y", "recipients": ["x y"]}


def run(api):
    refused, roles, browser = {"none": {}} | bad_credentials(), {}, {}
    with api.check("credentials: each kind is made, and those that have ended are refused"):
        refused |= ended_credentials(api)
        roles |= {role: f"Token {new_person(api, role.lower(), role)[1]}" for role in ROLES}
        browser |= login(api.env["ROOST_URL"], new_person(api, "browser")[0]["username"], api.password)[0].headers
    routes = list(all_routes(api))
    with api.check(f"credentials: {len(routes)} REST routes with {len(refused)} kinds that open nothing"):
        for route in routes:
            for kind, headers in refused.items():
                check_route(api, route, kind, headers, "unauthenticated")
    with api.check(f"credentials: {len(routes)} REST routes as each role"):
        for route in routes:
            for role, token in roles.items():
                check_route(api, route, role, {"Authorization": token}, expected(route[2], role))
    with api.check("credentials: a session without its CSRF token, or from elsewhere, writes nothing"):
        cross_site(api, [route for route in routes if route[0] != "GET"], browser)
    tokens = {kind: headers["Authorization"] for kind, headers in refused.items() if "Authorization" in headers}
    for name in SERVICES:
        with api.check(f"credentials: gRPC {name} with {len(tokens)} kinds that open nothing, and as each role"):
            grpc_methods(api, name, tokens, roles)


def access_of(api, method):
    """What the method declares, and its routes: (HTTP method, path)."""
    options = api.messages.type(api.messages.pool.FindMessageTypeByName("google.protobuf.MethodOptions"))
    own = options.FromString(method.GetOptions().SerializeToString())
    rule = own.Extensions[api.messages.pool.FindExtensionByName("google.api.http")]
    routes = [(verb.upper(), getattr(one, verb)) for one in (rule, *rule.additional_bindings) for verb in METHODS
              if getattr(one, verb)]
    return own.Extensions[api.messages.pool.FindExtensionByName("roost.common.v1.access")], routes


def all_routes(api):
    for service in SERVICES.values():
        for method in api.messages.pool.FindServiceByName(service).methods:
            declared, routes = access_of(api, method)
            for verb, path in routes:
                yield verb, re.sub(r"\{\w+\}", NOWHERE, path), declared


def bad_credentials():
    return {kind: {"Authorization": value} for kind, value in (
        ("unknown token", "Token " + "0" * 40), ("short token", "Bearer 0"),
        ("token of a session's length", "Token " + "A" * 43), ("empty token", "Token"), ("token with a quote", "Token ' OR 1=1--"), ("basic", "Basic YWRtaW46YWRtaW4="))
    } | {"unknown session": {"Cookie": "roost_session=" + "A" * 43}, "empty session": {"Cookie": "roost_session="}}


def new_person(api, name, role="SimpleUsers"):
    """The account and a token of it."""
    username = f"{name}-credentials@{api.domain}"
    account = api.rest.post("/api/v1/accounts/", {"username": username, "role": role, "password": api.password})
    return account, new_token(api.env["ROOST_URL"], username, api.password)


def ended_credentials(api):
    """Credentials that have opened something."""
    url, kinds = api.env["ROOST_URL"], {}
    own = {kind: new_person(api, kind, role) for kind, role in (("disabled", "SuperAdmins"), ("deleted", "SuperAdmins"),
                                                               ("waiting", "SuperAdmins"), ("revoked", "SuperAdmins"))}
    for kind, (account, token) in own.items():
        kinds[f"token of one {kind}"] = {"Authorization": f"Token {token}"}
        kinds[f"session of one {kind}"] = {"Cookie": login(url, account["username"], api.password)[0].headers["Cookie"]}
    admin = Rest(url, own["revoked"][1])
    kinds["expired token"] = {"Authorization": "Token " + expiring_token(admin)}
    expired = time.monotonic() + EXPIRES_S + KEPT_S
    for headers in kinds.values():
        equal(Rest(url).request("GET", OWN, headers=headers).status, 200)
    api.rest.patch(f"/api/v1/accounts/{own['disabled'][0]['pk']}/", {"is_active": False})
    api.rest.delete(f"/api/v1/accounts/{own['deleted'][0]['pk']}/")
    api.rest.delete(f"/api/v1/accounts/{own['waiting'][0]['pk']}/?undo_seconds=600")
    admin.expect(204, "POST", "/api/v1/account/sessions/end_others/")
    for token in admin.get("/api/v1/account/api_token/"):
        if not token["expires_at"]:
            admin.delete(f"/api/v1/account/api_token/{token['pk']}/")
    over = max(time.monotonic() + KEPT_S, expired)
    eventually("nobody has kept what has ended", 2 * (KEPT_S + EXPIRES_S), lambda: time.monotonic() > over)
    return kinds


def expiring_token(client):
    expires_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + EXPIRES_S))
    return client.post("/api/v1/account/api_token/", {"name": "short", "expires_at": expires_at})["token"]


def check_route(api, route, kind, headers, wanted):
    verb, path, declared = route
    client = Rest(api.env["ROOST_URL"])
    answer = client.request(verb, path, BODY if verb != "GET" else None, headers)
    client.close()
    found = {401: "unauthenticated", 403: "denied"}.get(answer.status, "allowed")
    what = f"{verb} {path} as {kind}"
    equal(found, "allowed" if declared.anonymous else wanted, what)
    holds(answer.status < 500, f"{what}: {answer}")
    if found == "unauthenticated":
        equal(answer.headers["WWW-Authenticate"], "Token", what)


def cross_site(api, routes, browser):
    own = {"Origin": api.env["ROOST_URL"], "Sec-Fetch-Site": "same-origin"}
    refused = {"no CSRF token": browser | own | {"X-CSRF-Token": ""},
               "another's CSRF token": browser | own | {"X-CSRF-Token": "A" * 43},
               "another origin": browser | {"Origin": "https://evil.example"},
               "no origin": browser | {"Origin": "null"},
               "an origin that begins alike": browser | {"Origin": api.env["ROOST_URL"] + ".evil.example"},
               "a sibling's site": browser | {"Sec-Fetch-Site": "same-site"}}
    for route in routes:
        verb, path, declared = route
        if declared.anonymous:
            continue
        for kind, headers in refused.items():
            answer = Rest(api.env["ROOST_URL"]).request(verb, path, {}, headers)
            equal(answer.status, 403, f"{verb} {path} with {kind}")
    equal(Rest(api.env["ROOST_URL"]).request("GET", OWN, headers=browser).status, 200, "the session lives")


def grpc_methods(api, name, tokens, roles):
    with Rpc(api.messages, api.env["ROOST_GRPC_" + name.upper()]) as rpc:
        for service in (service for service in rpc.reflected_services() if service.startswith("roost.")):
            for method in api.messages.pool.FindServiceByName(service).methods:
                path = f"{service}/{method.name}"
                declared, _ = access_of(api, method)
                for kind, value in tokens.items():
                    equal(outcome(api, rpc, path, [("authorization", value)]),
                          "allowed" if declared.anonymous else "unauthenticated", f"{path} as {kind}")
                for role, value in roles.items():
                    equal(outcome(api, rpc, path, [("authorization", value)]), expected(declared, role),
                          f"{path} as {role}")
