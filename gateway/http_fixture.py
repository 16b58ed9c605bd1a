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
import time
import unittest

KEY = "0123456789abcdef0123456789abcdef"
GATEWAY = pathlib.Path("gateway/gateway").resolve()
BACKEND = pathlib.Path("gateway/testing/backend").resolve()
TOKEN = {"Authorization": "Token admin"}
COOKIE = {"Cookie": "roost_session=session-1"}
# How fast the gateway is depends on the machine; the tests wait so long for what normally comes at once.
PATIENCE_S = 60


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
    def __init__(self, port, source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S, (source, 0))
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
        """Waits for the server to close; False if it keeps the connection."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except socket.timeout:
            return False
        except ConnectionResetError:
            return True


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def wait_for(find, what):
    """What `find` finds, asked again and again."""
    end = time.monotonic() + PATIENCE_S
    while not (found := find()):
        if time.monotonic() > end:
            raise AssertionError(f"no {what} in {PATIENCE_S} s")
        threading.Event().wait(0.01)
    return found


class Stack:
    """One gateway, with or without its backend. Its time limits are beyond those of the tests, unless env says less."""

    def __init__(self, folder, **env):
        self.folder = folder
        self.backend = None
        self.has_tls = False
        self.has_metrics = False
        self.address = f"unix:{folder}/backend.sock"
        self.log = open(os.path.join(folder, "gateway.log"), "ab+")
        self.env = {f"ROOST_{name}": self.address
                    for name in ("ACCOUNTS", "DOMAINS", "MAILBOXES", "QUOTAS", "DNSCHECKS")}
        # A build with AddressSanitizer would keep what is freed, and tests look at the memory.
        self.env |= {"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
        self.env |= {f"ROOST_{name}_MS": str(3 * PATIENCE_S * 1000)
                     for name in ("KEEP_ALIVE", "REQUEST_TIMEOUT", "STALL_TIMEOUT")}
        self.env |= {"ROOST_IDENTITY_KEY": KEY, "ROOST_MAX_CONNECTIONS": "16", "PATH": os.environ["PATH"]}
        self.env |= {f"ROOST_{name.upper()}": value for name, value in env.items()}

    def start_backend(self):
        self.backend = subprocess.Popen([BACKEND, self.address, KEY], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log)
        if self.backend.stdout.readline() != b"serving\n":
            raise RuntimeError("the backend does not start")

    def stop_backend(self):
        self.backend.stdin.close()
        self.backend.wait(PATIENCE_S)
        self.backend.stdout.close()

    def start_gateway(self):
        """On ports that are free; where somebody is faster, on others."""
        for _ in range(20):
            self.port, self.tls_port, self.metrics_port = free_ports(3)
            tls = f",127.0.0.1:{self.tls_port}s" if self.has_tls else ""
            metrics = f"127.0.0.1:{self.metrics_port}" if self.has_metrics else ""
            env = {"ROOST_LISTEN": f"127.0.0.1:{self.port}{tls}", "ROOST_METRICS_LISTEN": metrics} | self.env
            log_start = len(self.log_text())
            self.gateway = subprocess.Popen([GATEWAY], env=env, stderr=self.log)
            if self._is_up(log_start):
                return
        raise RuntimeError("the gateway does not start: " + self.log_text())

    def _is_up(self, log_start):
        """By its own word: at the port itself somebody else might answer."""
        while '"gateway.started"' not in self.log_text()[log_start:]:
            if self.gateway.poll() is not None:
                return False
            threading.Event().wait(0.01)
        return True

    def stop_gateway(self):
        self.gateway.send_signal(signal.SIGTERM)
        return self.gateway.wait(PATIENCE_S)

    def log_text(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read().decode()

    def log_line(self, request_id):
        """The line of this request, which is written after the answer was sent."""
        mark = f'"request_id":"{request_id}"'
        return json.loads(wait_for(lambda: next((line for line in self.log_text().splitlines(keepends=True)
                                                 if mark in line and line.endswith("\n")), None),
                                   "log line for " + request_id))

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
    env = {}

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.stack = Stack(cls.temporary.name, **cls.env)
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
