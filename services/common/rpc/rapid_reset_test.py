"""HTTP/2 rapid reset: streams in masses that are reset at once."""

import socket
import struct
import subprocess
import sys
import threading
import unittest

from interop_fixture import (
    Fixture,
    echo_pb2,
    health,
    method,
)

N_STREAMS = 20000
# How fast it is answered depends on the machine; that it is answered does not.
PATIENCE_S = 60


def literal(name, value):
    """One HPACK header, literal without indexing."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def read_all(connection):
    """What the server answers has to be read, or it stops to read from us."""
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass


def attack(path, n_streams):
    """Opens streams and resets them at once."""
    headers = b"".join(
        literal(name, value)
        for name, value in [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", b"/roost.testing.v1.Echo/Open"),
            (b":authority", b"x"),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
        ]
    )
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    connection.settimeout(20)
    threading.Thread(target=read_all, args=(connection,), daemon=True).start()
    try:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0))
        for first in range(1, 2 * n_streams, 200):
            connection.sendall(
                b"".join(
                    frame(1, 4, stream, headers) + frame(3, 0, stream, struct.pack(">I", 8))
                    for stream in range(first, first + 200, 2)
                )
            )
    except OSError:
        pass  # the server may cut the connection: so much the better
    connection.close()


class RapidReset(Fixture):
    """Streams in masses that are reset at once: others are served, and memory stays bounded."""

    def test_is_survived(self):
        call = method(self.channel, "Echo/Open")
        call(echo_pb2.EchoRequest(), timeout=PATIENCE_S)
        before_kib = self.server.rss_kib()
        attackers = [
            subprocess.Popen([sys.executable, __file__, "attack", self.server.path, str(N_STREAMS)]) for _ in range(2)
        ]
        n_checks = 0
        while any(attacker.poll() is None for attacker in attackers):
            self.assertEqual(health(self.channel, timeout=PATIENCE_S), 1)
            n_checks += 1
        self.assertEqual(call(echo_pb2.EchoRequest(text="alive"), timeout=PATIENCE_S).text, "alive")
        grown_kib = self.server.rss_kib() - before_kib
        print(f"rapid reset: {n_checks} health checks meanwhile, grown by {grown_kib} KiB")
        self.assertLess(grown_kib, 200 * 1024)


if __name__ == "__main__":
    if sys.argv[1:2] == ["attack"]:
        attack(sys.argv[2], int(sys.argv[3]))
    else:
        unittest.main(verbosity=2)
