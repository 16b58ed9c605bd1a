"""Pages, files, the web UI, start and stop."""

import gzip
import os
import pathlib
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import unittest

from http_fixture import GATEWAY, PATIENCE_S, TOKEN, Connection, Stack, render, wait_for, GatewayTest


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
        (ui / "assets" / "list-page-B-J_f-3x.css").write_text("hash with dashes")
        (ui / "assets" / "not-hashed.css").write_text("no hash")
        (ui / ".secret").write_text("hidden")
        (ui / "link.txt").symlink_to("/etc/passwd")
        cls.stack = Stack(cls.temporary.name, ui_dir=str(ui), public_url="https://mail.example.test",
                          trusted_proxies="127.0.0.0/8, 10.0.0.0/8")
        cls.stack.has_metrics = True
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
        for accept, body in (("gzip, br", b"brotli"), ("gzip", b"gzip"), ("identity", b"plain"), ("br;q=0, gzip", b"gzip"),
                             ("br; q=0.8, gzip;q=0.5", b"brotli"), ("BR;Q=1.0", b"brotli"), ("brx, gzip; q=0.0", b"plain")):
            reply = self.get(path, Accept_Encoding=accept)
            self.assertEqual((reply.status, reply.body), (200, body))
            self.assertEqual(reply.headers["vary"], "Accept-Encoding")
            self.assertEqual(reply.headers["cache-control"], "public, max-age=31536000, immutable")
            self.assertTrue(reply.headers["content-type"].startswith("text/javascript"))

    def test_only_names_with_a_hash_are_cached_for_good(self):
        for name, is_immutable in (("list-page-B-J_f-3x.css", True), ("not-hashed.css", False)):
            reply = self.get("/assets/" + name)
            self.assertEqual((reply.status, "immutable" in reply.headers["cache-control"]), (200, is_immutable), name)

    def test_each_form_has_its_tag_and_is_not_sent_twice(self):
        path = "/assets/index-BsJ2fQ3x.js"
        tags = {accept: self.get(path, Accept_Encoding=accept).headers["etag"] for accept in ("br", "gzip", "identity")}
        self.assertEqual(len(set(tags.values())), 3)
        for accept, tag in tags.items():
            same = self.get(path, Accept_Encoding=accept, If_None_Match=tag)
            self.assertEqual((same.status, same.body, same.headers["etag"]), (304, b"", tag))
        self.assertEqual(self.get(path, Accept_Encoding="br", If_None_Match=tags["gzip"]).status, 200)
        head = self.stack.request("HEAD", path, {"Accept-Encoding": "br"})
        self.assertEqual((head.status, head.body, head.headers["content-length"]), (200, b"", "6"))

    def test_pages_allow_no_script_but_their_own(self):
        headers = self.get("/domains/3", Accept="text/html").headers
        directives = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        self.assertEqual(directives, {
            "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
            "font-src": "'self'", "connect-src": "'self'", "manifest-src": "'self'", "base-uri": "'none'",
            "form-action": "'self'", "frame-ancestors": "'none'", "require-trusted-types-for": "'script'",
            "trusted-types": "vue"})
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertEqual(headers["referrer-policy"], "no-referrer")
        self.assertEqual(headers["cross-origin-opener-policy"], "same-origin")
        self.assertIn("publickey-credentials-get=(self)", headers["permissions-policy"])

    def test_pages_of_the_ui_fall_back_to_its_index(self):
        for path in ("/", "/index.html", "/domains/3", "/accounts/"):
            reply = self.get(path, Accept="text/html,*/*;q=0.8")
            self.assertEqual(reply.status, 200, path)
            self.assertIn(b"<title>UI</title>", reply.body)
            self.assertEqual(reply.headers["cache-control"], "no-cache")
        for path in ("/api", "/api/", "/api/nothing", "/api/v1/nothing/", "/assets/gone.js", "/assets/gone", "/docs/nothing",
                     "/healthz/more", "/metrics", "/.secret", "/link.txt", "/ui/../.secret"):
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
        # A request is counted after its answer was sent.
        wait_for(lambda: re.search(r'roost_http_requests_total\{status="2xx"\} [1-9]', self.metrics()), "count")
        self.assertIn('roost_http_request_seconds_bucket{le="+Inf"}', self.metrics())
        self.assertIn("roost_http_refused_connections_total 0", self.metrics())

    def metrics(self):
        with Connection(self.stack.metrics_port) as connection:
            connection.send(render("GET", "/metrics", {"Connection": "close"}))
            return connection.receive().body.decode()


class LifeTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.stack = Stack(self.temporary.name, drain_ms=str(PATIENCE_S * 1000))

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
        self.stack.env["ROOST_REQUEST_TIMEOUT_MS"] = "5000"
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
        self.assertEqual(self.stack.gateway.wait(PATIENCE_S), 0)
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
        self.stack.has_tls = True
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
        done = subprocess.run([GATEWAY], env=env, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"ROOST_IDENTITY_KEY", done.stderr)
        self.assertIn(b"ROOST_MAX_CONNECTIONS", done.stderr)
        for name, value in (("ROOST_TRUSTED_PROXIES", "10.0.0.0/33"), ("ROOST_PUBLIC_URL", "ftp://x")):
            done = subprocess.run([GATEWAY], env=self.stack.env | {name: value}, stderr=subprocess.PIPE,
                                  timeout=PATIENCE_S, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(name.encode(), done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
