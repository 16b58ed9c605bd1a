"""What is no good HTTP: smuggling, slow clients, limits."""

import contextlib
import json
import select
import sys
import time
import unittest

from http_fixture import PATIENCE_S, TOKEN, Connection, render, wait_for, GatewayTest


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

    def test_slow_clients_do_not_keep_others_waiting(self):
        slow = [Connection(self.stack.port) for _ in range(12)]
        for connection in slow:
            connection.send(b"GET /heal")
        self.check(self.ask("GET", "/healthz", {}), 200)
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


class SlowTest(GatewayTest):
    """Time limits: short ones, so this is for what is to meet them."""

    env = {"request_timeout_ms": "2500", "stall_timeout_ms": "1000"}

    def drip(self, start, byte):
        """Sends a byte now and then until there is an answer, so that no pause is long; its status."""
        with Connection(self.stack.port) as connection:
            end = time.monotonic() + PATIENCE_S
            connection.send(start)
            while not select.select([connection.socket], [], [], 0.2)[0]:
                self.assertLess(time.monotonic(), end)
                with contextlib.suppress(ConnectionError):  # it has just been closed, and the answer is there
                    connection.send(byte)
            reply = connection.receive()
            self.assertTrue(connection.is_closed())
            return reply.status

    def test_a_slow_header_is_cut(self):
        self.assertEqual(self.drip(b"GET /healthz HTTP/1.1\r\n", b"X"), 400)

    def test_a_slow_body_is_cut(self):
        head = render("POST", "/api/v1/domains/", TOKEN | {"Content-Length": "100000"}, b"{")
        self.assertEqual(self.drip(head, b" "), 408)

    def test_a_slow_service_is_not_waited_for(self):
        self.check(self.ask("GET", "/api/v1/domains/5040/"), 504)


class CrowdTest(GatewayTest):
    """One address with more connections than it may have."""

    CROWDED = "127.0.0.2"
    env = {"connections_per_address": "4", "max_connections": "8", "unlimited_addresses": "127.0.0.1"}

    def crowd(self, count, start=b""):
        connections = [Connection(self.stack.port, self.CROWDED) for _ in range(count)]
        for connection in connections:
            self.addCleanup(connection.socket.close)
            if start:
                connection.send(start)
        return connections

    def is_answered(self, source):
        try:
            with Connection(self.stack.port, source) as connection:
                connection.send(render("GET", "/healthz"))
                return connection.receive().status == 200
        except (ConnectionError, EOFError):
            return False

    def test_those_who_do_nothing_leave_room_for_others(self):
        self.crowd(2)
        held = self.crowd(1, b"GET /healthz HTTP/1.1\r\nHo")
        held += self.crowd(1, render("POST", "/api/v1/domains/", TOKEN | {"Content-Length": "1000"}, b"{"))
        for _ in range(20):
            self.assertFalse(self.is_answered(self.CROWDED))
        self.assertTrue(self.is_answered("127.0.0.3"))
        self.assertLess(self.stack.log_text().count('"connections.refused"'), 20)
        self.assertIn('"remote":"::ffff:127.0.0.2"', self.stack.log_text())
        for connection in held:
            connection.socket.close()
        wait_for(lambda: self.is_answered(self.CROWDED), "place that has become free")

    def test_some_addresses_have_no_limit(self):
        others = [Connection(self.stack.port) for _ in range(6)]
        self.assertTrue(self.is_answered("127.0.0.1"))
        for connection in others:
            connection.socket.close()


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
