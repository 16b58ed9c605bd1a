"""The server as a foreign client sees it: Debian's grpcio against echo_server."""

import os
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import grpc

from interop_fixture import (
    GOOD,
    Fixture,
    Server,
    descriptor_pb2,
    echo_pb2,
    error_details_pb2,
    error_info_pb2,
    health,
    health_pb2,
    method,
    reason_of,
    reflection_alpha_pb2,
    reflection_pb2,
    status_of,
    wait_until,
    work,
    RPC,
)


class Unary(Fixture):
    def test_answers_and_says_which_request_it_was(self):
        call = method(self.channel, "Echo/Echo")
        response, info = call.with_call(
            echo_pb2.EchoRequest(text="gr\u00fc\u00dfe"), metadata=GOOD + (("x-request-id", "abc-1"),), timeout=5
        )
        self.assertEqual(response.text, "gr\u00fc\u00dfe")
        self.assertEqual((response.account_id, response.username, response.role), (7, "bob", "SimpleUsers"))
        self.assertEqual(response.trace_id, "abc-1")
        self.assertEqual(dict(info.initial_metadata())["x-request-id"], "abc-1")
        self.assertTrue(response.has_credential)

    def test_makes_a_request_id_of_its_own_for_a_strange_one(self):
        response = method(self.channel, "Echo/Open")(
            echo_pb2.EchoRequest(), metadata=(("x-request-id", "a b"),), timeout=5
        )
        self.assertRegex(response.trace_id, "^[0-9a-f]{32}$")

    def test_understands_what_a_client_compresses(self):
        text = "much of the same " * 100
        response = method(self.channel, "Echo/Open")(
            echo_pb2.EchoRequest(text=text), timeout=5, compression=grpc.Compression.Gzip
        )
        self.assertEqual(response.text, text)

    def test_caps_the_deadline(self):
        response = method(self.channel, "Echo/Open")(echo_pb2.EchoRequest(), timeout=3600)
        self.assertLessEqual(response.deadline_left_ms, 30000)
        response = method(self.channel, "Echo/Open")(echo_pb2.EchoRequest())
        self.assertLessEqual(response.deadline_left_ms, 30000)

    def test_calls_a_peer_with_its_own_identity(self):
        response = method(self.channel, "Echo/Forward")(echo_pb2.EchoRequest(text="x"), timeout=5)
        self.assertEqual((response.service, response.account_id), ("echo", 0))
        self.assertEqual(response.method, "roost.testing.v1.EchoInternal/Echo")

    def test_tells_all_about_an_error(self):
        error = self.refused("Echo/Fail")
        self.assertEqual(error.code(), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual(error.details(), "Quota must be positive, \u00e4t least 1.")
        status = status_of(error)
        self.assertEqual(status.code, 3)
        kinds = [detail.type_url.rsplit("/", 1)[1] for detail in status.details]
        self.assertEqual(kinds, ["google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo"])
        info = error_info_pb2.ErrorInfo.FromString(status.details[0].value)
        self.assertEqual((info.reason, info.domain), ("QUOTA_INVALID", "roost"))
        bad = error_details_pb2.BadRequest.FromString(status.details[1].value)
        self.assertEqual(
            [field.field for field in bad.field_violations], ["account.mailbox.quota", "account.username"]
        )
        retry = error_details_pb2.RetryInfo.FromString(status.details[2].value)
        self.assertEqual(retry.retry_delay.ToMilliseconds(), 2500)
        self.assertNotIn(b"secret", status.SerializeToString())
        wait_until(lambda: "a secret of the server" in self.server.log())

    def test_writes_one_line_for_each_call(self):
        method(self.channel, "Echo/Open")(echo_pb2.EchoRequest(), metadata=(("x-request-id", "one"),), timeout=5)
        self.server.stop()
        lines = [line for line in self.server.log().splitlines() if "trace_id=one" in line]
        self.assertEqual(len(lines), 1)
        self.assertIn("event=rpc.finished rpc=roost.testing.v1.Echo/Open code=OK", lines[0])

    def test_refuses_who_may_not(self):
        table = [
            ("Echo/Echo", (), "UNAUTHENTICATED", "CREDENTIALS_MISSING"),
            ("Echo/Echo", (("authorization", "Token wrong"),), "UNAUTHENTICATED", "CREDENTIALS_INVALID"),
            ("Echo/Echo", (("authorization", "Basic Z29vZA=="),), "UNAUTHENTICATED", "CREDENTIALS_INVALID"),
            ("Echo/Echo", (("authorization", "Token"),), "UNAUTHENTICATED", "CREDENTIALS_INVALID"),
            ("Echo/Echo", (("authorization", "Token " + "x" * 300),), "UNAUTHENTICATED", "CREDENTIALS_INVALID"),
            ("Echo/Echo", (("roost-assertion-bin", b"\x08\x07" + b"m" * 32),), "UNAUTHENTICATED", "CREDENTIALS_INVALID"),
            ("Echo/Manage", GOOD, "PERMISSION_DENIED", "ROLE_NOT_ALLOWED"),
            ("Echo/Forgotten", (("authorization", "Token admin"),), "PERMISSION_DENIED", "ROLE_NOT_ALLOWED"),
            ("EchoInternal/Echo", (("authorization", "Token admin"),), "PERMISSION_DENIED", "ROLE_NOT_ALLOWED"),
            ("EchoInternal/Echo", (), "UNAUTHENTICATED", "CREDENTIALS_MISSING"),
        ]
        for name, metadata, code, reason in table:
            with self.subTest(name=name, metadata=metadata):
                error = self.refused(name, metadata=metadata)
                self.assertEqual((error.code().name, reason_of(error)), (code, reason))
        call = method(self.channel, "Echo/Manage")
        self.assertEqual(call(echo_pb2.EchoRequest(), metadata=(("authorization", "bearer admin"),)).account_id, 1)

    def test_refuses_unknown_methods_at_once(self):
        for name in ["Echo/Nothing", "Nobody/Echo"]:
            error = self.refused(name)
            self.assertEqual((error.code().name, reason_of(error)), ("UNIMPLEMENTED", "METHOD_UNKNOWN"))

    def test_ends_at_the_deadline(self):
        began = time.monotonic()
        error = self.refused(
            "Echo/Open", echo_pb2.EchoRequest(sleep_ms=20000), timeout=0.5, metadata=(("x-request-id", "late"),)
        )
        self.assertEqual(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertLess(time.monotonic() - began, 10)
        # The client's deadline is the earlier one: the server may learn of it before its own has passed.
        line = wait_until(lambda: [text for text in self.server.log().splitlines() if "trace_id=late" in text])[0]
        self.assertRegex(line, "code=(DEADLINE_EXCEEDED|CANCELLED) ")

    def test_notices_a_client_that_goes_away(self):
        future = method(self.channel, "Echo/Open").future(
            echo_pb2.EchoRequest(sleep_ms=20000), metadata=(("x-request-id", "gone"),), timeout=30
        )
        wait_until(lambda: self.n_in_flight() > 0)
        future.cancel()
        wait_until(lambda: "code=CANCELLED" in self.server.log())

    def n_in_flight(self):
        """A handler that works shows in the threads: one sleeps in nanosleep."""
        tasks = f"/proc/{self.server.process.pid}/task"
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/wchan", encoding="ascii") as file:
                if "nanosleep" in file.read():
                    return 1
        return 0


class Limits(Fixture):
    options = ("workers=1",)

    def test_refuses_a_message_over_1_mib(self):
        error = self.refused("Echo/Open", echo_pb2.EchoRequest(text="x" * (1024 * 1024)))
        self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.assertEqual(health(self.channel), 1)

    def test_refuses_headers_over_16_kib(self):
        error = self.refused("Echo/Open", metadata=(("x-large", "x" * 20000),))
        self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        # gRPC sometimes ends the connection, too.
        with grpc.insecure_channel(self.server.target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            self.assertEqual(health(channel), 1)

    def test_refuses_text_that_is_not_utf8(self):
        raw = self.channel.unary_unary("/roost.testing.v1.Echo/Open")
        with self.assertRaises(grpc.RpcError) as raised:
            raw(b"\x0a\x02\xff\xfe", timeout=5)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        with self.assertRaises(grpc.RpcError) as raised:
            raw(b"\x0a\xff\xff", timeout=5)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_stays_well_while_its_worker_is_busy(self):
        """Internal calls and health have their own room."""
        slow = method(self.channel, "Echo/Open").future(echo_pb2.EchoRequest(sleep_ms=8000), timeout=20)
        self.addCleanup(slow.cancel)
        began = time.monotonic()
        while not slow.done():
            self.assertEqual(health(self.channel, timeout=6), 1)
            if time.monotonic() - began > 1:
                break
        self.assertFalse(slow.done())

    def test_refuses_what_is_too_much(self):
        """One call runs, 256 wait, the rest is told at once; fewer if the first are done before the last have come."""
        channels = [
            grpc.insecure_channel(self.server.target, options=[("grpc.use_local_subchannel_pool", 1)])
            for _ in range(3)
        ]
        calls = [method(channels[i % 3], "Echo/Open") for i in range(320)]
        futures = [call.future(echo_pb2.EchoRequest(sleep_ms=3000), timeout=5) for call in calls]
        refused = []
        for future in futures:
            try:
                future.result()
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
                    self.assertEqual(reason_of(error), "OVERLOADED")
                    refused.append(error)
        self.assertIn(len(refused), range(1, 320 - 256))
        for channel in channels:
            channel.close()
        self.assertEqual(health(self.channel), 1)


class Health(Fixture):
    def watch(self, service=""):
        watch = self.channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        return watch(health_pb2.HealthCheckRequest(service=service), timeout=20)

    def test_checks_the_server_and_each_service(self):
        for service in ["", "roost.testing.v1.Echo", "roost.testing.v1.EchoInternal"]:
            self.assertEqual(health(self.channel, service), health_pb2.HealthCheckResponse.SERVING)
        with self.assertRaises(grpc.RpcError) as raised:
            health(self.channel, "roost.testing.v1.Nobody")
        self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_watch_follows_changes_and_ends_with_the_server(self):
        watch = self.watch("roost.testing.v1.Echo")
        self.assertEqual(next(watch).status, health_pb2.HealthCheckResponse.SERVING)
        self.server.process.send_signal(signal.SIGUSR1)
        self.assertEqual(next(watch).status, health_pb2.HealthCheckResponse.NOT_SERVING)
        self.assertEqual(health(self.channel), health_pb2.HealthCheckResponse.NOT_SERVING)
        self.server.process.send_signal(signal.SIGUSR2)
        self.assertEqual(next(watch).status, health_pb2.HealthCheckResponse.SERVING)
        self.server.process.send_signal(signal.SIGTERM)
        self.assertEqual(next(watch).status, health_pb2.HealthCheckResponse.NOT_SERVING)
        with self.assertRaises(grpc.RpcError) as raised:
            next(watch)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(self.server.stop(), 0)

    def test_watch_of_an_unknown_service_stays_open(self):
        watch = self.watch("nobody")
        self.assertEqual(next(watch).status, health_pb2.HealthCheckResponse.SERVICE_UNKNOWN)
        watch.cancel()

    def test_number_of_watches_is_bounded(self):
        watches = [self.watch() for _ in range(100)]
        statuses = []
        for watch in watches:
            try:
                statuses.append(next(watch).status)
            except grpc.RpcError as error:
                self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
                statuses.append(None)
        self.assertEqual(statuses.count(1), 64)
        self.assertEqual(health(self.channel), 1)
        for watch in watches:
            watch.cancel()
        wait_until(lambda: self.can_watch())

    def can_watch(self):
        watch = self.watch()
        try:
            return next(watch).status == 1
        except grpc.RpcError:
            return False
        finally:
            watch.cancel()


class Reflection(Fixture):
    def ask(self, *requests, pb2=reflection_pb2, version="v1"):
        stream = self.channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=pb2.ServerReflectionResponse.FromString,
        )
        return list(stream(iter(pb2.ServerReflectionRequest(**request) for request in requests), timeout=5))

    def test_lists_the_services_in_both_versions(self):
        expected = {
            "roost.testing.v1.Echo",
            "roost.testing.v1.EchoInternal",
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
        }
        for pb2, version in [(reflection_pb2, "v1"), (reflection_alpha_pb2, "v1alpha")]:
            (answer,) = self.ask({"list_services": "*"}, pb2=pb2, version=version)
            self.assertEqual({service.name for service in answer.list_services_response.service}, expected)

    def files(self, answer):
        return [
            descriptor_pb2.FileDescriptorProto.FromString(data)
            for data in answer.file_descriptor_response.file_descriptor_proto
        ]

    def test_finds_files_by_symbol(self):
        echo = "services/common/rpc/testing/echo.proto"
        table = {
            "roost.testing.v1.Echo": echo,
            "roost.testing.v1.Echo.Open": echo,
            "roost.testing.v1.EchoRequest": echo,
            "roost.testing.v1.EchoRequest.sleep_ms": echo,
            "grpc.health.v1.HealthCheckResponse.ServingStatus": "grpc/health/v1/health.proto",
            "grpc.health.v1.HealthCheckResponse.SERVING": "grpc/health/v1/health.proto",
            "grpc.reflection.v1alpha.ServerReflection": "grpc/reflection/v1alpha/reflection.proto",
        }
        answers = self.ask(*[{"file_containing_symbol": symbol} for symbol in table])
        self.assertEqual([self.files(answer)[0].name for answer in answers], list(table.values()))

    def test_finds_files_by_name(self):
        (answer,) = self.ask({"file_by_filename": "grpc/health/v1/health.proto"})
        self.assertEqual(self.files(answer)[0].package, "grpc.health.v1")

    def test_says_what_it_does_not_find(self):
        answers = self.ask(
            {"file_containing_symbol": "roost.testing.v1.Ech"},
            {"file_containing_symbol": "roost.testing.v1.Echo.Nothing"},
            {"file_by_filename": "no.proto"},
            {
                "file_containing_extension": reflection_pb2.ExtensionRequest(
                    containing_type="roost.testing.v1.EchoRequest", extension_number=1
                )
            },
            {"all_extension_numbers_of_type": "no.Type"},
            {"host": "only"},
        )
        self.assertEqual([answer.error_response.error_code for answer in answers], [5, 5, 5, 5, 5, 3])
        (answer,) = self.ask({"all_extension_numbers_of_type": "roost.testing.v1.EchoRequest"})
        self.assertEqual(
            answer.all_extension_numbers_response.base_type_name, "roost.testing.v1.EchoRequest"
        )

    def test_open_streams_do_not_keep_the_server(self):
        stream = self.channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
        release = threading.Event()

        def requests():
            yield reflection_pb2.ServerReflectionRequest(list_services="*").SerializeToString()
            release.wait(20)

        answers = stream(requests(), timeout=20)
        next(answers)
        self.assertEqual(self.server.stop(), 0)
        with self.assertRaises(grpc.RpcError):
            next(answers)
        release.set()


class Drain(Fixture):
    def test_finishes_what_runs_and_refuses_the_rest(self):
        slow = method(self.channel, "Echo/Open").future(
            echo_pb2.EchoRequest(sleep_ms=1000, text="kept"), timeout=10
        )
        wait_until(lambda: Unary.n_in_flight(self) > 0)
        self.server.process.send_signal(signal.SIGTERM)
        other = grpc.insecure_channel(self.server.target)
        self.addCleanup(other.close)

        def is_refused():
            try:
                method(other, "Echo/Open")(echo_pb2.EchoRequest(), timeout=1)
                return False
            except grpc.RpcError as error:
                return error.code() == grpc.StatusCode.UNAVAILABLE

        wait_until(is_refused)
        self.assertEqual(slow.result().text, "kept")
        self.assertEqual(self.server.stop(), 0)
        self.assertFalse(os.path.exists(self.server.path))


class DrainTooLong(Fixture):
    options = ("drain_ms=100",)

    def test_cancels_what_takes_too_long(self):
        slow = method(self.channel, "Echo/Open").future(echo_pb2.EchoRequest(sleep_ms=20000), timeout=30)
        wait_until(lambda: Unary.n_in_flight(self) > 0)
        self.assertEqual(self.server.stop(), 0)
        with self.assertRaises(grpc.RpcError):
            slow.result()


class Peers(unittest.TestCase):
    def test_waits_for_a_peer_that_restarts(self):
        """The connection is refused, so nothing was sent: the call goes through when the peer is back."""
        directory = tempfile.mkdtemp(dir=work.name)
        target = f"unix:{directory}/peer"
        front = Server(peer=target)
        self.addCleanup(front.stop)
        back = Server()
        self.addCleanup(back.stop)
        channel = grpc.insecure_channel(front.target)
        self.addCleanup(channel.close)
        with self.assertRaises(grpc.RpcError) as raised:
            method(channel, "Echo/Forward")(echo_pb2.EchoRequest(), timeout=20)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(reason_of(raised.exception), "SERVICE_UNAVAILABLE")
        self.assertNotIn(directory, raised.exception.details())
        future = method(channel, "Echo/Forward").future(echo_pb2.EchoRequest(text="late"), timeout=20)
        # The channel has just failed and pauses before it looks again: only a call that waits goes through.
        os.rename(back.path, f"{directory}/peer")
        self.assertEqual(future.result().text, "late")


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificate(name, authority=None):
    """A key and certificate signed by `authority`, itself if None. Returns the paths."""
    key = os.path.join(work.name, name + ".key")
    cert = os.path.join(work.name, name + ".crt")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    if authority is None:
        openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=" + name, "-days", "2", "-out", cert)
    else:
        request = os.path.join(work.name, name + ".csr")
        extensions = os.path.join(work.name, name + ".ext")
        with open(extensions, "w", encoding="ascii") as file:
            file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("req", "-new", "-key", key, "-subj", "/CN=" + name, "-out", request)
        openssl(
            *["x509", "-req", "-in", request, "-CA", authority[1], "-CAkey", authority[0]],
            *["-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", cert],
        )
    return key, cert


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Tls(unittest.TestCase):
    def setUp(self):
        ours = certificate("ca")
        theirs = certificate("other-ca")
        self.ca = read(ours[1])
        key, cert = certificate("service", ours)
        self.good = [read(path) for path in certificate("client", ours)]
        self.strange = [read(path) for path in certificate("stranger", theirs)]
        self.server = Server("cert=" + cert, "key=" + key, "ca=" + ours[1], listen="127.0.0.1:0")
        self.addCleanup(self.server.stop)
        self.target = "localhost:%d" % self.server.port()

    def call(self, credentials):
        channel = (
            grpc.secure_channel(self.target, credentials) if credentials else grpc.insecure_channel(self.target)
        )
        try:
            return method(channel, "Echo/Open")(echo_pb2.EchoRequest(text="x"), timeout=5).text
        finally:
            channel.close()

    def test_accepts_a_client_with_our_certificate(self):
        self.assertEqual(self.call(grpc.ssl_channel_credentials(self.ca, *self.good)), "x")

    def test_refuses_all_others(self):
        table = {
            "no certificate": grpc.ssl_channel_credentials(self.ca),
            "somebody else's certificate": grpc.ssl_channel_credentials(self.ca, *self.strange),
            "plaintext": None,
        }
        for name, credentials in table.items():
            with self.subTest(name):
                with self.assertRaises(grpc.RpcError) as raised:
                    self.call(credentials)
                self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)


class Listening(unittest.TestCase):
    def test_second_server_on_a_port_fails(self):
        first = Server(listen="127.0.0.1:0")
        self.addCleanup(first.stop)
        second = subprocess.run(
            [RPC + "/testing/echo_server", "127.0.0.1:%d" % first.port()],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        self.assertEqual(second.returncode, 1)
        self.assertIn("cannot listen on 127.0.0.1:", second.stderr)

    def test_several_addresses_and_the_socket_mode(self):
        directory = tempfile.mkdtemp(dir=work.name)
        server = Server(listen=f"unix:{directory}/a,127.0.0.1:0")
        self.addCleanup(server.stop)
        self.assertEqual(os.stat(directory + "/a").st_mode & 0o777, 0o660)
        for target in [f"unix:{directory}/a", "127.0.0.1:%d" % server.port()]:
            channel = grpc.insecure_channel(target)
            self.assertEqual(health(channel), 1)
            channel.close()

    def test_who_does_not_come_by_the_gateway_is_known_by_the_connection(self):
        directory = tempfile.mkdtemp(dir=work.name)
        server = Server(listen=f"unix:{directory}/a,127.0.0.1:0")
        self.addCleanup(server.stop)
        for target, address in ((f"unix:{directory}/a", ""), ("127.0.0.1:%d" % server.port(), "127.0.0.1")):
            channel = grpc.insecure_channel(target)
            answer = method(channel, "Echo/Open")(echo_pb2.EchoRequest(), timeout=20)
            self.assertEqual((answer.remote_address, answer.account_id), (address, 0))
            for _ in range(2):  # the second is known by the cache
                answer = method(channel, "Echo/Echo")(
                    echo_pb2.EchoRequest(), timeout=20, metadata=(("authorization", "Token good"),)
                )
                self.assertEqual((answer.remote_address, answer.account_id), (address, 7))
            channel.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
