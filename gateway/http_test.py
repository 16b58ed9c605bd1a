"""REST as a client sees it: resources, lists, sessions."""

import json
import os
import pathlib
import sys
import unittest

from http_fixture import TOKEN, COOKIE, Connection, render, GatewayTest


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

    def test_who_may_not_hears_that_first(self):
        for path, body in (("/api/v1/domains/", {"quota": "x"}), ("/api/v1/domains/?page_size=%zz", {}),
                           ("/api/v1/domains/", b"no JSON")):
            self.check(self.ask("POST", path, {"Authorization": "Token user"}, body), 403,
                       {"detail": "You do not have permission to perform this action."})
        self.check(self.ask("POST", "/api/v1/domains/", {}, {"quota": "x"}), 401)

    def test_login_sets_a_cookie_that_scripts_cannot_read(self):
        body = {"username": "bob", "password": "right", "remote_address": "6.6.6.6"}
        reply = self.ask("POST", "/api/v1/auth/login/", {"User-Agent": "Tester/1"}, body)
        self.check(reply, 200)
        self.assertEqual(reply.cookies, ["roost_session=session-1; Path=/; HttpOnly; SameSite=Strict"])
        self.assertNotIn("session", reply.json)
        self.assertEqual(reply.json["csrf_token"], "csrf-1")
        self.assertEqual(reply.headers["x-csrf-token"], "csrf-1")
        self.assertEqual(reply.json["account"]["first_name"], "127.0.0.1")
        self.assertEqual(reply.json["account"]["last_name"], "Tester/1")

    def test_login_may_fail(self):
        reply = self.ask("POST", "/api/v1/auth/login/", {}, {"username": "bob", "password": "wrong"})
        self.check(reply, 401, {"detail": "The user name or the password is wrong."})
        self.assertNotIn("x-csrf-token", reply.headers)
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


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
