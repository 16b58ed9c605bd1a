"""The gateway over real sockets, in front of a real gRPC backend with made-up answers (gateway/testing)."""

import gzip
import json
import os
import pathlib
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

KEY = "0123456789abcdef0123456789abcdef"
GATEWAY = pathlib.Path("gateway/gateway").resolve()
BACKEND = pathlib.Path("gateway/testing/backend").resolve()
TOKEN = {"Authorization": "Token admin"}
COOKIE = {"Cookie": "roost_session=session-1"}


class Reply:
    """A parsed answer; `rest` is what came after it on the connection."""

    def __init__(self, head, body, rest):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = {}
        self.cookies = []
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            self.headers[name.lower()] = value
            if name.lower() == "set-cookie":
                self.cookies.append(value)
        self.body = body
        self.rest = rest

    @property
    def json(self):
        return json.loads(self.body)


class Connection:
    def __init__(self, port, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)

    def _until(self, mark):
        while mark not in self.buffer:
            if not self._more():
                raise EOFError(self.buffer)
        before, self.buffer = self.buffer.split(mark, 1)
        return before

    def _exactly(self, count):
        while len(self.buffer) < count:
            if not self._more():
                raise EOFError(self.buffer)
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _chunks(self):
        body = b""
        while True:
            size = int(self._until(b"\r\n"), 16)
            body += self._exactly(size)
            if self._exactly(2) != b"\r\n":
                raise ValueError("chunk without its end")
            if size == 0:
                return body

    def receive(self, is_head=False):
        head = self._until(b"\r\n\r\n")
        text = head.decode("latin-1").lower()
        body = b""
        length = re.search(r"\r\ncontent-length: (\d+)", text)
        if not is_head and "\r\ntransfer-encoding: chunked" in text:
            body = self._chunks()
        elif not is_head and length:
            body = self._exactly(int(length.group(1)))
        return Reply(head, body, self.buffer)

    def is_closed(self):
        """Waits for the server to close; False if it stays open for a moment."""
        self.socket.settimeout(0.3)
        try:
            while True:
                if not self.socket.recv(65536):
                    return True
        except socket.timeout:
            return False
        except ConnectionResetError:
            return True
        finally:
            self.socket.settimeout(10)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stack:
    """One gateway, with or without its backend."""

    def __init__(self, folder, **env):
        self.folder = folder
        self.backend = None
        self.tls_port = None
        self.address = f"unix:{folder}/backend.sock"
        self.log = open(os.path.join(folder, "gateway.log"), "ab+")
        self.env = {f"ROOST_{name}": self.address
                    for name in ("ACCOUNTS", "DOMAINS", "MAILBOXES", "QUOTAS", "DNSCHECKS")}
        self.env |= {"ROOST_IDENTITY_KEY": KEY, "ROOST_KEEP_ALIVE_MS": "1500", "ROOST_MAX_CONNECTIONS": "16",
                     "ROOST_REQUEST_TIMEOUT_MS": "2500", "ROOST_STALL_TIMEOUT_MS": "1000", "PATH": os.environ["PATH"]}
        self.env |= {f"ROOST_{name.upper()}": value for name, value in env.items()}

    def start_backend(self):
        self.backend = subprocess.Popen([BACKEND, self.address, KEY], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log)
        if self.backend.stdout.readline() != b"serving\n":
            raise RuntimeError("the backend does not start")

    def stop_backend(self):
        self.backend.stdin.close()
        self.backend.wait(10)
        self.backend.stdout.close()

    def start_gateway(self):
        for _ in range(5):
            self.port = free_port()
            tls = f",127.0.0.1:{self.tls_port}s" if self.tls_port else ""
            env = {"ROOST_LISTEN": f"127.0.0.1:{self.port}{tls}"} | self.env
            self.gateway = subprocess.Popen([GATEWAY], env=env, stderr=self.log)
            if self._is_up():
                return
        raise RuntimeError("the gateway does not start: " + self.log_text())

    def _is_up(self):
        while self.gateway.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return True
            except ConnectionRefusedError:
                threading.Event().wait(0.01)
        return False

    def stop_gateway(self):
        self.gateway.send_signal(signal.SIGTERM)
        return self.gateway.wait(20)

    def log_text(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read().decode()

    def log_line(self, request_id):
        """The line of this request, which is written after the answer was sent."""
        for _ in range(500):
            for line in self.log_text().splitlines():
                if f'"request_id":"{request_id}"' in line:
                    return json.loads(line)
            threading.Event().wait(0.01)
        raise AssertionError("no log line for " + request_id)

    def request(self, method, path, headers=None, body=None, version="1.1"):
        with Connection(self.port) as connection:
            connection.send(render(method, path, headers, body, version))
            return connection.receive(method == "HEAD")


def render(method, path, headers=None, body=None, version="1.1"):
    lines = {"Host": "gateway.test"}
    data = b""
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
    lines |= headers or {}
    head = f"{method} {path} HTTP/{version}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v is not None)
    return head.encode("latin-1") + b"\r\n" + data


class GatewayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.stack = Stack(cls.temporary.name)
        cls.stack.start_backend()
        cls.stack.start_gateway()

    @classmethod
    def tearDownClass(cls):
        status = cls.stack.stop_gateway()
        cls.stack.stop_backend()
        if status != 0:
            raise AssertionError(f"the gateway ended with {status}: {cls.stack.log_text()[-4000:]}")
        cls.stack.log.close()
        cls.temporary.cleanup()

    def ask(self, method, path, headers=TOKEN, body=None, **kwargs):
        return self.stack.request(method, path, headers, body, **kwargs)

    def check(self, reply, status, body=None):
        self.assertEqual(reply.status, status, reply.body)
        if body is not None:
            self.assertEqual(reply.json, body)


class RestTest(GatewayTest):
    def test_get_shows_the_resource_with_its_etag(self):
        reply = self.ask("GET", "/api/v1/domains/3/")
        self.check(reply, 200)
        self.assertEqual(reply.json["pk"], 3)
        self.assertEqual(reply.json["quota"], 9007199254740993)
        self.assertIsNone(reply.json["enabled"])
        self.assertEqual(reply.headers["etag"], '"etag3"')
        self.assertEqual(reply.headers["content-type"], "application/json")
        self.assertEqual(reply.headers["cache-control"], "no-store")
        self.assertIn("default-src 'none'", reply.headers["content-security-policy"])
        self.assertEqual(reply.headers["x-content-type-options"], "nosniff")
        self.assertNotIn("connection", reply.headers)

    def test_head_is_get_without_body(self):
        reply = self.ask("HEAD", "/api/v1/domains/3/")
        self.check(reply, 200)
        self.assertGreater(int(reply.headers["content-length"]), 50)
        self.assertEqual(reply.rest, b"")

    def test_create_answers_201_with_location(self):
        reply = self.ask("POST", "/api/v1/domains/", TOKEN | {"Idempotency-Key": '"k-1"'}, {"name": "a.test"})
        self.check(reply, 201)
        self.assertEqual(reply.headers["location"], "/api/v1/domains/7/")
        self.assertEqual(reply.json["type"], "id:k-1")

    def test_delete_answers_204_without_body(self):
        reply = self.ask("DELETE", "/api/v1/domains/3/")
        self.check(reply, 204)
        self.assertNotIn("content-length", reply.headers)
        self.check(self.ask("DELETE", "/api/v1/domains/3/?keep_folder=true"), 409, {"detail": "It is yours."})

    def test_patch_masks_what_the_body_names(self):
        reply = self.ask("PATCH", "/api/v1/domains/1/", body={"quota": "10G", "enabled": None, "pk": 5, "x": 1})
        self.assertEqual(reply.json["type"], "quota,enabled")
        self.assertEqual(self.ask("PATCH", "/api/v1/domains/1/", body={}).json["type"], "id")
        self.assertEqual(self.ask("PUT", "/api/v1/domains/1/", body={"name": "a.test"}).json["type"], "*")

    def test_if_match_guards_an_update(self):
        good = TOKEN | {"If-Match": '"etag1"'}
        self.check(self.ask("PATCH", "/api/v1/domains/1/", good, {"quota": 1}), 200)
        self.check(self.ask("PATCH", "/api/v1/domains/1/", TOKEN | {"If-Match": '"other"'}, {"quota": 1}), 412)
        self.check(self.ask("PATCH", "/api/v1/domains/1/", TOKEN | {"If-Match": '"a", "b"'}, {"quota": 1}), 412)
        self.check(self.ask("PATCH", "/api/v1/domains/1/", TOKEN | {"If-Match": "*"}, {"quota": 1}), 200)

    def test_faults_are_told_by_field_all_at_once(self):
        reply = self.ask("POST", "/api/v1/domains/", body={"quota": "x", "enabled": 1})
        self.check(reply, 400)
        self.assertEqual(set(reply.json), {"name", "quota", "enabled"})
        self.assertEqual(reply.json["name"], ["This field is required."])
        self.check(self.ask("POST", "/api/v1/domains/", body={"name": "taken.test"}), 400,
                   {"name": ["domain with this name already exists."]})

    def test_problem_json_is_for_those_who_ask(self):
        headers = TOKEN | {"Accept": "application/problem+json", "X-Request-Id": "trace-1"}
        reply = self.ask("POST", "/api/v1/domains/", headers, {"name": "taken.test"})
        self.check(reply, 400)
        self.assertEqual(reply.headers["content-type"], "application/problem+json")
        self.assertEqual(reply.headers["x-request-id"], "trace-1")
        self.assertEqual(reply.json, {
            "type": "about:blank", "title": "Bad Request", "status": 400,
            "detail": "domain with this name already exists.", "trace_id": "trace-1", "reason": "DOMAIN_EXISTS",
            "errors": [{"field": "name", "detail": "domain with this name already exists."}]})

    def test_missing_things_are_404(self):
        self.check(self.ask("GET", "/api/v1/domains/4040/"), 404, {"detail": "There is no such domain."})
        for path in ("/api/v1/domains/x/", "/api/v1/domains/1.0/", "/api/v1/domains/99999999999999999999/",
                     "/api/v1/nothing/", "/api/v1/", "/api/", "/nothing"):
            self.check(self.ask("GET", path), 404, {"detail": "Not found."})

    def test_a_slash_ends_every_path(self):
        reply = self.ask("GET", "/api/v1/domains/3?x=%20y")
        self.check(reply, 301)
        self.assertEqual(reply.headers["location"], "/api/v1/domains/3/?x=%20y")
        self.check(self.ask("POST", "/api/v1/domains", body={"name": "a.test"}), 404)

    def test_other_methods_are_405_with_allow(self):
        reply = self.ask("POST", "/api/v1/domains/3/", body={})
        self.check(reply, 405, {"detail": 'Method "POST" not allowed.'})
        self.assertEqual(reply.headers["allow"], "GET, HEAD, OPTIONS, PUT, PATCH, DELETE")
        reply = self.ask("OPTIONS", "/api/v1/domains/", {})
        self.check(reply, 204)
        self.assertEqual(reply.headers["allow"], "GET, HEAD, OPTIONS, POST")
        self.check(self.ask("DELETE", "/api/v1/accounts/exists/"), 405)

    def test_a_path_is_read_in_one_way_only(self):
        for path in ("//api/v1/domains/", "/api//v1/domains/", "/api/v1/../v1/domains/", "/api/v1/%2e%2e/domains/",
                     "/api/v1/domains/%2f/", "/api/v1/domains/%00/", "/api/v1/domains/%zz/", "/api/v1/domains/%c0%af/",
                     "/api/v1/domains/a%5cb/", "/./api/v1/domains/", "/api/v1/domains/3/."):
            self.check(self.ask("GET", path), 400, {"detail": "The path is malformed."})
        self.check(self.ask("GET", "/api/v1/dom%61ins/3/"), 200)
        self.check(self.ask("GET", "/API/v1/domains/3/"), 404)

    def test_a_body_must_be_json(self):
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", None):
            headers = TOKEN | {"Content-Type": content_type}
            self.check(self.ask("POST", "/api/v1/domains/", headers, {"name": "a.test"}), 415)
        headers = TOKEN | {"Content-Type": "Application/JSON; charset=UTF-8"}
        self.check(self.ask("POST", "/api/v1/domains/", headers, {"name": "a.test"}), 201)
        reply = self.ask("POST", "/api/v1/domains/", body=b'{"name": "a", "name": "b"}')
        self.check(reply, 400)
        self.assertIn("duplicate key", reply.json["detail"])
        self.check(self.ask("POST", "/api/v1/auth/logout/"), 204)

    def test_failures_keep_their_inside_to_themselves(self):
        reply = self.ask("GET", "/api/v1/domains/5000/", TOKEN | {"X-Request-Id": "broken-1"})
        self.check(reply, 500, {"detail": "An internal error occurred."})
        self.assertEqual(self.stack.log_line("broken-1")["status"], 500)
        self.check(self.ask("GET", "/api/v1/quotas/1/"), 501)

    def test_reads_are_tried_again(self):
        self.check(self.ask("GET", "/api/v1/domains/5030/"), 200)
        reply = self.ask("GET", "/api/v1/domains/5031/")
        self.check(reply, 503)
        self.assertEqual(reply.headers["retry-after"], "1")
        self.check(self.ask("GET", "/api/v1/domains/5040/"), 504)

    def test_what_a_query_says_wrong_is_told_by_parameter(self):
        reply = self.ask("GET", "/api/v1/domains/?page_size=many&enabled=perhaps&unknown=1")
        self.check(reply, 400)
        self.assertEqual(set(reply.json), {"page_size", "enabled"})
        self.check(self.ask("GET", "/api/v1/domains/?search=%ff"), 400, {"detail": "The query string is malformed."})


class ListTest(GatewayTest):
    def test_a_whole_list_is_streamed(self):
        reply = self.ask("GET", "/api/v1/domains/")
        self.check(reply, 200)
        self.assertEqual(reply.headers["transfer-encoding"], "chunked")
        self.assertEqual(reply.headers["x-total-count"], "2500")
        self.assertEqual([domain["pk"] for domain in reply.json], list(range(1, 2501)))

    def test_an_old_client_gets_it_until_the_connection_ends(self):
        with Connection(self.stack.port) as connection:
            connection.send(render("GET", "/api/v1/domains/", TOKEN, version="1.0"))
            reply = connection.receive()
            self.assertNotIn("transfer-encoding", reply.headers)
            self.assertEqual(reply.headers["connection"], "close")
            while connection._more():
                pass
            self.assertEqual(len(json.loads(connection.buffer)), 2500)

    def test_a_short_list_comes_whole(self):
        reply = self.ask("GET", "/api/v1/domains/?search=few")
        self.check(reply, 200)
        self.assertNotIn("transfer-encoding", reply.headers)
        self.assertEqual(len(reply.json), 3)

    def test_pages_link_to_the_next(self):
        reply = self.ask("GET", "/api/v1/domains/?page_size=2&search=few&ordering=-name")
        self.assertEqual([domain["pk"] for domain in reply.json], [1, 2])
        self.assertEqual(reply.headers["x-total-count"], "3")
        link = reply.headers["link"]
        self.assertEqual(link, "<http://gateway.test/api/v1/domains/?page_size=2&search=few&ordering=-name"
                               "&page_token=2>; rel=\"next\"")
        reply = self.ask("GET", link[len("<http://gateway.test"):link.index(">")])
        self.assertEqual([domain["pk"] for domain in reply.json], [3])
        self.assertNotIn("link", reply.headers)

    def test_a_stream_that_fails_is_visibly_cut(self):
        with Connection(self.stack.port) as connection:
            connection.send(render("GET", "/api/v1/domains/?search=breaks", TOKEN))
            with self.assertRaises(EOFError):
                connection.receive()

    def resident_bytes(self):
        pages = pathlib.Path(f"/proc/{self.stack.gateway.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def test_a_long_list_takes_no_more_memory_than_a_page(self):
        self.ask("GET", "/api/v1/domains/")
        before = self.resident_bytes()
        reply = self.ask("GET", "/api/v1/domains/?search=many")
        self.check(reply, 200)
        self.assertGreater(len(reply.body), 20_000_000)
        self.assertEqual(reply.body.count(b'"pk":'), 60000)
        self.assertLess(self.resident_bytes() - before, 8_000_000)

    def test_head_of_a_list_counts(self):
        reply = self.ask("HEAD", "/api/v1/domains/")
        self.check(reply, 200)
        self.assertEqual(reply.headers["x-total-count"], "2500")


class SessionTest(GatewayTest):
    def test_credentials_are_needed(self):
        reply = self.ask("GET", "/api/v1/domains/3/", {})
        self.check(reply, 401, {"detail": "Authentication credentials were not provided."})
        self.assertEqual(reply.headers["www-authenticate"], "Token")
        for value in ("Token wrong", "Token ", "Token", "Bearer a b", "token wrong"):
            self.check(self.ask("GET", "/api/v1/domains/3/", {"Authorization": value}), 401, {"detail": "Invalid token."})
        self.check(self.ask("GET", "/api/v1/domains/3/", {"Authorization": "Token disabled"}), 401,
                   {"detail": "User inactive or deleted."})
        self.check(self.ask("GET", "/api/v1/domains/3/", {"Authorization": "Basic YTpi"}), 401)
        self.check(self.ask("GET", "/api/v1/domains/3/", {"Authorization": "Bearer admin"}), 200)

    def test_a_role_may_not_be_enough(self):
        self.check(self.ask("GET", "/api/v1/domains/3/", {"Authorization": "Token user"}), 403,
                   {"detail": "You do not have permission to perform this action."})
        self.check(self.ask("GET", "/api/v1/account/me/", {"Authorization": "Token user"}), 200)

    def test_login_sets_a_cookie_that_scripts_cannot_read(self):
        body = {"username": "bob", "password": "right", "remote_address": "6.6.6.6"}
        reply = self.ask("POST", "/api/v1/auth/login/", {"User-Agent": "Tester/1"}, body)
        self.check(reply, 200)
        self.assertEqual(reply.cookies, ["roost_session=session-1; Path=/; HttpOnly; SameSite=Strict"])
        self.assertNotIn("session", reply.json)
        self.assertEqual(reply.json["csrf_token"], "csrf-1")
        self.assertEqual(reply.json["account"]["first_name"], "127.0.0.1")
        self.assertEqual(reply.json["account"]["last_name"], "Tester/1")

    def test_login_may_fail(self):
        self.check(self.ask("POST", "/api/v1/auth/login/", {}, {"username": "bob", "password": "wrong"}), 401,
                   {"detail": "The user name or the password is wrong."})
        reply = self.ask("POST", "/api/v1/auth/login/", {}, {"username": "throttled", "password": "right"})
        self.check(reply, 429)
        self.assertEqual(reply.headers["retry-after"], "3")

    def test_other_sites_cannot_log_anybody_in(self):
        body = {"username": "bob", "password": "right"}
        for headers in ({"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                        {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://gateway.test.evil.test"}):
            self.check(self.ask("POST", "/api/v1/auth/login/", headers, body), 403)
        good = {"Origin": "http://gateway.test", "Sec-Fetch-Site": "same-origin"}
        self.check(self.ask("POST", "/api/v1/auth/login/", good, body), 200)

    def test_a_write_with_the_cookie_needs_the_token(self):
        body = {"name": "a.test"}
        for token in (None, "", "csrf-2", "csrf-1x", "csrf-"):
            self.check(self.ask("POST", "/api/v1/domains/", COOKIE | {"X-CSRF-Token": token}, body), 403,
                       {"detail": "CSRF token missing or incorrect."})
        good = COOKIE | {"X-CSRF-Token": "csrf-1"}
        self.check(self.ask("POST", "/api/v1/domains/", good, body), 201)
        self.check(self.ask("POST", "/api/v1/domains/", good | {"Origin": "https://evil.test"}, body), 403)
        self.check(self.ask("POST", "/api/v1/domains/", good | {"Sec-Fetch-Site": "cross-site"}, body), 403)

    def test_a_read_with_the_cookie_tells_the_token(self):
        reply = self.ask("GET", "/api/v1/account/me/", COOKIE)
        self.check(reply, 200)
        self.assertEqual(reply.headers["x-csrf-token"], "csrf-1")
        self.assertNotIn("x-csrf-token", self.ask("GET", "/api/v1/account/me/").headers)

    def test_two_cookies_are_none(self):
        self.check(self.ask("GET", "/api/v1/account/me/", {"Cookie": "roost_session=session-1; roost_session=x"}), 401)

    def test_logout_expires_the_cookie(self):
        reply = self.ask("POST", "/api/v1/auth/logout/", COOKIE | {"X-CSRF-Token": "csrf-1"}, {})
        self.check(reply, 204)
        self.assertEqual(reply.cookies, ["roost_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"])

    def test_forwarded_addresses_are_not_believed(self):
        reply = self.ask("GET", "/api/v1/account/me/", TOKEN | {"X-Forwarded-For": "6.6.6.6"})
        self.assertEqual(reply.json["first_name"], "127.0.0.1")


class FormTest(GatewayTest):
    """Requests that two readers could take apart differently, and those that are too large or too slow."""

    def refuse(self, data, status):
        with Connection(self.stack.port) as connection:
            connection.send(data)
            reply = connection.receive()
            self.assertEqual(reply.status, status, data[:300])
            self.assertEqual(reply.headers["connection"], "close")
            self.assertEqual(reply.headers["content-type"], "application/json")
            self.assertEqual(reply.rest, b"", data)
            self.assertTrue(connection.is_closed(), data)

    def test_ambiguous_framing_is_refused(self):
        start = b"POST /api/v1/domains/ HTTP/1.1\r\nHost: a\r\nAuthorization: Token admin\r\nContent-Type: application/json\r\n"
        cases = [
            (start + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
            (start + b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}", 400),
            (start + b"Content-Length: 2, 2\r\n\r\n{}", 400),
            (start + b"Content-Length: +2\r\n\r\n{}", 400),
            (start + b"Content-Length: 0x2\r\n\r\n{}", 400),
            (start + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            (start + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", 400),
            (start + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
            (start + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", 400),
            (start + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
            (start + b"Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\n{}", 400),
            (start + b"Content-Length : 2\r\n\r\n{}", 400),
            (start + b"X: y\r\n folded\r\nContent-Length: 2\r\n\r\n{}", 400),
            (start + b"X: y\nContent-Length: 2\r\n\r\n{}", 400),
            (start + b"X: y\n\r\nContent-Length: 2\r\n\r\n{}", 400),
            (start + b"Content-Length: 2\n\n{}", 400),
            (start + b"X\x01: y\r\n\r\n", 400),
            (start + b"X(: y\r\n\r\n", 400),
            (start + b": y\r\n\r\n", 400),
            (start + b"Content-Length: -1\r\n\r\n", 400),
            (start + b"".join(b"X-%d: y\r\n" % i for i in range(70)) + b"Content-Length: 2\r\n\r\n{}", 400),
        ]
        for data, status in cases:
            self.refuse(data, status)

    def test_one_host_is_needed(self):
        self.refuse(b"GET /healthz HTTP/1.1\r\nX: y\r\n\r\n", 400)
        self.refuse(b"GET /healthz HTTP/1.1\r\n\r\n", 400)
        self.refuse(b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400)
        self.refuse(b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", 400)
        self.refuse(b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 400)
        self.refuse(b"GET /healthz HTTP/1.1\r\nHost: a/b@c\r\n\r\n", 400)

    def test_the_target_is_a_path(self):
        self.refuse(f"GET http://a:{self.stack.port}/healthz HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400)
        self.refuse(b"GET healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400)
        with Connection(self.stack.port) as connection:
            connection.send(b"GET http://other.test/healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertTrue(connection.is_closed())

    def test_only_http_1_is_spoken(self):
        self.refuse(b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 505)
        self.refuse(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400)
        self.refuse(b"GET /healthz\r\n\r\n", 400)
        self.refuse(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400)
        self.refuse(b"FOO /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400)

    def test_sizes_are_limited(self):
        self.refuse(render("GET", "/healthz", {"X": "y" * 16384}), 431)
        self.refuse(render("GET", "/healthz", {"X": "y" * 65536}), 400)
        self.refuse(render("GET", "/healthz?" + "y" * 8200), 414)
        self.refuse(render("POST", "/api/v1/domains/", TOKEN | {"Content-Length": str((1 << 20) + 1)}, {}), 413)
        self.refuse(render("POST", "/api/v1/domains/", TOKEN | {"Content-Length": "9" * 30}, {}), 400)
        padding = b" " * ((1 << 20) - 17)
        reply = self.ask("POST", "/api/v1/domains/", body=b'{"name":"a.test"}' + padding)
        self.check(reply, 201)

    def test_headers_that_decide_come_once(self):
        self.refuse(b"GET /api/v1/domains/3/ HTTP/1.1\r\nHost: a\r\nAuthorization: Token admin\r\n"
                    b"Authorization: Token user\r\n\r\n", 400)

    def drip(self, start, byte):
        """Sends a byte now and then until there is an answer; how long it took, and its status."""
        with Connection(self.stack.port) as connection:
            started = time.monotonic()
            connection.send(start)
            while not select.select([connection.socket], [], [], 0.2)[0]:
                connection.send(byte)
            reply = connection.receive()
            self.assertTrue(connection.is_closed())
            return time.monotonic() - started, reply.status

    def test_a_slow_header_is_cut(self):
        seconds, status = self.drip(b"GET /healthz HTTP/1.1\r\n", b"X")
        self.assertEqual(status, 400)
        self.assertLess(seconds, 4)

    def test_a_slow_body_is_cut(self):
        head = render("POST", "/api/v1/domains/", TOKEN | {"Content-Length": "100000"}, b"{")
        seconds, status = self.drip(head, b" ")
        self.assertEqual(status, 408)
        self.assertLess(seconds, 5)

    def test_slow_clients_do_not_keep_others_waiting(self):
        slow = [Connection(self.stack.port) for _ in range(12)]
        for connection in slow:
            connection.send(b"GET /heal")
        started = time.monotonic()
        self.check(self.ask("GET", "/healthz", {}), 200)
        self.assertLess(time.monotonic() - started, 0.9)
        for connection in slow:
            connection.socket.close()

    def test_a_connection_serves_many_requests(self):
        with Connection(self.stack.port) as connection:
            for _ in range(3):
                connection.send(render("GET", "/api/v1/domains/3/", TOKEN))
                self.assertEqual(connection.receive().status, 200)
            connection.send(render("POST", "/api/v1/domains/", TOKEN, {"name": "a.test"}) +
                            render("GET", "/api/v1/domains/4/", TOKEN))
            self.assertEqual(connection.receive().status, 201)
            self.assertEqual(connection.receive().json["pk"], 4)
            connection.send(render("GET", "/healthz", {"Connection": "close"}))
            self.assertEqual(connection.receive().headers["connection"], "close")
            self.assertTrue(connection.is_closed())

    def test_a_body_that_was_not_wanted_ends_the_connection(self):
        smuggled = render("DELETE", "/api/v1/domains/1/", TOKEN)
        with Connection(self.stack.port) as connection:
            connection.send(render("GET", "/api/v1/domains/3/", TOKEN | {"Content-Length": str(len(smuggled))}) + smuggled)
            reply = connection.receive()
            self.assertEqual((reply.status, reply.headers["connection"], reply.rest), (200, "close", b""))
            self.assertTrue(connection.is_closed())

    def test_expect_is_answered(self):
        with Connection(self.stack.port) as connection:
            connection.send(render("POST", "/api/v1/domains/", TOKEN | {
                "Expect": "100-continue", "Content-Type": "application/json", "Content-Length": "17"}))
            self.assertEqual(connection.receive().status, 100)
            connection.send(b'{"name":"a.test"}')
            self.assertEqual(connection.receive().status, 201)

    def test_request_ids_go_in_and_out(self):
        self.assertEqual(self.ask("GET", "/healthz", {"X-Request-Id": "abc-1"}).headers["x-request-id"], "abc-1")
        for bad in ("a b", "x" * 65, "a\"b", ""):
            made = self.ask("GET", "/healthz", {"X-Request-Id": bad}).headers["x-request-id"]
            self.assertRegex(made, "^[0-9a-f]{32}$")
        reply = self.ask("GET", "/api/v1/account/me/", TOKEN | {"X-Request-Id": "abc-2"})
        self.assertEqual(reply.json["last_name"], "abc-2")

    def test_each_request_has_one_line_in_the_log(self):
        self.ask("GET", "/api/v1/domains/4040/?search=private", TOKEN | {"X-Request-Id": "line-1"})
        line = self.stack.log_line("line-1")
        self.assertEqual((line["status"], line["route"], line["reason"], line["account"]),
                         (404, "/api/v1/domains/{pk}/", "DOMAIN_NOT_FOUND", "admin"))
        self.assertNotIn("private", json.dumps(line))
        self.assertNotIn("Token", self.stack.log_text())


class PageTest(GatewayTest):
    def test_the_welcome_page_leads_to_the_documentation(self):
        reply = self.ask("GET", "/", {})
        self.check(reply, 200)
        self.assertIn(b"Roost", reply.body)
        self.assertIn(b'href="/docs/api/"', reply.body)
        self.assertIn("require-trusted-types-for 'script'", reply.headers["content-security-policy"])
        self.assertIn("frame-ancestors 'none'", reply.headers["content-security-policy"])

    def test_the_documentation_is_there(self):
        for path, kind in (("/docs/api/", "text/html"), ("/docs/api/docs.js", "text/javascript"),
                           ("/docs/api/docs.css", "text/css")):
            reply = self.ask("GET", path, {})
            self.check(reply, 200)
            self.assertTrue(reply.headers["content-type"].startswith(kind))
            self.assertNotRegex(reply.body.decode(), r"<script>|<style|\son[a-z]+=|innerHTML")
        self.check(self.ask("POST", "/docs/api/", {}, {}), 405)

    def test_the_document_describes_the_api_and_is_cached_by_its_tag(self):
        reply = self.ask("GET", "/docs/api/openapi.json", {})
        document = reply.json
        self.assertTrue(document["openapi"].startswith("3.1"))
        self.assertIn("/api/v1/domains/{pk}/", document["paths"])
        small = self.ask("GET", "/docs/api/openapi.json", {"Accept-Encoding": "br;q=0, gzip"})
        self.assertEqual(small.headers["content-encoding"], "gzip")
        self.assertEqual(gzip.decompress(small.body), reply.body)
        self.assertNotEqual(small.headers["etag"], reply.headers["etag"])
        self.assertNotIn("content-encoding",
                         self.ask("GET", "/docs/api/openapi.json", {"Accept-Encoding": "gzip;q=0.0"}).headers)
        same = self.ask("GET", "/docs/api/openapi.json", {"If-None-Match": 'W/"x", ' + reply.headers["etag"]})
        self.check(same, 304)
        self.assertEqual(same.body, b"")

    def test_health(self):
        self.check(self.ask("GET", "/healthz", {}), 200, {"status": "ok"})
        reply = self.ask("GET", "/readyz", {})
        self.check(reply, 200)
        self.assertEqual(set(reply.json["services"].values()), {"SERVING"})


class WithUiTest(unittest.TestCase):
    """Another gateway: with a web UI, behind a proxy, at a public address."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        ui = pathlib.Path(cls.temporary.name, "ui")
        (ui / "assets").mkdir(parents=True)
        (ui / "index.html").write_text("<!doctype html><title>UI</title>")
        (ui / "assets" / "index-BsJ2fQ3x.js").write_text("plain")
        (ui / "assets" / "index-BsJ2fQ3x.js.br").write_text("brotli")
        (ui / "assets" / "index-BsJ2fQ3x.js.gz").write_text("gzip")
        (ui / ".secret").write_text("hidden")
        (ui / "link.txt").symlink_to("/etc/passwd")
        cls.stack = Stack(cls.temporary.name, ui_dir=str(ui), public_url="https://mail.example.test",
                          trusted_proxies="127.0.0.0/8, 10.0.0.0/8", metrics_listen=f"127.0.0.1:{free_port()}")
        cls.stack.start_backend()
        cls.stack.start_gateway()

    @classmethod
    def tearDownClass(cls):
        status = cls.stack.stop_gateway()
        cls.stack.stop_backend()
        if status != 0:
            raise AssertionError(f"the gateway ended with {status}: {cls.stack.log_text()[-4000:]}")
        cls.stack.log.close()
        cls.temporary.cleanup()

    def get(self, path, **headers):
        return self.stack.request("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})

    def test_files_come_in_the_form_that_the_browser_takes(self):
        path = "/assets/index-BsJ2fQ3x.js"
        for accept, body in (("gzip, br", b"brotli"), ("gzip", b"gzip"), ("identity", b"plain"), ("br;q=0, gzip", b"gzip")):
            reply = self.get(path, Accept_Encoding=accept)
            self.assertEqual((reply.status, reply.body), (200, body))
            self.assertEqual(reply.headers["vary"], "Accept-Encoding")
            self.assertEqual(reply.headers["cache-control"], "public, max-age=31536000, immutable")
            self.assertTrue(reply.headers["content-type"].startswith("text/javascript"))

    def test_pages_of_the_ui_fall_back_to_its_index(self):
        for path in ("/", "/index.html", "/domains/3", "/accounts/"):
            reply = self.get(path, Accept="text/html,*/*;q=0.8")
            self.assertEqual(reply.status, 200, path)
            self.assertIn(b"<title>UI</title>", reply.body)
            self.assertEqual(reply.headers["cache-control"], "no-cache")
        for path in ("/api/nothing", "/assets/gone.js", "/.secret", "/link.txt", "/ui/../.secret"):
            self.assertIn(self.get(path, Accept="text/html").status, (400, 404), path)
        self.assertEqual(self.get("/domains/3", Accept="application/json").status, 404)
        self.assertIn(b"Roost API", self.get("/docs/api/").body)

    def test_a_trusted_proxy_names_the_client(self):
        reply = self.get("/api/v1/account/me/", Authorization="Token admin", X_Forwarded_For="6.6.6.6, 192.0.2.7, 10.1.1.1")
        self.assertEqual(reply.json["first_name"], "192.0.2.7")
        reply = self.get("/api/v1/account/me/", Authorization="Token admin", X_Forwarded_For="6.6.6.6, nonsense")
        self.assertEqual(reply.json["first_name"], "127.0.0.1")

    def test_the_public_address_decides(self):
        body = {"username": "bob", "password": "right"}
        reply = self.stack.request("POST", "/api/v1/auth/login/", {"Origin": "https://mail.example.test"}, body)
        self.assertEqual(reply.status, 200)
        self.assertIn("; Secure", reply.cookies[0])
        self.assertEqual(self.stack.request("POST", "/api/v1/auth/login/", {"Origin": "http://gateway.test"}, body).status, 403)
        reply = self.get("/api/v1/domains/?page_size=1", Authorization="Token admin")
        self.assertTrue(reply.headers["link"].startswith("<https://mail.example.test/api/v1/domains/?"))
        self.assertIn("strict-transport-security", self.get("/", X_Forwarded_Proto="https").headers)

    def test_metrics_count_requests(self):
        self.get("/healthz")
        port = int(self.stack.env["ROOST_METRICS_LISTEN"].rsplit(":", 1)[1])
        with Connection(port) as connection:
            connection.send(render("GET", "/metrics", {"Connection": "close"}))
            text = connection.receive().body.decode()
        self.assertRegex(text, r'roost_http_requests_total\{status="2xx"\} [1-9]')
        self.assertIn('roost_http_request_seconds_bucket{le="+Inf"}', text)


class LifeTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.stack = Stack(self.temporary.name, drain_ms="5000")

    def tearDown(self):
        self.stack.log.close()
        self.temporary.cleanup()

    def test_without_services_it_is_up_and_not_ready(self):
        self.stack.start_gateway()
        self.assertEqual(self.stack.request("GET", "/healthz").status, 200)
        reply = self.stack.request("GET", "/readyz")
        self.assertEqual((reply.status, reply.json["services"]["domains"]), (503, "UNREACHABLE"))
        reply = self.stack.request("GET", "/api/v1/domains/3/", TOKEN)
        self.assertEqual(reply.status, 503)
        self.assertIn("retry-after", reply.headers)
        self.stack.stop_gateway()

    def test_requests_in_progress_are_finished_on_sigterm(self):
        self.stack.start_backend()
        self.stack.start_gateway()
        with Connection(self.stack.port) as connection:
            connection.send(render("POST", "/api/v1/domains/5040/delete/", TOKEN | {
                "Expect": "100-continue", "Content-Type": "application/json", "Content-Length": "2"}))
            self.assertEqual(connection.receive().status, 100)
            self.stack.gateway.send_signal(signal.SIGTERM)
            connection.send(b"{}")
            reply = connection.receive()
            self.assertEqual((reply.status, reply.headers["connection"]), (504, "close"))
        self.assertEqual(self.stack.gateway.wait(10), 0)
        self.stack.stop_backend()

    def test_tls_is_served_where_it_is_asked_for(self):
        pem = os.path.join(self.temporary.name, "server.pem")
        key = os.path.join(self.temporary.name, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", key, "-out", pem], check=True, capture_output=True)
        context = ssl.create_default_context(cafile=pem)
        with open(pem, "a", encoding="ascii") as chain:
            chain.write(pathlib.Path(key).read_text(encoding="ascii"))
        self.stack.env["ROOST_HTTPS_CERTIFICATE"] = pem
        self.stack.tls_port = free_port()
        self.stack.start_backend()
        self.stack.start_gateway()
        body = {"username": "bob", "password": "right"}
        with Connection(self.stack.tls_port) as connection:
            connection.socket = context.wrap_socket(connection.socket, server_hostname="localhost")
            self.assertIn(connection.socket.version(), ("TLSv1.2", "TLSv1.3"))
            connection.send(render("POST", "/api/v1/auth/login/", {"Origin": "https://gateway.test"}, body))
            reply = connection.receive()
            self.assertEqual(reply.status, 200)
            self.assertIn("; Secure", reply.cookies[0])
            self.assertIn("max-age", reply.headers["strict-transport-security"])
        self.assertNotIn("; Secure", self.stack.request("POST", "/api/v1/auth/login/", None, body).cookies[0])
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with Connection(self.stack.tls_port) as connection, self.assertRaises((ssl.SSLError, ConnectionResetError)):
            old.wrap_socket(connection.socket)
        self.assertEqual(self.stack.stop_gateway(), 0)
        self.stack.stop_backend()

    def test_bad_configuration_is_refused_at_once(self):
        env = self.stack.env | {"ROOST_IDENTITY_KEY": "short", "ROOST_MAX_CONNECTIONS": "x"}
        done = subprocess.run([GATEWAY], env=env, stderr=subprocess.PIPE, timeout=10, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"ROOST_IDENTITY_KEY", done.stderr)
        self.assertIn(b"ROOST_MAX_CONNECTIONS", done.stderr)
        for name, value in (("ROOST_TRUSTED_PROXIES", "10.0.0.0/33"), ("ROOST_PUBLIC_URL", "ftp://x")):
            done = subprocess.run([GATEWAY], env=self.stack.env | {name: value}, stderr=subprocess.PIPE, timeout=10,
                                  check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(name.encode(), done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
