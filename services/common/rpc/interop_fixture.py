"""What the tests with a foreign client share: the protos for Debian's grpcio, and echo_server."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import grpc

GOOGLE_APIS = "/usr/share/gocode/src/github.com/grpc-ecosystem/grpc-gateway/third_party/googleapis"
GRPC_PROTOS = "/usr/share/grpc-proto"
RPC = "services/common/rpc"

work = tempfile.TemporaryDirectory(prefix="roost-interop-")


def generate():
    """Compiles the protos and makes them importable; grpc/... lies beside the package grpc."""
    out = os.path.join(work.name, "py")
    os.mkdir(out)
    protoc = ["/usr/bin/protoc", "--python_out=" + out]
    subprocess.run(protoc + ["-I" + RPC + "/testing", "echo.proto"], check=True)
    subprocess.run(protoc + ["-I" + RPC, "error_info.proto"], check=True)
    subprocess.run(
        protoc
        + ["-I" + GRPC_PROTOS, "grpc/health/v1/health.proto"]
        + ["grpc/reflection/v1/reflection.proto", "grpc/reflection/v1alpha/reflection.proto"],
        check=True,
    )
    subprocess.run(
        protoc + ["-I" + GOOGLE_APIS, "google/rpc/status.proto", "google/rpc/error_details.proto"],
        check=True,
    )
    sys.path.insert(0, out)
    grpc.__path__.append(os.path.join(out, "grpc"))
    import google

    google.__path__.append(os.path.join(out, "google"))


generate()
# pylint: disable=wrong-import-position
import echo_pb2  # noqa: E402
import error_info_pb2  # noqa: E402
from google.protobuf import descriptor_pb2  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from grpc.health.v1 import health_pb2  # noqa: E402
from grpc.reflection.v1 import reflection_pb2  # noqa: E402
from grpc.reflection.v1alpha import reflection_pb2 as reflection_alpha_pb2  # noqa: E402

GOOD = (("authorization", "Token good"),)


class Server:
    """One echo_server on a unix socket of its own, or on the given address; its peer is itself, or the given one."""

    def __init__(self, *options, listen=None, peer=None):
        self.directory = tempfile.mkdtemp(dir=work.name)
        self.path = os.path.join(self.directory, "s")
        self.target = "unix:" + self.path
        self.log_path = os.path.join(self.directory, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [RPC + "/testing/echo_server", listen or self.target, "peer=" + (peer or self.target), *options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Freed memory that the sanitizer holds back would look like growth.
                env={**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"},
            )
        line = self.process.stdout.readline()
        if line != "ready\n":
            raise RuntimeError("echo_server: " + line + self.log())

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def port(self):
        for line in self.log().splitlines():
            for field in line.split():
                if field.startswith("port=") and field != "port=0":
                    return int(field[5:])
        raise RuntimeError("no port in " + self.log())

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def stop(self):
        """Asks it to end and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        self.process.stdout.close()
        return status


def method(channel, name):
    return channel.unary_unary(
        "/roost.testing.v1." + name,
        request_serializer=echo_pb2.EchoRequest.SerializeToString,
        response_deserializer=echo_pb2.EchoResponse.FromString,
    )


def health(channel, service="", timeout=20):
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    return check(health_pb2.HealthCheckRequest(service=service), timeout=timeout).status


def status_of(error):
    """google.rpc.Status from the trailers."""
    details = dict(error.trailing_metadata()).get("grpc-status-details-bin")
    return status_pb2.Status.FromString(details) if details else None


def reason_of(error):
    status = status_of(error)
    return error_info_pb2.ErrorInfo.FromString(status.details[0].value).reason if status else None


def wait_until(condition, seconds=20):
    """Looks again and again; how long it takes does not matter to the test. Returns what the condition found."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError("it did not happen within %d s" % seconds)
        time.sleep(0.005)
    return found


class Fixture(unittest.TestCase):
    options = ()

    def setUp(self):
        self.server = Server(*self.options)
        self.addCleanup(self.server.stop)
        self.channel = grpc.insecure_channel(self.server.target)
        self.addCleanup(self.channel.close)

    def refused(self, name, request=None, metadata=(), timeout=5):
        with self.assertRaises(grpc.RpcError) as raised:
            method(self.channel, name)(request or echo_pb2.EchoRequest(), metadata=metadata, timeout=timeout)
        return raised.exception
