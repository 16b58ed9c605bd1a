"""HTTP at its edges, over a plain socket: what a well-behaved client library would never send."""

import contextlib
import gzip
import json
import socket
import time

from api.identities import new_alias, new_domain
from roost_test.checks import equal, holds
from roost_test.rest import login

TIMEOUT_S = 30


def run(api):
    check = api.check
    with check("http: two Content-Length headers are refused"):
        refused(api, "POST /api/v1/domains/", ["Content-Length: 2", "Content-Length: 3"], b"{} ")
    with check("http: Content-Length together with Transfer-Encoding is refused"):
        refused(api, "POST /api/v1/domains/", ["Content-Length: 5", "Transfer-Encoding: chunked"], b"0\r\n\r\n")
    with check("http: a Transfer-Encoding that is not exactly chunked is refused"):
        refused(api, "POST /api/v1/domains/", ["Transfer-Encoding: xchunked"], b"0\r\n\r\n")
    with check("http: a header line without a name is refused"):
        refused(api, "GET /healthz", [": value"], b"")
    with check("http: a request line with more than its two spaces is refused"):
        for line in ("GET  /healthz", "GET /healthz "):
            equal(exchange(api, line, [], b"")[0], 400, line)
    with check("http: a request to a proxy is answered with 421, and the connection ends"):
        equal(exchange(api, "GET http://elsewhere.example/healthz", [], b"")[0], 421)
    with check("http: a body larger than the limit is refused with 413 before it is read"):
        status = exchange(api, "POST /api/v1/domains/", ["Content-Length: 1000000000",
                                                         "Content-Type: application/json"], b"{")[0]
        equal(status, 413)
    with check("http: very long headers are refused"):
        status = exchange(api, "GET /healthz", ["X-Long: " + "a" * 100_000], b"")[0]
        holds(status in (None, 400, 413, 414, 431), f"answered {status}")
    with check("http: a client that never finishes its request is put off, and others are served meanwhile"):
        slow_client(api)
    with check("http: one address with hundreds of connections leaves room for others"):
        crowd(api)
    with check("http: many addresses with hundreds of connections leave room for others, and more for those without a limit"):
        crowds(api)
    with check("http: /healthz, /readyz and the metrics are there"):
        for path in ("/healthz", "/readyz"):
            equal(exchange(api, f"GET {path}", [], b"")[0], 200, path)
    with check("http: an answer carries the request id that was sent"):
        _, headers, _ = exchange(api, "GET /healthz", ["X-Request-Id: my-own-id-1"], b"")
        equal(headers.get("x-request-id"), "my-own-id-1")
    with check("http: API answers are not cached and not sniffed"):
        _, headers, _ = exchange(api, "GET /api/v1/domains/", [authorization(api)], b"")
        holds("no-store" in headers.get("cache-control", ""), f"cache-control is {headers.get('cache-control')}")
        equal(headers.get("x-content-type-options"), "nosniff")
    with check("http: a page of a list is gzipped for who takes it, an object with an ETag is not"):
        compressed(api)
    with check("http: the API documentation is there, its OpenAPI document is valid JSON"):
        documentation(api)
    sessions(api)


def compressed(api):
    pages = {}
    _, domain = new_domain(api, "gzip")
    for number in range(15):
        new_alias(api, f"alias-{number}@{domain}")
    for coding in ("identity", "gzip", "gzip;q=0"):
        pages[coding] = api.rest.request("GET", f"/api/v1/identities/?domain={domain}",
                                         headers={"Accept-Encoding": coding})
        equal((pages[coding].status, pages[coding].headers["Vary"]), (200, "Accept-Encoding"))
    holds(len(pages["identity"].data) >= 1400, "the page is too short to be compressed")
    equal(pages["gzip"].headers["Content-Encoding"], "gzip")
    equal(gzip.decompress(pages["gzip"].data), pages["identity"].data)
    equal(pages["gzip;q=0"].headers["Content-Encoding"], None)
    first = pages["identity"].json[0]
    item = api.rest.request("GET", f"/api/v1/aliases/{first['pk']}/", headers={"Accept-Encoding": "gzip"})
    equal((item.status, item.headers["Content-Encoding"]), (200, None))


def address(api):
    host, _, port = api.env["ROOST_URL"].removeprefix("http://").rpartition(":")
    return host, int(port)


def authorization(api):
    return f"Authorization: Token {api.tokens['admin']}"


def exchange(api, request, headers, body, timeout=TIMEOUT_S, source=""):
    """Status, headers and body of the answer; status None if the connection was closed without one."""
    lines = [f"{request} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
    with socket.create_connection(address(api), timeout, (source, 0)) as connection:
        data = b""
        try:
            connection.sendall("\r\n".join(lines).encode() + body)
            while chunk := connection.recv(65536):
                data += chunk
        except ConnectionError:
            pass
    if not data:
        return None, {}, b""
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    parsed = {name.strip().lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return int(first.split()[1]), parsed, rest


def refused(api, request, headers, body):
    status, _, _ = exchange(api, request, [authorization(api), "Content-Type: application/json", *headers], body)
    holds(status in (None, 400, 411, 413, 501), f"answered {status}")


def slow_client(api):
    started = time.monotonic()
    with socket.create_connection(address(api), timeout=120) as slow:
        slow.sendall(b"POST /api/v1/domains/ HTTP/1.1\r\nHost: localhost\r\nContent-Le")
        equal(exchange(api, "GET /healthz", [], b"")[0], 200, "meanwhile")
        try:
            while slow.recv(65536):
                pass
        except ConnectionError:
            pass
    holds(time.monotonic() - started < 60, "the connection was kept open for a minute")


def crowd(api):
    """From an address of this machine that is not exempt from the limit, as 127.0.0.1 is."""
    with contextlib.ExitStack() as held:
        connections = []
        for _ in range(350):
            with contextlib.suppress(ConnectionError):
                connection = socket.create_connection(address(api), TIMEOUT_S, ("127.0.0.2", 0))
                connections.append(held.enter_context(connection))
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        started = time.monotonic()
        equal(exchange(api, "GET /healthz", [], b"")[0], 200, "meanwhile")
        holds(time.monotonic() - started < 2, "the answer took 2 s or more")
        kept = sum(not is_reset(connection) for connection in connections)
        holds(1 <= kept <= 50, f"{kept} are kept")


def crowds(api):
    """Those who only wait lose their place to who comes; a share is kept for addresses without a limit."""
    with contextlib.ExitStack() as held:
        def hold(source, text):
            with contextlib.suppress(ConnectionError):
                connection = socket.create_connection(address(api), TIMEOUT_S, (source, 0))
                held.enter_context(connection)
                connection.sendall(text)
        for number in range(400):
            hold(f"127.0.1.{1 + number % 80}", b"GET /healthz HTTP/1.1\r\nHo" if number % 2 else b"")
        for source in ("127.0.0.1", "127.0.0.3"):
            started = time.monotonic()
            equal(exchange(api, "GET /healthz", [], b"", source=source)[0], 200, source)
            holds(time.monotonic() - started < 2, f"the answer to {source} took 2 s or more")


def is_reset(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def documentation(api):
    status, headers, _ = exchange(api, "GET /docs/api/", [], b"")
    equal(status, 200)
    holds("default-src" in headers.get("content-security-policy", ""), "no content security policy")
    status, _, body = exchange(api, "GET /docs/api/openapi.json", ["Accept-Encoding: identity"], b"")
    equal(status, 200)
    document = json.loads(body)
    holds(document["openapi"].startswith("3.1"), f"openapi is {document['openapi']}")
    holds("/api/v1/domains/" in document["paths"], "no path of domains")


def sessions(api):
    """Cookies and CSRF: what the browser's session may and may not."""
    check, url, user = api.check, api.env["ROOST_URL"], api.users[0]["username"]
    with check("session: login sets an HttpOnly SameSite=Strict cookie and answers the account and a CSRF token"):
        client, response = login(url, user, api.password)
        cookie = [line for line in response.headers.get_all("Set-Cookie") if line.startswith("roost_session=")][0]
        holds("httponly" in cookie.lower() and "samesite=strict" in cookie.lower(), cookie)
        equal(response.json["account"]["username"] if "account" in response.json else response.json["username"], user)
        holds("session" not in response.json, "the session is in the body")
    with check("session: reads need the cookie only"):
        equal(client.request("GET", "/api/v1/account/me/", headers={"X-CSRF-Token": ""}).status, 200)
    with check("session: a write without the CSRF token, or with a wrong one, is refused with 403"):
        for token in ("", "wrong"):
            equal(client.request("POST", "/api/v1/account/api_token/", {"name": "x"}, {"X-CSRF-Token": token}).status,
                  403)
    with check("session: a write with the CSRF token works"):
        equal(client.request("POST", "/api/v1/account/api_token/", {"name": "x"}).status, 201)
    with check("session: a cross-site login is refused"):
        equal(client.request("POST", "/api/v1/auth/login/", {"username": user, "password": api.password},
                             {"Origin": "https://evil.example"}).status, 403)
    with check("session: after logout the cookie opens nothing"):
        holds(client.request("POST", "/api/v1/auth/logout/", {}).status in (200, 204), "logout failed")
        equal(client.request("GET", "/api/v1/account/me/").status, 401)
