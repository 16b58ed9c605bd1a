"""A gRPC client that knows nothing of Roost but its protos: grpcio, and messages made by protoc's descriptors."""

import os
import subprocess
import tempfile

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from roost_test.stack import REPOSITORY
from roost_test.wait import eventually

INCLUDES = (
    REPOSITORY + "/proto",
    REPOSITORY,
    "/usr/include",
    "/usr/share/grpc-proto",
    "/usr/share/gocode/src/github.com/grpc-ecosystem/grpc-gateway/third_party/googleapis",
)
SERVICES = {
    "accounts": "roost.accounts.v1.Accounts",
    "domains": "roost.domains.v1.Domains",
    "mailboxes": "roost.mailboxes.v1.Mailboxes",
    "quotas": "roost.quotas.v1.Quotas",
    "dnschecks": "roost.dnschecks.v1.DnsChecks",
}
TIMEOUT_S = 20


def _proto_files():
    root = os.path.join(REPOSITORY, "proto")
    for folder, _, names in sorted(os.walk(os.path.join(root, "roost"))):
        for name in sorted(names):
            if name.endswith(".proto"):
                yield os.path.relpath(os.path.join(folder, name), root)


def load_pool():
    """All messages and services of the repository, and health and reflection."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "all.pb")
        command = ["/usr/bin/protoc", "--include_imports", f"--descriptor_set_out={output}"]
        command += ["-I" + path for path in INCLUDES if os.path.isdir(path)]
        command += list(_proto_files()) + ["grpc/health/v1/health.proto", "grpc/reflection/v1/reflection.proto",
                                           "grpc/reflection/v1alpha/reflection.proto", "google/rpc/status.proto",
                                           "google/rpc/error_details.proto"]
        subprocess.run(command, cwd=os.path.join(REPOSITORY, "proto"), check=True)
        with open(output, "rb") as source:
            files = descriptor_pb2.FileDescriptorSet.FromString(source.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    pool.Add(_error_info())
    return pool


def _error_info():
    """google.rpc.ErrorInfo, which Debian's copy of error_details.proto is too old for."""
    file = descriptor_pb2.FileDescriptorProto(name="error_info.proto", package="google.rpc", syntax="proto3")
    message = file.message_type.add(name="ErrorInfo")
    for number, name in enumerate(("reason", "domain"), start=1):
        message.field.add(name=name, number=number, type=descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
                          label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL)
    return file


class Messages:
    def __init__(self):
        self.pool = load_pool()
        self.factory = message_factory.MessageFactory(self.pool)

    def new(self, name, /, **fields):
        return self.type(self.pool.FindMessageTypeByName(name))(**fields)

    def type(self, descriptor):
        return self.factory.GetPrototype(descriptor)

    def method(self, path):
        """"/package.Service/Method" as a descriptor."""
        service, _, name = path.strip("/").partition("/")
        return self.pool.FindServiceByName(service).methods_by_name[name]


class Rpc:
    """One server. call() answers the response message or raises grpc.RpcError."""

    def __init__(self, messages, target, token=None):
        self.messages = messages
        self.channel = grpc.insecure_channel(target)
        self.metadata = [("authorization", f"Token {token}")] if token else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def call(self, path, /, metadata=None, timeout=TIMEOUT_S, **fields):
        method = self.messages.method(path)
        request = self.messages.type(method.input_type)(**fields)
        function = self.channel.unary_unary("/" + path.strip("/"), request_serializer=lambda m: m.SerializeToString(),
                                            response_deserializer=self.messages.type(method.output_type).FromString)
        return function(request, timeout=timeout, metadata=self.metadata if metadata is None else metadata)

    def call_patiently(self, path, /, seconds=30, **fields):
        """As call, but asks again while the server is not there; a write needs a request_id."""
        def attempt():
            try:
                return self.call(path, **fields)
            except grpc.RpcError as error:
                if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED):
                    raise AssertionError(error.details()) from error
                raise
        return eventually(path, seconds, attempt)

    def status(self, path, /, **options):
        """The gRPC status of a call: grpc.StatusCode.OK, or that of the failure."""
        try:
            self.call(path, **options)
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    def reflect(self, version="v1", **request):
        """One question to the reflection service."""
        service = f"grpc.reflection.{version}.ServerReflection"
        message = self.messages.new(f"grpc.reflection.{version}.ServerReflectionRequest", **request)
        answer = self.messages.type(
            self.messages.pool.FindMessageTypeByName(f"grpc.reflection.{version}.ServerReflectionResponse"))
        stream = self.channel.stream_stream(f"/{service}/ServerReflectionInfo",
                                            request_serializer=lambda m: m.SerializeToString(),
                                            response_deserializer=answer.FromString)
        return next(stream(iter([message]), timeout=TIMEOUT_S))

    def reflected_services(self, version="v1"):
        answer = self.reflect(version, list_services="")
        return sorted(service.name for service in answer.list_services_response.service)
