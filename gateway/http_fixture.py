"""What the HTTP tests share: a gateway in front of the test backend, and connections that say what goes over them."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
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
        # A build with AddressSanitizer would keep what is freed, and tests look at the memory.
        self.env |= {"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
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
